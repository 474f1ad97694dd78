"""Sends requests to the server's application as an HTTP server would, raw paths included."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hipkit.server.app import Server, open_server
from hipkit.server.http.requests import Message
from hipkit.server.observer import Observer
from hipkit.server.senders import SenderSettings
from hipkit.server.services.access.actor import Actor, browser_actor
from hipkit.server.services.access.clients import AddedClient, add_client
from hipkit.server.services.access.consent import allow, read_authorization_request
from hipkit.server.services.access.password_hashes import hash_password
from hipkit.server.services.access.tokens import issue_room_token, issue_user_token
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import add_user
from hipkit.server.services.rooms.changes import create_room
from hipkit.server.settings import FILE_QUOTA_BYTES, MEBIBYTE, Settings
from hipkit.server.shared.limits import LimitSettings
from hipkit.server.shared.recent_calls import CallFilter, RecentCall
from hipkit.server.storage.opening import open_database
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.session import Value
from hipkit.transports.egress import LookUp, look_up_here
from hipkit.transports.protocol import AsyncTransport
from hipkit.v2.rooms import CreateRoom
from hipkit.v2.users import CreateUser
from tests.databases import FolderDatabases

PASSWORD = "correct horse"
"""That of every user whose test wants no other."""


@dataclass(frozen=True)
class RawResponse:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found


@dataclass
class Site:
    """An open server, and ways to talk to it."""

    server: Server
    token: str
    host: str = "chat.test"
    clock: list[float] = field(default_factory=lambda: [STARTED])

    def send(
        self,
        method: str,
        target: str | bytes,
        *,
        json_body: object = None,
        body: bytes | Iterable[bytes] = b"",
        token: str | None = "",
        headers: Iterable[tuple[str, str]] = (),
        hangs_up: bool = False,
        peer: str = "127.0.0.1",
    ) -> RawResponse:
        sent = list(headers)
        if token is not None:
            sent.append(("Authorization", f"Bearer {token or self.token}"))
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.append(("Content-Type", "application/json"))
        raw = target.encode() if isinstance(target, str) else target
        return asyncio.run(
            call(
                self.server,
                method,
                raw,
                [("Host", self.host), *sent],
                [body] if isinstance(body, bytes) else list(body),
                hangs_up=hangs_up,
                peer=peer,
            )
        )

    def get(self, target: str, **options: Any) -> RawResponse:
        return self.send("GET", target, **options)

    def post(
        self, target: str, json_body: object = None, **options: Any
    ) -> RawResponse:
        return self.send("POST", target, json_body=json_body, **options)

    def put(self, target: str, json_body: object = None, **options: Any) -> RawResponse:
        return self.send("PUT", target, json_body=json_body, **options)

    def delete(self, target: str, **options: Any) -> RawResponse:
        return self.send("DELETE", target, **options)

    def calls(self, token_id: int | None = 1) -> list[RecentCall]:
        """Return the recent calls of a token, by default the administrator's, newest first."""
        return self.server.runtime.recent_calls.find(CallFilter([token_id]))

    @property
    def now_us(self) -> int:
        return self.server.runtime.now_us()

    def add_user(self, name: str, **members: Any) -> int:
        """Add a user, whose password is `PASSWORD` unless another is given, or a guest."""
        members.setdefault("email", f"{name.replace(' ', '.').lower()}@example.com")
        others = {
            key: members.pop(key) for key in {"is_guest", "user_id"} & members.keys()
        }
        new = CreateUser(name, **members)
        user_id = asyncio.run(add_user(self.operator_context(), new, **others)).id
        if "password" not in members and not others.get("is_guest"):
            self._set_password(user_id)
        return user_id

    def _set_password(self, user_id: int) -> None:
        password_hash = hash_of_password()
        asyncio.run(
            self.server.database.write(
                lambda stores: stores.users.set_password(user_id, password_hash)
            )
        )

    def add_room(
        self,
        name: str,
        *,
        is_private: bool = False,
        owner: str | int | None = None,
        room_id: int | None = None,
        **members: Any,
    ) -> int:
        new = CreateRoom(
            name,
            privacy="private" if is_private else "public",
            owner_user_id=owner,
            **members,
        )
        context = self.operator_context()
        return asyncio.run(create_room(context, new, room_id=room_id)).id

    def add_token(self, **members: Any) -> str:
        return asyncio.run(issue_user_token(self.operator_context(), **members)).token

    def add_room_token(self, room: str | int, **members: Any) -> str:
        members.setdefault("name", "Alerts")
        issued, _ = asyncio.run(
            issue_room_token(self.operator_context(), room=room, **members)
        )
        return issued.token

    def add_client(self, scopes: Iterable[str], **members: Any) -> AddedClient:
        members.setdefault("name", "Build bot")
        context = self.operator_context()
        return asyncio.run(add_client(context, scopes=list(scopes), **members))

    def authorization_code(
        self, client_id: str, user_id: int, redirect_uri: str
    ) -> str:
        """Return the code that a client gets once a user allows all its scopes."""
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
        }

        async def work() -> str:
            user = await self.server.database.stores.users.get(user_id)
            assert user is not None
            context = self.context(browser_actor(user))
            return await allow(
                context, await read_authorization_request(context, parameters)
            )

        return parse_qs(urlsplit(asyncio.run(work())).query)["code"][0]

    def client_token(self, scopes: Iterable[str], **members: Any) -> str:
        return self.token_of(self.add_client(scopes, **members))

    def token_of(self, client: AddedClient) -> str:
        reply = self.send(
            "POST",
            "/v2/oauth/token",
            body=b"grant_type=client_credentials",
            token=None,
            headers=[basic(client.id, client.secret), FORM],
        )
        token: str = reply.json["access_token"]
        return token

    def context(self, actor: Actor | None = None) -> Context:
        """Return the surroundings of a call to a service, from nobody if no actor is given."""
        return self.server.runtime.context(actor, root=f"http://{self.host}")

    def context_of(self, mention_name: str, group_id: int = 1) -> Context:
        """Return the context of a call by a user at the page."""
        users = self.server.database.stores.users
        user = asyncio.run(users.by_mention(group_id, mention_name))
        assert user is not None
        return self.context(browser_actor(user))

    def operator_context(self) -> Context:
        """Return the context of a command of `hipkit admin`."""
        return asyncio.run(self.server.runtime.operator_context())

    @contextlib.contextmanager
    def elsewhere(self) -> Iterator[Database]:
        """Open the site's database as another process does."""
        settings = self.server.settings
        opened = open_database(settings.database, settings.postgres, durable=False)
        with contextlib.closing(opened):
            yield opened

    def sql(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        """Run a statement as another process does, and return its rows."""
        return asyncio.run(self.run_sql(sql, *values))

    async def run_sql(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        """Do the same where an event loop runs."""
        with self.elsewhere() as database:
            return await database.write(
                lambda stores: stores.groups._session.all(tuple, sql, *values)
            )

    def count_rows(self) -> None:
        """Let PostgreSQL count its rows, which it does by itself now and then."""
        if self.server.settings.postgres is not None:
            self.sql("ANALYZE")

    def set_schema(self, version: int) -> None:
        """Store another version of the tables, as a newer program does."""
        if self.server.settings.postgres is None:
            self.sql(f"PRAGMA user_version = {version}")
        else:
            self.sql("INSERT INTO hipkit_schema (version) VALUES (?)", version)

    def deliver(self) -> None:
        """Deliver every webhook that may be delivered now."""

        async def work() -> None:
            sender = self.server.create_sender()
            try:
                await sender.drain()
            finally:
                sender.close()
                await self.server.runtime.close_outgoing()

        asyncio.run(work())

    def messages(self, room: str | int) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get(f"/v2/room/{room}/history").json["items"]
        return items


FORM = ("Content-Type", "application/x-www-form-urlencoded")


def basic(client_id: str, secret: str) -> tuple[str, str]:
    from base64 import b64encode

    encoded = b64encode(f"{client_id}:{secret}".encode()).decode()
    return "Authorization", f"Basic {encoded}"


@cache
def hash_of_password() -> str:
    """Hash `PASSWORD`, which takes a hundred times as long as all the rest of adding a user."""
    return hash_password(PASSWORD)


STARTED = 1_700_000_000.0
on_postgres: FolderDatabases | None = None
"""Where new sites have their databases, while tests run on PostgreSQL."""
DATABASE = "hipkit.db"


class ForwardClock:
    """Counts the seconds that pass on a clock, without those by which it is put back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = clock()
        self._passed = 0.0

    def __call__(self) -> float:
        """Return how many have passed."""
        with self._lock:
            now = self._clock()
            self._passed += max(0.0, now - self._last)
            self._last = now
            return self._passed


def open_site(
    folder: Path,
    *,
    strict: bool = False,
    limits: LimitSettings | None = None,
    largest_file_bytes: int = 50 * MEBIBYTE,
    file_quota_bytes: int = FILE_QUOTA_BYTES,
    webhook_networks: tuple[str, ...] = (),
    webhook_signed_request: bool = False,
    look_up: LookUp = look_up_here,
    outside_pictures: bool = False,
    public_url: str | None = None,
    outgoing: AsyncTransport | None = None,
    senders: SenderSettings | None = None,
    keep_days: int | None = None,
    trusted_proxies: tuple[str, ...] = (),
    observer: Observer | None = None,
) -> Site:
    """Open a server on the database in a folder, or on a new one there."""
    postgres = None
    is_new = not (folder / DATABASE).exists()
    if is_new and on_postgres is not None:
        is_new = not on_postgres.has(folder)
        postgres = on_postgres.address(folder)
    clock = [_copy_first_start(folder) if is_new else STARTED]

    def tick() -> float:
        clock[0] += 0.001
        return clock[0]

    settings = Settings(
        database=folder / DATABASE,
        postgres=postgres,
        strict=strict,
        limits=limits or LimitSettings(enabled=False),
        largest_file_bytes=largest_file_bytes,
        file_quota_bytes=file_quota_bytes,
        clock=tick,
        monotonic=ForwardClock(tick),
        durable=False,
        webhook_networks=webhook_networks,
        webhook_signed_request=webhook_signed_request,
        look_up=look_up,
        outside_pictures=outside_pictures,
        public_url=public_url,
        outgoing=outgoing,
        senders=senders,
        keep_days=keep_days,
        trusted_proxies=trusted_proxies,
        observer=observer or Observer(),
    )
    server = asyncio.run(open_server(settings))
    token = settings.token_file.read_text().strip()
    return Site(server, token, clock=clock)


def _copy_first_start(folder: Path) -> float:
    """Copy what the first start leaves into a folder, and return the time after it.

    Creating a database takes four times as long as opening it, and thousands of tests want one.
    """
    first, time = on_postgres.first if on_postgres is not None else _first_start()
    shutil.copytree(first, folder, dirs_exist_ok=True)
    return time


@cache
def _first_start() -> tuple[Path, float]:
    """Start a server for the first time, and stop it; return its folder and the time."""
    folder = Path(tempfile.mkdtemp(prefix="hipkit-first-start-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder, start_first(folder)


def start_first(folder: Path, postgres: Address | None = None) -> float:
    """Start a server in an empty folder, and stop it; return the time."""
    clock = [STARTED]

    def tick() -> float:
        clock[0] += 0.001
        return clock[0]

    settings = Settings(
        database=folder / DATABASE,
        postgres=postgres,
        clock=tick,
        monotonic=ForwardClock(tick),
        durable=False,
    )
    asyncio.run(open_server(settings)).close()
    return clock[0]


async def call(
    server: Server,
    method: str,
    target: bytes,
    headers: list[tuple[str, str]],
    pieces: list[bytes],
    *,
    hangs_up: bool = False,
    peer: str = "127.0.0.1",
) -> RawResponse:
    path, _, query = target.partition(b"?")
    incoming: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    if hangs_up:
        incoming.append({"type": "http.disconnect"})
    elif incoming:
        incoming[-1]["more_body"] = False
    outgoing: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        outgoing.append(message)

    scope: Message = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1")) for name, value in headers
        ],
        "client": (peer, 50000),
        "server": ("127.0.0.1", 8070),
    }
    await server.api(scope, receive, send)
    if not outgoing:
        return RawResponse(0, [], b"")
    start: Any = outgoing[0]
    body = b"".join(bytes(message["body"]) for message in outgoing[1:])  # type: ignore[call-overload]  # always bytes
    shown = [
        (name.decode(), value.decode("latin-1")) for name, value in start["headers"]
    ]
    return RawResponse(start["status"], shown, body)
