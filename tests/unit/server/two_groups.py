"""Two groups in one database, each with everything that calls can name, and tokens of all kinds."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hipkit.api.catalog import Entry
from hipkit.api.operation import Operation
from hipkit.server.app import open_server
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_token
from hipkit.server.services.access.scopes import GROUP_SCOPES, SCOPES, TokenKind
from hipkit.server.services.people.accounts import insert_user
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.emoticons import NewEmoticon
from hipkit.server.storage.stores.tokens import NewToken
from hipkit.v2.users import CreateUser
from tests.unit.server.asgi import FORM, ForwardClock, RawResponse, Site, basic
from tests.unit.server.services.addons.making import BODIES, content

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(8)
PICTURE = base64.b64encode(PNG).decode()
ROOM_SCOPES = SCOPES.keys() - GROUP_SCOPES
RELATED = ("Content-Type", "multipart/related; boundary=B")
FILE = (
    b'--B\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; name="file";'
    b' filename="a.txt"\r\n\r\nsecret of %b\r\n--B--\r\n'
)
HOOK: dict[str, object] = {"url": "https://93.184.216.34/hook", "event": "room_message"}

MARK = "of group"
"""Part of every name in the world: what shows it to a stranger showed too much."""


KINDS: dict[TokenKind, str] = {
    "group client": "client",
    "room client": "room client",
    "user": "admin",
    "room notification": "notifier",
}
"""A token of each kind, with every scope that the kind can have."""


@dataclass
class Part:
    """One group: an administrator who owns it, members, a stranger, a guest, and their rooms.

    Ann is a member of every room, Bob an administrator of every room, Carol owns them all, Dan
    belongs to none, Gil is a guest.
    """

    number: int
    tokens: dict[str, str] = field(default_factory=dict)
    """By who has them: `admin`, `ann`, ..., and `client`, `room client`, `notifier`."""
    ids: dict[str, int] = field(default_factory=dict)
    """Of users by name, and of rooms: `open`, `private`, `archived`, `other`."""
    messages: dict[str, str] = field(default_factory=dict)
    """The id of a message in each room, and in the `chat` of the administrator with Ann."""
    files: dict[str, str] = field(default_factory=dict)
    """The id of a shared file in each of them."""
    webhooks: dict[str, int] = field(default_factory=dict)
    emoticon: int = 0


@dataclass
class World:
    """A server with both groups."""

    site: Site
    first: Part
    second: Part

    def digest(self) -> str:
        """Return what tells whether anything in the database changed."""
        path = self.site.server.settings.database
        summary = hashlib.sha256()
        connection = sqlite3.connect(path)
        try:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            ).fetchall()
            for (name,) in names:
                rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608
                summary.update(repr((name, rows)).encode())
        finally:
            connection.close()
        folder = self.site.server.settings.file_folder
        kept = sorted(p.name for p in folder.rglob("*") if p.is_file())
        summary.update(repr(kept).encode())
        return summary.hexdigest()

    @contextlib.contextmanager
    def stays_as_it_is(self) -> Iterator[None]:
        """Expect that nothing changes while the block runs."""
        before = self.digest()
        yield
        assert self.digest() == before

    def ask(
        self,
        entry: Entry,
        token: str | None,
        *,
        room: str | int = "open",
        part: Part | None = None,
        query: str = "",
        person: str = "ann",
        key: str = "hook",
    ) -> RawResponse:
        """Make a call that would succeed for somebody who may make it."""
        target_part = part or self.first
        found_room = target_part.ids.get(str(room), room)
        found_person = target_part.ids.get(person, person)
        values: dict[str, object] = {
            "room_id_or_name": quote(str(found_room)),
            "user_id_or_email": found_person,
            "id_or_email": found_person,
            "message_id": target_part.messages[
                str(room)
                if "/room/" in entry.path and room in target_part.messages
                else "chat"
            ],
            "key": key,
            "file_id": target_part.files[
                str(room) if room in target_part.files else "chat"
            ],
            "webhook_id": target_part.webhooks.get(str(room), 1),
            "emoticon_id_or_key": target_part.emoticon,
            "group_id": target_part.number,
            "access_token": target_part.tokens["ann"],
            "size": "big",
            "integration_id_or_key": "x",
            "token": "x",
        }
        path = entry.path
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", str(value))
        kind = entry.load()
        if kind.body_kind == "related":
            return self.site.send(
                entry.method,
                f"/v2{path}{query}",
                body=FILE % str(target_part.number).encode(),
                token=token,
                headers=[RELATED],
            )
        body = body_for(kind, target_part, str(room))
        return self.site.send(
            entry.method, f"/v2{path}{query}", json_body=body, token=token
        )


def body_for(
    kind: type[Operation[object]], part: Part, room: str
) -> dict[str, object] | None:
    """Return a body that an operation takes."""
    bodies: dict[str, dict[str, object]] = {
        "create_room": {"name": "New room"},
        "create_user": {"name": "New Person", "email": "new@example.com"},
        "invite_user_to_group": {"name": "New Person", "email": "new@example.com"},
        "update_user": {
            "name": "Ann",
            "email": f"ann{part.number}@example.com",
            "mention_name": "Changed",
        },
        "update_photo": {"photo": PICTURE},
        "update_group_avatar": {"avatar": PICTURE},
        "update_room_avatar": {"avatar": PICTURE},
        "send_message": {"message": "x"},
        "send_room_notification": {"message": "x"},
        "send_privatechat_message": {"message": "x"},
        "reply_to_message": {
            "message": "x",
            "parentMessageId": part.messages.get(room, "x"),
        },
        "share_link_with_room": {"link": "https://example.com"},
        "share_link_with_user": {"link": "https://example.com"},
        "set_topic": {"topic": "Another"},
        "update_room": {
            "name": "Renamed",
            "privacy": "public",
            "is_archived": False,
            "is_guest_accessible": False,
            "topic": "Another",
            "owner": {"id": part.ids.get("carol", 1)},
        },
        "create_webhook": HOOK,
        "create_room_webhook": {**HOOK, "key": "hook"},
        "create_global_webhook": {**HOOK, "key": "hook"},
        "create_integration_link": {"target": "hook", "ttl": 60},
    }
    if kind.operation_id.endswith("addon_ui_update"):
        bodies[kind.operation_id] = {"glance": [{"key": "hook", "content": content()}]}
    if "/extension/" in kind.path and "webhook" not in kind.path:
        bodies[kind.operation_id] = BODIES[kind.path.split("/")[-2]]
    found = bodies.get(kind.operation_id)
    return {} if found is None and kind.method in ("POST", "PUT") else found


def build(site: Site) -> World:
    """Fill a fresh server; everything but the second group itself is made through the API."""
    first, second = Part(1), Part(2)
    first.tokens["admin"] = site.token
    second.tokens["admin"] = asyncio.run(_add_group(site))
    for part in (first, second):
        _fill(site, part)
    return World(site, first, second)


def copy(world: World, folder: Path) -> World:
    """Open a copy of a world whose server is closed."""
    return World(copy_site(world.site, folder), world.first, world.second)


def copy_site(site: Site, folder: Path) -> Site:
    """Open a copy of a server that is closed."""
    before = site.server.settings
    shutil.copytree(before.database.parent, folder, dirs_exist_ok=True)
    clock = [*site.clock]

    def tick() -> float:
        clock[0] += 0.001
        return clock[0]

    settings = replace(
        before,
        database=folder / before.database.name,
        clock=tick,
        monotonic=ForwardClock(tick),
    )
    server = asyncio.run(open_server(settings))
    return Site(server, site.token, clock=clock)


async def _add_group(site: Site) -> str:
    token = new_token()

    async def command(stores: Stores) -> None:
        group_id = await stores.groups.add(
            name="Second of group 2", subdomain="second", now_us=1
        )
        admin = CreateUser(
            name="Boss of group 2", email="boss@second.test", is_group_admin=True
        )
        user_id = await insert_user(stores, group_id, admin, 1)
        await stores.groups.set_owner(group_id, user_id)
        await add_token(stores, token, "user", group_id, set(SCOPES), user_id=user_id)

    await site.server.database.write(command)
    return token


async def add_token(
    stores: Stores,
    token: str,
    kind: str,
    group_id: int,
    scopes: Collection[str],
    **members: Any,
) -> None:
    """Store a token of any kind and group."""
    new = NewToken(
        hash=hash_token(token),
        kind=kind,
        group_id=group_id,
        scopes=" ".join(sorted(scopes)),
        name=f"Token {MARK} {group_id}",
        expires_us=None,
        **members,
    )
    await stores.tokens.add(new, 1)


def _fill(site: Site, part: Part) -> None:
    number, boss = part.number, part.tokens["admin"]
    asyncio.run(site.server.database.write(lambda stores: _add_people(stores, part)))
    for room in ("open", "private", "archived", "other"):
        body: dict[str, object] = {
            "name": f"{room} {MARK} {number}",
            "topic": f"Topic {MARK} {number}",
            "privacy": "private" if room == "private" else "public",
            "owner_user_id": str(part.ids["carol"]),
        }
        made = site.post("/v2/room", body, token=boss)
        assert made.status == 201, made.body
        part.ids[room] = made.json["id"]
        _fill_room(site, part, room)
    site.post(
        f"/v2/user/{part.ids['ann']}/message",
        {"message": f"Private {MARK} {number}"},
        token=boss,
    )
    chat = site.get(f"/v2/user/{part.ids['ann']}/history", token=boss)
    part.messages["chat"] = chat.json["items"][0]["id"]
    part.files["chat"] = _share_file(site, part, f"/v2/user/{part.ids['ann']}")
    for path, member in (
        (f"/group/{number}/avatar", "avatar"),
        (f"/user/{part.ids['ann']}/photo", "photo"),
    ):
        assert site.put(f"/v2{path}", {member: PICTURE}, token=boss).status == 204
    asyncio.run(site.server.database.write(lambda stores: _add_others(stores, part)))
    _add_clients(site, part)
    closed: dict[str, object] = {
        "name": f"archived {MARK} {number}",
        "privacy": "public",
        "is_archived": True,
        "is_guest_accessible": False,
        "topic": f"Topic {MARK} {number}",
        "owner": {"id": part.ids["carol"]},
    }
    done = site.put(f"/v2/room/{part.ids['archived']}", closed, token=boss)
    assert done.status == 204, done.body


def _fill_room(site: Site, part: Part, room: str) -> None:
    number, boss, path = part.number, part.tokens["admin"], f"/v2/room/{part.ids[room]}"
    for name, roles in (("ann", ["room_member"]), ("bob", ["room_admin"])):
        member = f"{path}/member/{part.ids[name]}"
        assert site.put(member, {"room_roles": roles}, token=boss).status == 204
    said = site.post(
        f"{path}/message", {"message": f"Said {MARK} {number}"}, token=boss
    )
    part.messages[room] = said.json["id"]
    assert site.put(f"{path}/avatar", {"avatar": PICTURE}, token=boss).status == 204
    part.files[room] = _share_file(site, part, path)
    keyed = f"{path}/extension/webhook/hook"
    hook = site.put(keyed, {**HOOK, "key": "hook"}, token=boss)
    assert hook.status == 201, hook.body
    part.webhooks[room] = hook.json["id"]


def _share_file(site: Site, part: Part, path: str) -> str:
    boss = part.tokens["admin"]
    shared = site.send(
        "POST",
        f"{path}/share/file",
        body=FILE % str(part.number).encode(),
        token=boss,
        headers=[RELATED],
    )
    assert shared.status == 204, shared.body
    newest: str = site.get(f"{path}/history", token=boss).json["items"][-1]["id"]
    return newest


async def _add_people(stores: Stores, part: Part) -> None:
    for name in ("ann", "bob", "carol", "dan", "gil"):
        person = CreateUser(
            name=f"{name} {MARK} {part.number}",
            email=f"{name}{part.number}@example.com",
            mention_name=f"{name}{part.number}",
        )
        part.ids[name] = await insert_user(
            stores, part.number, person, 1, is_guest=name == "gil"
        )
        part.tokens[name] = new_token()
        await add_token(
            stores,
            part.tokens[name],
            "user",
            part.number,
            set(SCOPES),
            user_id=part.ids[name],
        )


async def _add_others(stores: Stores, part: Part) -> None:
    user = await stores.users.get(part.ids["ann"])
    assert user is not None
    emoticon = NewEmoticon(
        group_id=part.number,
        shortcut=f"smile{part.number}",
        kind="group",
        file_key=user.photo_key or "",
        width=1,
        height=1,
        creator_id=part.ids["ann"],
    )
    part.emoticon = await stores.emoticons.add(emoticon)
    part.tokens["notifier"] = new_token()
    await add_token(
        stores,
        part.tokens["notifier"],
        "room notification",
        part.number,
        {"send_notification"},
        room_id=part.ids["open"],
    )
    part.tokens["ann in open"] = new_token()
    await add_token(
        stores,
        part.tokens["ann in open"],
        "user",
        part.number,
        set(SCOPES),
        user_id=part.ids["ann"],
        room_id=part.ids["open"],
    )


def _add_clients(site: Site, part: Part) -> None:
    for name, room_id, scopes in (
        ("client", None, set(SCOPES)),
        ("room client", part.ids["open"], set(ROOM_SCOPES)),
    ):
        part.tokens[name] = client_token(site, part, name, room_id, scopes)
    hook = site.put(
        "/v2/extension/webhook/hook",
        {**HOOK, "key": "hook"},
        token=part.tokens["client"],
    )
    assert hook.status // 100 == 2, hook.body


def client_token(
    site: Site, part: Part, name: str, room_id: int | None, scopes: Collection[str]
) -> str:
    """Make an OAuth client of a group, and return a token of its."""
    client_id = f"{name.replace(' ', '-')}-{part.number}-{'-'.join(sorted(scopes))}"
    client = ClientRecord(
        id=client_id,
        group_id=part.number,
        room_id=room_id,
        name=f"Client {MARK} {part.number}",
        secret_hash=hash_token("secret"),
        scopes=" ".join(sorted(scopes)),
        redirect_uris="[]",
    )
    asyncio.run(
        site.server.database.write(lambda stores: stores.clients.add(client, 1))
    )
    reply = site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials",
        token=None,
        headers=[basic(client_id, "secret"), FORM],
    )
    assert reply.status == 200, reply.body
    token: str = reply.json["access_token"]
    return token


def name_of(entry: Entry) -> str:
    return entry.operation_id


def token_of(world: World, scopes: Collection[str], person: str = "admin") -> str:
    """Make a token of a person of the first group."""
    token = new_token()
    user_id = world.first.ids.get(person, 1)

    async def command(stores: Stores) -> None:
        await add_token(stores, token, "user", 1, scopes, user_id=user_id)

    asyncio.run(world.site.server.database.write(command))
    return token
