from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from hipkit.relay.routes.choosing import NO_ROUTE, Chooser
from hipkit.relay.routes.route import Conditions, Route
from hipkit.server.events.posted import POSTED, PostedMessage
from hipkit.server.storage.stores.events import EventRecord
from tests.unit.relay.fake_target import FakeSettings, FakeTarget

MATCHER = ThreadPoolExecutor(1)
RED = Conditions(color=frozenset({"red"}))


def route(name: str, **values: object) -> Route:
    return Route(name=name, target=FakeTarget(), settings=FakeSettings(), **values)  # type: ignore[arg-type]  # as given


def event(number: int, *, text: str | None = None, **values: object) -> EventRecord:
    members: dict[str, object] = {
        "id": f"m{number}",
        "sent_us": 1,
        "kind": "notification",
        "room": "Ops",
        "body": "disk full",
        "sender": "Nagios",
        **values,
    }
    return EventRecord(
        id=number,
        group_id=1,
        room_id=1,
        event=POSTED,
        item=msgspec.json.encode(PostedMessage(**members)).decode(),  # type: ignore[arg-type]  # as given
        root="",
        text=text,
        created_us=1,
    )


def make(*routes: Route, bridges: Mapping[str, str] | None = None) -> Chooser:
    return Chooser(routes, bridges or {}, MATCHER)


@pytest.fixture
def events() -> list[EventRecord]:
    return [event(1), event(2, color="red"), event(3, room=None, kind="message")]


async def test_each_route_takes_what_it_is_for(events: list[EventRecord]) -> None:
    chooser = make(route("red", when=RED), route("ops"), route("own", private=True))
    assert await chooser.taken("red", events) == [False, True, False]
    assert await chooser.taken("ops", events) == [True, True, False]
    assert await chooser.taken("own", events) == [True, True, True]
    assert await chooser.taken("unknown", events) == [False] * 3


async def test_what_no_route_takes_is_found_but_for_private_messages(
    events: list[EventRecord],
) -> None:
    assert await make(route("red", when=RED)).taken(NO_ROUTE, events) == [
        True,
        False,
        False,
    ]


async def test_what_a_bridge_sent_counts_as_taken() -> None:
    chooser = make(route("ops"), bridges={"7": "ops"})
    events = [event(1, token="7"), event(2, token="8")]
    assert await chooser.taken("ops", events) == [False, True]
    assert await chooser.taken(NO_ROUTE, events) == [False, False]


async def test_patterns_are_searched_for_in_a_thread() -> None:
    chooser = make(route("ops", when=Conditions(text="^disk")))
    events = [
        event(1),
        event(2, body="<b>disk</b>", text="disk"),
        event(3, body="x"),
    ]
    assert await chooser.taken("ops", events) == [True, True, False]


async def test_other_routes_go_on_while_a_pattern_takes_its_time() -> None:
    chooser = make(route("ops", when=Conditions(text="^(a+)+$")))
    slow = event(1, body="a" * 5_000 + "!")
    task = asyncio.create_task(chooser.taken("ops", [slow]))
    await asyncio.sleep(0)
    assert not task.done()
    assert await task == [True]


async def test_what_is_known_is_bounded(
    events: list[EventRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipkit.relay.routes.choosing.MOST_KNOWN", 2)
    chooser = make(route("ops"))
    for _ in range(2):
        assert await chooser.taken("ops", events) == [True, True, False]
    assert len(chooser._known) <= 2
