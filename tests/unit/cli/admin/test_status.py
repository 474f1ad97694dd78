"""`hipkit admin status`."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

from hipkit.server.app import open_server
from hipkit.server.serve import announce_server
from hipkit.server.settings import Settings
from hipkit.server.storage.lock import hold_lock
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.sqlite.file import latest_version
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from hipkit.server.storage.stores.webhooks import NewWebhook
from hipkit.version import VERSION
from tests.unit.cli.admin.conftest import Admin, Run
from tests.unit.cli.admin.test_relay import change, post, register

LONG = "n" * 100


def announce(database: Path) -> None:
    """Announce a server, as one does that begins to serve."""

    async def work() -> None:
        server = await open_server(Settings(database=database, durable=False))
        announce_server(server)
        server.close()

    asyncio.run(work())


def add_webhooks(database: Path) -> None:
    """Add one that works, one that is paused, and one for which two events wait."""

    async def command(stores: Stores, route_id: int) -> None:
        for number, event in enumerate(("room_enter", "room_exit", "posted")):
            webhook = NewWebhook(
                group_id=1,
                room_id=None,
                client_id=None,
                user_id=1,
                key=str(number),
                name="",
                url="https://a.example/hook?token=s3cret",
                event=event,
                pattern=None,
                authentication="none",
            )
            webhook_id = await stores.webhooks.add(webhook, position=0, now_us=1)
            if event == "room_exit":
                paused = SubscriptionState(position=0, next_try_us=9, paused_us=8)
                await stores.subscriptions.set_state(webhook_id, paused)

    change(database, command)


def test_without_a_server_the_status_says_so(database: Path, run_json: Admin) -> None:
    found = run_json("status")

    assert (found["running"], found["processes"]) == (False, [])
    assert found["hipkit_version"] == VERSION
    assert found["schema"] == latest_version()
    assert (found["oldest_waiting"], found["routes"]) == (None, [])
    assert found["webhooks"]["count"] == 0
    assert found["sizes"]["database_file_bytes"] == database.stat().st_size
    assert found["sizes"]["tables_bytes"] > 0


def test_a_server_that_runs_is_shown(database: Path, run_json: Admin) -> None:
    with hold_lock(database):
        announce(database)
        found = run_json("status")

    assert found["running"] is True
    [process] = found["processes"]
    assert process.pop("since") is not None
    assert process == {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "hipkit_version": VERSION,
        "url": "http://localhost",
    }


def test_what_a_server_announced_that_was_killed_is_not_shown(
    database: Path, run_json: Admin
) -> None:
    with hold_lock(database):
        announce(database)

    assert run_json("status")["processes"] == []


def test_a_server_that_could_announce_nothing_is_shown(
    database: Path, run_json: Admin
) -> None:
    with hold_lock(database):
        [process] = run_json("status")["processes"]

    assert set(process.values()) == {None}


def test_what_waits_is_shown_by_route_and_webhook(
    database: Path, run_json: Admin
) -> None:
    register(database, "ops", "other")
    add_webhooks(database)
    change(database, post)
    change(database, post)
    found = run_json("status")

    oldest = "1970-01-01T00:00:01+00:00"
    assert found["oldest_waiting"] == oldest
    assert [
        (route["name"], route["state"], route["waiting"], route["oldest"])
        for route in found["routes"]
    ] == [("ops", "waiting", 2, oldest), ("other", "waiting", 2, oldest)]
    assert found["webhooks"] == {
        "count": 3,
        "failing": 0,
        "paused": 1,
        "behind": 1,
        "oldest": oldest,
    }
    assert [
        (one["event"], one["state"], one["waiting"]) for one in found["webhooks_behind"]
    ] == [("posted", "working", 2), ("room_exit", "paused", 0)]


def test_the_status_fits_into_a_terminal_and_tells_no_secret(
    database: Path, run: Run
) -> None:
    register(database, "ops", LONG)
    add_webhooks(database)
    change(database, post)
    with hold_lock(database):
        announce(database)
        done = run("status")

    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "nnn..." in done.out
    assert "s3cret" not in done.out
