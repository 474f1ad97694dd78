from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import pytest
from fastapi import FastAPI

from hipkit import ForbiddenError, StorageError
from hipkit.addon import AddOn, Html, Message, ViewRequest
from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.storage.encryption import new_key
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import NewEvent
from hipkit.testing import AsyncMemoryTransport, HipChatServer
from hipkit.transports.protocol import Options, Request
from tests.addons import BASE, HOST, Installed, installed

Messages = MutableMapping[str, Any]


@pytest.fixture
def server() -> Iterator[HipChatServer]:
    with HipChatServer() as server:
        yield server


def silent() -> AddOn:
    addon = AddOn(key="a", name="A")

    @addon.on_message
    async def quiet(message: Message) -> None: ...

    return addon


def app(storage: MemoryStorage | None = None, base: str = BASE) -> AddOnApp:
    return silent().asgi(base_url=base, storage=storage or MemoryStorage())


async def status(app: AddOnApp, path: str, root: str = "") -> int:
    sent: list[Messages] = []

    async def receive() -> Messages:
        return {"type": "http.request"}

    async def send(message: Messages) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "root_path": root}
    await app(scope, receive, send)
    found: int = sent[0]["status"]
    return found


async def test_it_runs_without_lifespans() -> None:
    made = app()
    assert await status(made, "/capabilities") == 200
    async with made.lifespan():
        assert await status(made, "/capabilities") == 200


async def test_it_starts_once_for_requests_at_the_same_time() -> None:
    opened: list[int] = []

    class Slow(MemoryStorage):
        async def open(self) -> None:
            opened.append(1)
            await asyncio.sleep(0)

    made = app(Slow())
    assert await asyncio.gather(*(status(made, "/capabilities") for _ in range(5)))
    assert opened == [1]
    async with made.lifespan():
        pass


async def test_it_is_mounted_under_a_path() -> None:
    made = app(base=f"{BASE}/karma")
    assert made.descriptor_url == f"{BASE}/karma/capabilities"
    async with made.lifespan():
        # Starlette leaves the path whole, other frameworks and proxies cut it.
        assert await status(made, "/karma/capabilities", "/karma") == 200
        assert await status(made, "/capabilities", "/karma") == 200
        assert await status(made, "/karma/capabilities") == 200
        assert await status(made, "/karma") == 404


async def lifespan(app: AddOnApp) -> list[str]:
    steps = iter(["startup", "shutdown"])
    sent: list[str] = []

    async def receive() -> Messages:
        return {"type": f"lifespan.{next(steps)}"}

    async def send(message: Messages) -> None:
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_it_starts_and_stops_with_the_server_and_again() -> None:
    made = app()
    for _ in range(2):
        assert await lifespan(made) == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]


def shown_variables(caplog: pytest.LogCaptureFixture) -> str:
    """Return what error trackers collect of the logged failures."""
    frames = []
    for record in caplog.records:
        if record.exc_info and record.exc_info[1]:
            for frame, _ in traceback.walk_tb(record.exc_info[1].__traceback__):
                frames += [
                    frame.f_code.co_qualname,
                    *map(repr, frame.f_locals.values()),
                ]
    return "\n".join(frames)


class Broken(MemoryStorage):
    async def open(self) -> None:
        raise StorageError("no")


async def test_a_start_that_fails_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    made = app(Broken())
    assert await lifespan(made) == ["lifespan.startup.failed"]
    # Without lifespans each request tries again.
    assert await status(made, "/capabilities") == 503
    assert "cannot start" in caplog.text


async def test_a_start_that_fails_leaves_nothing_open() -> None:
    closed: list[str] = []

    class Counted(Broken):
        async def aclose(self) -> None:
            closed.append("storage")

    made = app(Counted())
    for _ in range(3):
        assert await status(made, "/capabilities") == 503
    assert closed == ["storage"] * 3


async def test_a_storage_belongs_to_one_add_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = MemoryStorage()
    for key, started in (("a", "complete"), ("b", "failed"), ("a", "complete")):
        made = AddOn(key=key, name="A").asgi(base_url=BASE, storage=storage)
        assert (await lifespan(made))[0] == f"lifespan.startup.{started}"
    assert "belongs to the add-on a: give b one of its own" in caplog.text


