"""Whatever is sent to an add-on's app is answered below 500, and what it stored can be handled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hipkit.addon import AddOn, Html, Message, RoomEvent, User, ViewRequest
from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.installations.installation import Installations
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.testing import AsyncMemoryTransport
from hipkit.transports.protocol import RawResponse, Request
from hipkit.v2.webhooks import EVENTS
from tests.unit.addon.installations.test_verification import (
    INSTALLATION,
    NOW,
    claims,
    sign,
)

T = TypeVar("T")

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)


def json_or(*usual: object) -> st.SearchStrategy[object]:
    return mostly(st.sampled_from(usual))


def mostly(usual: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return what is usual, and any JSON now and then."""
    return st.integers(0, 15).flatmap(lambda number: usual if number else JSON)


USERS = st.fixed_dictionaries(
    {"id": json_or(1234, "1234")},
    optional={"name": json_or("Bob"), "mention_name": json_or("bob")},
)
ITEMS = st.fixed_dictionaries(
    {
        "room": st.fixed_dictionaries(
            {"id": json_or(77, "77")}, optional={"name": json_or("ops")}
        )
    },
    optional={
        "message": st.fixed_dictionaries(
            {"id": json_or("1"), "date": json_or("2016-09-09T12:30:00+00:00", 1)},
            optional={
                "from": st.one_of(USERS, USERS, USERS, st.text(max_size=5)),
                "message": json_or("/give @bob 3", "/x", "(" * 50),
                "mentions": st.lists(USERS, max_size=3),
                "type": json_or("message", "notification"),
                "file": json_or({"name": "a", "size": 1, "url": "https://a"}),
            },
        ),
        "sender": st.one_of(USERS, USERS, USERS, st.text(max_size=5)),
        "topic": json_or("x", None),
        "file": json_or({"name": "a", "size": 1, "url": "https://a"}),
    },
)


def make() -> tuple[AddOnApp, list[Exception]]:
    """Return an add-on that handles everything, and what its handlers failed with."""
    addon = AddOn(key="a", name="A", scopes=["send_notification"])
    failures: list[Exception] = []

    def handle(event: RoomEvent) -> str:
        return str(event.sender.name)

    for register in (
        addon.on_notification,
        addon.on_topic_change,
        addon.on_enter,
        addon.on_exit,
        addon.on_file_upload,
        addon.on_room_archived,
        addon.on_room_created,
        addon.on_room_deleted,
        addon.on_room_unarchived,
    ):
        register(key=register._register.keywords["kind"].event)(handle)  # type: ignore[attr-defined]
    addon.on_message(key="room_message")(handle)

    @addon.command("/give")
    async def give(message: Message, who: User, points: int = 1) -> str:
        return f"{who.id} {points}"

    @addon.web_panel("p", name="P")
    async def panel(request: ViewRequest) -> Html:
        return Html.format("{query} {form}", query=request.query, form=request.form)

    @addon.glance("g", name="G")
    async def glance(request: ViewRequest) -> str:
        return str(request.user_id)

    @addon.on_error
    def failed(failure: Any) -> None:
        failures.append(failure.error)

    def answer(_: Request) -> RawResponse:
        body = b'{"access_token": "t", "expires_in": 3600}'
        return RawResponse(200, {"content-type": "application/json"}, body)

    app = addon.asgi(
        base_url="https://karma.example.com",
        storage=MemoryStorage(),
        transport=AsyncMemoryTransport(answer),
        now=lambda: NOW,
    )
    return app, failures


async def ask(app: AddOnApp, scope: dict[str, Any], body: bytes = b"") -> int:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", **scope}, receive, send)
    status: int = sent[0]["status"]
    return status


def running(use: Callable[[AddOnApp], Awaitable[T]]) -> tuple[T, list[Exception]]:
    async def run() -> tuple[T, list[Exception]]:
        app, failures = make()
        async with app.lifespan():
            await Installations(app._settings.storage).save(INSTALLATION)
            result = await use(app)
            await app.drain()
            return result, failures

    return asyncio.run(run())


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*EVENTS, "give"]),
    mostly(ITEMS),
    json_or(7),
)
@example("give", {"room": {"id": 77}, "message": {"id": "1", "date": 1e400}}, None)
def test_a_signed_event_is_handled_or_refused(
    key: str, item: object, extra: object
) -> None:
    event = "room_message" if key == "give" else key
    body = json.dumps({"event": event, "item": item, "webhook_id": extra}).encode()
    token = sign(claims(sub=..., context={}))
    scope = {
        "method": "POST",
        "path": f"/webhook/{key}",
        "headers": [(b"authorization", f"JWT {token}".encode())],
    }
    status, failures = running(lambda app: ask(app, scope, body))
    assert status in (204, 400)
    # What handlers fail with is theirs; here it could only be the reply.
    assert failures == []


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
    st.sampled_from(
        [
            "/",
            "",
            "/panel/p",
            "/glance/g",
            "/webhook/room_message",
            "/installable",
            "/installable/update",
            "/installable/x",
            "/installed",
            "/uninstalled",
            "/capabilities",
            "/icon.svg",
        ]
    )
    | st.text(max_size=30),
    st.binary(max_size=60)
    | st.just(b"signed_request=x&installable_url=x&redirect_url=y"),
    st.lists(
        st.tuples(
            st.sampled_from([b"authorization", b"content-type", b"content-length"]),
            st.binary(max_size=40)
            | st.just(b"application/x-www-form-urlencoded")
            | st.just(f"JWT {sign(claims())}".encode()),
        ),
        max_size=3,
    ),
    st.binary(max_size=60) | st.just(b"signed_request=" + sign(claims()).encode()),
    st.text(max_size=10),
)
def test_any_request_is_answered(
    method: str,
    path: str,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    root: str,
) -> None:
    scope = {
        "method": method,
        "path": path,
        "query_string": query,
        "headers": headers,
        "root_path": root,
    }
    status, _ = running(lambda app: ask(app, scope, body))
    assert 200 <= status < 500
