"""Who may do what: operation by operation, and room by room."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import pytest

from hipkit.catalog import Entry
from hipkit.errors import BadRequestError
from hipkit.server.http.auth import ROOM_ARGUMENT
from hipkit.server.http.registry import HANDLERS
from hipkit.server.services.context import GROUP_SCOPES, SCOPES
from hipkit.server.services.users import NewUser, add_user
from hipkit.server.storage.database import Stores
from hipkit.v2.catalog import OPERATIONS
from tests.unit.server.asgi import FORM, Site, basic, open_site

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(8)

ROOM_OPERATIONS = [
    entry for entry in OPERATIONS if f"{{{ROOM_ARGUMENT}}}" in entry.path
]


SERVED = [
    entry
    for entry in ROOM_OPERATIONS
    if entry.load() in HANDLERS and entry.operation_id != "share_file_with_room"
]

OTHER_ROOM, OTHER_USER = 2, 2

BODIES: dict[str, dict[str, object]] = {
    "send_message": {"message": "x"},
    "send_room_notification": {"message": "x"},
    "reply_to_message": {"message": "x", "parentMessageId": "1"},
    "share_link_with_room": {"link": "https://example.com"},
    "set_topic": {"topic": "x"},
    "update_room_avatar": {"avatar": base64.b64encode(PNG).decode()},
    "update_room": {
        "name": "x",
        "privacy": "public",
        "is_archived": False,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": 1},
    },
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a second group in its database, which has a room and a person."""
    site = open_site(tmp_path_factory.mktemp("two groups"))
    site.add_room("Here")
    asyncio.run(site.server.database.write(_add_other_group))
    yield site
    site.server.close()


async def _add_other_group(stores: Stores) -> None:
    group_id = await stores.groups.add(name="Other", subdomain="other", now_us=1)
    user = NewUser(name="Stranger", email="stranger@example.com", is_group_admin=True)
    user_id = await add_user(stores, group_id, user, 1)
    await stores.rooms.add(
        group_id=group_id,
        name="Elsewhere",
        topic="",
        privacy="public",
        guest_key=None,
        delegate_admin_visibility=None,
        owner_id=user_id,
        version="v",
        now_us=1,
    )


def target(entry: Entry, room: str) -> str:
    path = entry.path.replace(f"{{{ROOM_ARGUMENT}}}", room)
    for name in ("user_id_or_email", "message_id", "key", "webhook_id"):
        path = path.replace(f"{{{name}}}", "1")
    return f"/v2{path}"


def test_most_operations_have_a_room() -> None:
    assert len(ROOM_OPERATIONS) > 40


@pytest.mark.parametrize("entry", ROOM_OPERATIONS, ids=lambda entry: entry.operation_id)
def test_a_token_of_one_room_never_reaches_another(site: Site, entry: Entry) -> None:
    site.add_room("Mine")
    site.add_room("Theirs")
    site.add_room("Hidden", is_private=True)
    token = site.client_token(sorted(SCOPES.keys() - GROUP_SCOPES), room="Mine")
    notifier = site.add_room_token("Mine")

    for other in ("Theirs", "2", "Hidden", "3", "Nowhere", "99"):
        for one in (token, notifier):
            reply = site.send(entry.method, target(entry, other), token=one)
            assert reply.status == 403, (other, reply.body)
            checked = site.send(
                entry.method, target(entry, other) + "?auth_test=true", token=one
            )
            assert checked.status == 403