async def test_an_event_that_cannot_be_stored_is_sent_again(
    server: HipChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(MemoryStorage):
        async def add_event(self, event: NewEvent) -> bool:
            raise StorageError("the disk is full")

    async with installed(silent(), server, Full()) as made:
        response = await made.post("quiet", made.message("x"))
        assert response.status == 503
        assert response.headers["retry-after"] == "5"
        assert "could not be stored" in caplog.text


async def test_an_unforeseen_failure_is_not_shown(
    server: HipChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Strange(MemoryStorage):
        async def add_event(self, event: NewEvent) -> bool:
            raise KeyError("private")

    async with installed(silent(), server, Strange()) as made:
        response = await made.post("quiet", made.message("x"))
        assert (response.status, response.body) == (500, b"The add-on failed.\n")


@pytest.mark.parametrize("error", [StorageError("the disk is full"), KeyError("x")])
async def test_the_variables_of_a_failure_hold_no_secrets(
    error: Exception, server: HipChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(MemoryStorage):
        fails = False

        async def get(self, kind: str, key: str, *, now: float = 0.0) -> bytes | None:
            if self.fails:
                raise error
            return await super().get(kind, key, now=now)

    addon = silent()

    @addon.web_panel("panel", name="Panel")
    async def panel(request: ViewRequest) -> Html:
        return Html("x")

    storage = Failing()
    async with installed(addon, server, storage) as made:
        storage.fails = True
        token = made.token()
        assert (await made.install()).status >= 500
        assert (await made.post("quiet", made.message("private"))).status >= 500
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for path, body in (
            (f"/panel/panel?signed_request={token}", b""),
            ("/panel/panel", f"signed_request={token}".encode()),
        ):
            method = "POST" if body else "GET"
            assert (await made.request(method, path, body, form)).status >= 500
    shown = shown_variables(caplog)
    assert "Endpoints" in shown
    for secret in (token, made.client.secret, "private"):
        assert secret not in shown


async def test_other_protocols_are_refused() -> None:
    sent: list[Messages] = []

    async def send(message: Messages) -> None:
        sent.append(message)

    async def receive() -> Messages:
        return {}

    await app()({"type": "websocket"}, receive, send)
    assert sent == [{"type": "websocket.close"}]
    with pytest.raises(ValueError, match="nothing for mqtt"):
        await app()({"type": "mqtt"}, receive, send)


async def test_a_client_that_goes_away_gets_no_answer() -> None:
    async def receive() -> Messages:
        return {"type": "http.disconnect"}

    async def send(message: Messages) -> None:
        raise AssertionError(message)

    made = app()
    scope = {"type": "http", "method": "POST", "path": "/installable"}
    await made(scope, receive, send)
    async with made.lifespan():
        pass


def test_it_works_in_one_event_loop_after_another(server: HipChatServer) -> None:
    addon = AddOn(key="a", name="A", scopes=["send_notification"])

    @addon.on_message
    async def answer(message: Message) -> str:
        return message.text

    storage = MemoryStorage()
    made = Installed(addon, server, storage)

    async def use(text: str) -> None:
        made._to_app = AsyncMemoryTransport(app=made.app)
        await made.install()
        assert (await made.say("answer", text)).status == 204
        await made._to_app.aclose()

    for text in ("1", "2"):
        asyncio.run(use(text))
    assert made.replies() == ["1", "2"]


async def test_events_are_handled_after_a_crash(server: HipChatServer) -> None:
    handled: list[str] = []
    is_stuck = asyncio.Event()

    def make(handle: Callable[[str], Any]) -> AddOn:
        addon = AddOn(key="a", name="A")

        @addon.on_message(key="handle")
        async def handler(message: Message) -> None:
            await handle(message.text)

        return addon

    async def stick(_: str) -> None:
        is_stuck.set()
        await asyncio.Event().wait()

    async def note(text: str) -> None:
        handled.append(text)

    storage = MemoryStorage()
    first = Installed(make(stick), server, storage)
    await first.install()
    await first.post("handle", first.message("1"))
    await first.post("handle", first.message("2"))
    await is_stuck.wait()
    # It is cut off: what was begun and what was not is handled by the next one.
    runtime = await first.app._runtime()
    await runtime.worker.stop(0)
    second = make(note).asgi(base_url=BASE, storage=storage)
    async with second.lifespan():
        await second.drain()
    assert handled == ["1", "2"]
    await first.aclose()


async def test_programs_use_clients_outside_of_handlers(server: HipChatServer) -> None:
    addon = AddOn(key="a", name="A", scopes=["send_notification"])
    async with installed(addon, server) as made:
        (installation,) = await made.app.installations()
        client = await made.app.client(installation)
        await client.rooms.send_room_notification(made.room_id, message="hi")
        assert made.replies() == ["hi"]


async def test_a_client_may_have_some_of_the_scopes(server: HipChatServer) -> None:
    addon = AddOn(key="a", name="A", scopes=["send_notification", "view_room"])
    async with installed(addon, server) as made:
        (installation,) = await made.app.installations()
        client = await made.app.client(installation, ["send_notification"])
        with pytest.raises(ForbiddenError):
            await client.rooms.get_room(made.room_id)
        await client.rooms.send_room_notification(made.room_id, message="hello")
        assert made.replies() == ["hello"]


async def test_the_addresses_of_a_host_can_be_forgotten(server: HipChatServer) -> None:
    async with installed(silent(), server) as made:
        assert await made.app.forget_host(HOST)
        assert not await made.app.forget_host(HOST)
        assert (await made.install()).status == 200
        assert await made.app.forget_host(HOST)


def test_mistakes_are_seen_when_the_app_is_made() -> None:
    addon = AddOn(key="a", name="A")
    for changes, error in (
        ({"base_url": "http://a.example"}, "must be https"),
        ({"allowed_hosts": ["https://"]}, "allowed hosts"),
    ):
        given: dict[str, Any] = {"base_url": BASE, "storage": MemoryStorage()}
        with pytest.raises(ValueError, match=error):
            addon.asgi(**(given | changes))
    with pytest.raises(TypeError, match="allowed_hosts must be a list"):
        addon.asgi(base_url=BASE, allowed_hosts="https://api.hipchat.com")


async def test_what_is_registered_later_is_part_of_the_descriptor() -> None:
    addon = AddOn(key="a", name="A")
    made = addon.asgi(base_url=BASE, storage=MemoryStorage())

    @addon.on_message
    async def late(message: Message) -> None: ...

    assert b'"key":"late"' in made.descriptor.to_json()
    assert await status(made, "/capabilities") == 200
    async with made.lifespan():
        pass


async def test_a_head_request_has_no_body() -> None:
    made = app()
    transport = AsyncMemoryTransport(app=made)
    request = Request("HEAD", "https", "a", 443, "/capabilities")
    response = await transport.send(request, Options())
    assert (response.status, response.body) == (200, b"")
    await transport.aclose()


async def test_with_a_key_nothing_readable_is_stored() -> None:
    storage, key = MemoryStorage(), new_key()
    await storage.put("installation", "x", b"hunter2")
    made = silent().asgi(base_url=BASE, storage=storage, encryption_key=key)
    async with made.lifespan():
        stored = await storage.get("installation", "x")
        assert stored is not None
        assert b"hunter2" not in stored
    for other in (None, new_key()):
        with pytest.raises(StorageError, match="key"):
            async with (
                silent()
                .asgi(base_url=BASE, storage=storage, encryption_key=other)
                .lifespan()
            ):
                pass


def test_what_is_no_key_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="an encryption key is") as caught:
        silent().asgi(base_url=BASE, storage=MemoryStorage(), encryption_key="hunter2")
    assert "hunter2" not in str(caught.value)


async def test_frameworks_mount_it(server: HipChatServer) -> None:
    addon = AddOn(key="a", name="A", scopes=["send_notification"])

    @addon.on_message
    async def answer(message: Message) -> str:
        return message.text

    made = Installed(addon, server, MemoryStorage(), f"{BASE}/karma")
    site = FastAPI(lifespan=made.app.lifespan)
    site.mount("/karma", made.app)
    transport = AsyncMemoryTransport(app=site)

    async def send(method: str, path: str, body: bytes, authorization: str) -> int:
        headers = (("Authorization", authorization),)
        request = Request(method, "https", "a", 443, path, headers, body)
        return (await transport.send(request, Options())).status

    assert await send("POST", "/karma/installable", made.install_body(), "") == 200
    body = json.dumps(made.message("hi")).encode()
    signed = f"JWT {made.token()}"
    assert await send("POST", "/karma/webhook/answer", body, signed) == 204
    await made.app.drain()
    assert made.replies() == ["hi"]
    await transport.aclose()
    await made.aclose()


async def test_a_server_cannot_log_a_signature() -> None:
    made = app()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/installed",
        "query_string": b"signed_request=secret",
    }

    async def receive() -> Messages:
        return {"type": "http.request"}

    async def send(message: Messages) -> None:
        # uvicorn logs the address here.
        assert scope["query_string"] == b"hidden"

    async with made.lifespan():
        await made(scope, receive, send)
