"""`hipkit admin relay`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from hipkit.relay.routes.registration import register_routes
from hipkit.relay.routes.route import Route
from hipkit.server.app import Server, open_server
from hipkit.server.events.posted import POSTED, PostedMessage
from hipkit.server.settings import Settings
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import NewDelivery
from hipkit.server.storage.stores.events import NewEvent
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from tests.unit.cli.admin.conftest import Admin, Run
from tests.unit.relay.fake_target import FakeSettings, FakeTarget

POSTED_MESSAGE = PostedMessage(
    id="1", sent_us=1, kind="notification", room="Ops", body="disk full", sender="CI"
)


def on(database: Path, work: Callable[[Server], Awaitable[object]]) -> None:
    """Do something with a server's database."""

    async def run() -> None:
        server = await open_server(Settings(database=database, durable=False))
        try:
            await work(server)
        finally:
            server.close()

    asyncio.run(run())


def register(database: Path, *names: str) -> None:
    routes = [
        Route(name=name, target=FakeTarget(), settings=FakeSettings()) for name in names
    ]

    async def work(server: Server) -> None:
        await register_routes(await server.runtime.operator_context(), routes)

    on(database, work)


def change(database: Path, command: Callable[[Stores, int], Awaitable[object]]) -> None:
    """Run a command with the number of the route `ops`."""

    async def work(server: Server) -> None:
        async def write(stores: Stores) -> None:
            route = await stores.routes.by_name("ops")
            assert route is not None
            await command(stores, route.id)

        await server.database.write(write)

    on(database, work)


async def post(stores: Stores, route_id: int) -> None:
    event = NewEvent(
        group_id=1,
        room_id=0,
        event=POSTED,
        item=msgspec.json.encode(POSTED_MESSAGE).decode(),
        root="",
    )
    await stores.events.add(event, 1_000_000)


async def refuse(stores: Stores, route_id: int) -> None:
    await post(stores, route_id)
    delivery = NewDelivery(
        subscription_id=route_id,
        event_id=await stores.events.newest(),
        event=POSTED,
        state="refused",
        tries=1,
        status=400,
        problem="the target answered 400",
        tried_us=1_000_000,
    )
    await stores.deliveries.put(delivery)


def test_the_list_has_each_route_and_what_no_route_took(
    database: Path, run_json: Admin
) -> None:
    register(database, "ops", "other")
    change(database, post)

    ops, other, none = run_json("relay", "list")
    assert ops == {
        "name": "ops",
        "to": "fake",
        "host": "chat.example.com",
        "state": "waiting",
        "waiting": 1,
        "oldest": "1970-01-01T00:00:01+00:00",
        "delivered": 0,
        "refused": 0,
        "set_aside": 0,
        "summarised": 0,
        "dropped": 0,
        "problem": None,
    }
    assert other["name"] == "other"
    assert (none["name"], none["state"]) == ("(no route took it)", None)


def test_the_list_fits_into_a_terminal(database: Path, run: Run) -> None:
    register(database, "ops", "mail to the night shift")
    change(database, refuse)

    lines = run("relay", "list").out.splitlines()
    words = ["NAME", "TO", "STATE", "WAITING", "DELIVERED", "UNDELIVERED"]
    assert lines[0].split() == words
    assert max(map(len, lines)) <= 80


async def refuse_for_long(stores: Stores, route_id: int) -> None:
    await refuse(stores, route_id)
    event = NewEvent(
        group_id=1,
        room_id=1,
        event=POSTED,
        item=msgspec.json.encode(
            msgspec.structs.replace(POSTED_MESSAGE, body=f"{'disk full ' * 40}\x1b[2J")
        ).decode(),
        root="",
    )
    event_id = await stores.events.add(event, 1_000_000)
    delivery = NewDelivery(
        subscription_id=route_id,
        event_id=event_id,
        event=POSTED,
        state="set_aside",
        tries=40,
        problem="cannot connect to chat.example.com:443: Connection refused " * 2,
        tried_us=1_000_000,
    )
    await stores.deliveries.put(delivery)
    state = SubscriptionState(
        position=0, next_try_us=2_000_000_000_000_000, paused_us=1
    )
    await stores.subscriptions.set_state(route_id, state)


def test_a_route_fits_into_a_terminal(database: Path, run: Run) -> None:
    register(database, "mail to the night shift", "ops")
    change(database, refuse_for_long)

    for command in (("list",), ("show", "ops")):
        out = run("relay", *command).out
        assert max(map(len, out.splitlines())) <= 80
        assert "paused" in out
        assert "\x1b" not in out
    words = " ".join(out.split())
    for said in ("set_aside", "Connection refused", "CI: disk full", "answered 400"):
        assert all(word in words for word in said.split())


def test_there_may_be_no_routes(database: Path, run_json: Admin) -> None:
    assert run_json("relay", "list") == []


async def fail(stores: Stores, route_id: int) -> None:
    state = SubscriptionState(position=0, next_try_us=2_000_000_000_000_000, tries=3)
    await stores.subscriptions.set_state(route_id, state)


async def stop(stores: Stores, route_id: int) -> None:
    state = SubscriptionState(
        position=0, next_try_us=2_000_000_000_000_000, paused_us=1
    )
    await stores.subscriptions.set_state(route_id, state)


async def remove(stores: Stores, route_id: int) -> None:
    await stores.routes.remove(route_id, 1)


async def hold(stores: Stores, route_id: int) -> None:
    await stores.routes.pause(route_id, 1)


@pytest.mark.parametrize(
    ("command", "state", "by"),
    [
        (fail, "failing", None),
        (stop, "paused", "failures"),
        (hold, "paused", "administrator"),
        (remove, "removed", None),
    ],
)
def test_the_state_of_a_route_is_a_word(
    database: Path,
    run_json: Admin,
    command: Callable[[Stores, int], Awaitable[object]],
    state: str,
    by: str | None,
) -> None:
    register(database, "ops")
    change(database, command)
    shown = run_json("relay", "show", "ops")
    assert (shown["state"], shown["paused_by"]) == (state, by)
    assert (shown["paused_since"] is None) == (by is None)


def test_a_route_is_paused_and_resumed(database: Path, run_json: Admin) -> None:
    register(database, "ops")

    assert run_json("relay", "pause", "ops") == {"name": "ops", "paused": True}
    assert run_json("relay", "show", "ops")["state"] == "paused"
    assert run_json("relay", "resume", "ops") == {"name": "ops", "resumed": True}
    assert run_json("relay", "show", "ops")["state"] == "working"


def test_what_was_refused_is_shown_and_sent_again(
    database: Path, run: Run, run_json: Admin
) -> None:
    register(database, "ops", "other")
    change(database, refuse)

    [delivery] = run_json("relay", "show", "ops")["deliveries"]
    assert (delivery["state"], delivery["status"]) == ("refused", 400)
    assert delivery["text"] is None  # It is of a private chat.
    before = run_json("relay", "show", "ops")["waiting"]
    sent = run_json("relay", "resend", "ops", str(delivery["number"]))
    assert sent["sent_again"]
    assert run_json("relay", "show", "ops")["waiting"] == before + 1
    wrong = run("relay", "resend", "other", str(delivery["number"]))
    assert (wrong.code, "has no delivery" in wrong.err) == (6, True)


@pytest.mark.parametrize("command", ["show", "pause", "resume"])
def test_an_unknown_route_is_told(database: Path, run: Run, command: str) -> None:
    done = run("relay", command, "ops")
    assert (done.code, done.err) == (6, "hipkit: Route 'ops' not found\n")