@pytest.mark.parametrize("entry", OPERATIONS, ids=lambda entry: entry.operation_id)
def test_every_operation_asks_for_a_token_and_a_scope(site: Site, entry: Entry) -> None:
    kind = entry.load()
    path = target(entry, "1")
    for name in kind.path.split("{")[1:]:
        path = path.replace(f"{{{name.split('}')[0]}}}", "1")
    unscoped = site.add_token(scopes=["import_data"])

    without = site.send(entry.method, path, token=None)
    bad = site.send(entry.method, path, token="x" * 40)
    poor = site.send(entry.method, path, token=unscoped)

    if kind.auth == "none":
        assert without.status in (200, 501)
        assert bad.status == without.status
        return
    assert (without.status, bad.status) == (401, 401)
    assert bad.error["message"] == "Invalid OAuth session"
    if kind.scopes:
        listed = ", ".join(f"u'{scope}'" for scope in kind.scopes)
        assert poor.status == 403
        assert poor.error["message"] == (
            f"This action requires one of the following scopes: [{listed}]"
        )


def test_the_wrong_kind_of_token_is_refused(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(["send_message", "manage_rooms", "view_group"])
    room_token = site.client_token(["view_group"], room="Ops")

    assert (
        site.post("/v2/room/Ops/message", {"message": "x"}, token=token).status == 403
    )
    assert site.get("/v2/room", token=room_token).status == 403
    assert site.post("/v2/room", {"name": "New"}, token=room_token).status == 403
    assert site.delete("/v2/room/Ops", token=room_token).status == 403
    assert site.post("/v2/room", {"name": "New"}, token=token).status == 201


def test_a_private_room_is_for_members_and_administrators(site: Site) -> None:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    anns, bobs = site.add_token(user=ann), site.add_token(user=bob)
    site.add_room("Secret", is_private=True)
    site.put("/v2/room/Secret/member/@Ann")
    addon = site.client_token(["view_room"])

    for token, status in ((site.token, 200), (anns, 200), (bobs, 403), (addon, 200)):
        assert site.get("/v2/room/Secret", token=token).status == status
    for token, count in ((site.token, 1), (anns, 1), (bobs, 0)):
        assert len(site.get("/v2/room", token=token).json["items"]) == count
    for method, path in (
        ("GET", "/history"),
        ("GET", "/history/latest"),
        ("GET", "/member"),
        ("GET", "/participant"),
        ("GET", "/statistics"),
        ("POST", "/message"),
        ("POST", "/notification"),
    ):
        body = {"message": "x"} if method == "POST" else None
        reply = site.send(method, f"/v2/room/Secret{path}", json_body=body, token=bobs)
        assert reply.status == 403, path


def test_only_owner_and_administrators_administer_a_room(site: Site) -> None:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    anns, bobs = site.add_token(user=ann), site.add_token(user=bob)
    site.add_room("Ops", owner=ann)

    assert site.put("/v2/room/Ops/topic", {"topic": "x"}, token=bobs).status == 403
    assert site.delete("/v2/room/Ops", token=bobs).status == 403
    assert site.put("/v2/room/Ops/topic", {"topic": "x"}, token=anns).status == 204
    site.put("/v2/room/Ops/member/@Bob", {"room_roles": ["room_admin"]})
    assert site.put("/v2/room/Ops/topic", {"topic": "y"}, token=bobs).status == 204
    assert site.delete("/v2/room/Ops", token=anns).status == 204


def test_an_administrator_who_is_one_no_longer_may_not_go_on(site: Site) -> None:
    ann = site.add_user("Ann", is_group_admin=True)
    token = site.add_token(user=ann)
    update = {
        "name": "Ann",
        "email": "a@b.c",
        "mention_name": "Ann",
        "is_group_admin": False,
    }

    assert site.get("/v2/user/1", token=token).json["email"] == "admin@example.com"
    site.put("/v2/user/@Ann", update)

    new = {"name": "Eve", "email": "eve@example.com"}
    assert site.post("/v2/user", new, token=token).status == 403
    assert site.get("/v2/user/1", token=token).json["email"] is None


def test_addresses_are_shown_to_administrators_and_their_owners(site: Site) -> None:
    ann = site.add_user("Ann")
    anns = site.add_token(user=ann)
    addon = site.client_token(["view_group"])
    admin_addon = site.client_token(["view_group", "admin_group"])

    for token, email in (
        (site.token, "admin@example.com"),
        (admin_addon, "admin@example.com"),
        (anns, None),
        (addon, None),
    ):
        assert site.get("/v2/user/1", token=token).json["email"] == email
    assert site.get("/v2/user/@Ann", token=anns).json["email"] == "ann@example.com"


def test_auth_test_says_yes_and_does_nothing(site: Site) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/message?auth_test=true", {"message": "x"})

    assert (reply.status, reply.body) == (202, b"")
    assert site.messages("Ops") == []
    assert site.delete("/v2/room/Ops?auth_test=true").status == 202
    assert site.get("/v2/room/Ops").status == 200
    poor = site.add_token(scopes=["view_room"])
    assert site.delete("/v2/room/Ops?auth_test=true", token=poor).status == 403
    assert site.delete("/v2/room/Ops?auth_test=true", token=None).status == 401


def test_a_token_in_the_query_does_as_well(site: Site) -> None:
    assert site.get(f"/v2/room?auth_token={site.token}", token=None).status == 200


def test_what_is_not_served_yet_says_so(site: Site) -> None:
    site.add_room("Ops")

    for method, path in (
        ("GET", "/v2/room/Ops/webhook"),
        ("PUT", "/v2/extension/glance/x"),
        ("POST", "/v2/addon/ui"),
    ):
        token = site.token if "addon" not in path else site.client_token(["view_group"])
        if "extension" in path:
            token = site.client_token(["admin_group"])
        reply = site.send(method, path, token=token)
        assert reply.status == 501
        assert reply.error["type"] == "Not Implemented"


def test_what_is_for_one_room_has_no_say_in_the_group(site: Site) -> None:
    site.add_room("Ops")
    ann = site.add_user("Ann", is_group_admin=True)
    client = site.add_client(
        ["view_group", "send_message", "view_messages"], room="Ops"
    )
    form = b"grant_type=client_credentials&username=@Ann"
    token = site.send(
        "POST",
        "/v2/oauth/token",
        body=form,
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    ).json["access_token"]

    assert (
        site.post("/v2/room/Ops/message", {"message": "x"}, token=token).status == 201
    )
    for method, path in (
        ("GET", "/v2/room"),
        ("POST", "/v2/user/1/message"),
        ("GET", "/v2/user/1/history"),
        ("GET", f"/v2/user/{ann}/preference/auto-join"),
    ):
        assert site.send(method, path, token=token).status == 403, path
    with pytest.raises(BadRequestError, match="admin_group"):
        site.add_client(["admin_group"], room="Ops")


@pytest.mark.parametrize("entry", SERVED, ids=lambda entry: entry.operation_id)
def test_a_room_of_another_group_is_not_there(shared: Site, entry: Entry) -> None:
    body = BODIES.get(entry.operation_id, {})

    by_id = shared.send(entry.method, target(entry, str(OTHER_ROOM)), json_body=body)
    by_name = shared.send(entry.method, target(entry, "Elsewhere"), json_body=body)

    assert (by_id.status, by_name.status) == (404, 404), by_id.body


def test_people_of_another_group_are_not_there(shared: Site) -> None:
    for reference in (str(OTHER_USER), "@Stranger", "stranger@example.com"):
        assert shared.get(f"/v2/user/{reference}").status == 404
        message = {"message": "x"}
        assert shared.post(f"/v2/user/{reference}/message", message).status == 404
    assert len(shared.get("/v2/user").json["items"]) == 1
    assert len(shared.get("/v2/room").json["items"]) == 1
    assert shared.get("/v2/group/2").status == 404
    room = {"name": "New", "owner_user_id": OTHER_USER}
    assert shared.post("/v2/room", room).status == 400
    # Names are each group's own.
    assert shared.post("/v2/room", {"name": "Elsewhere"}).status == 201
    assert shared.delete("/v2/room/Elsewhere").status == 204
