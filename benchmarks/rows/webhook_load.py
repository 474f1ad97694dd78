"""Webhooks delivered while notifications arrive, and what those cost that are paused."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.children import Child
from benchmarks.measuring import Spread, quotients
from benchmarks.report import Table, figure, judged, times
from benchmarks.scene import Scene
from benchmarks.sending import Sender, Turn, loading_core, request_bytes
from benchmarks.served import NOTIFICATION, fill, serve_hipkit
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.sqlite.database import SqliteDatabase
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from hipkit.server.storage.stores.webhooks import NewWebhook

__all__ = ["measure"]

EVENT = "room_notification"
ROOMS = tuple(f"Room {number}" for number in range(25))
OTHER_ROOM = "Other"
PAUSED, QUICK_PAUSED = 10_000, 100
CONNECTIONS = 64
REQUESTS = 1_600
ROUNDS = 11
LONG_AGO_US = 1_500_000_000_000_000
HOURS_US = 10 * 60 * 60 * 1_000_000
"""Longer than a run, and no longer than paused webhooks wait."""
LEAST_SHARE = 0.95
AIM = "at least 0.95"
DRAIN_SECONDS = 60.0


def measure(scene: Scene) -> Table:
    """Post into the same rooms of servers with different webhooks, in turn."""
    paused = QUICK_PAUSED if scene.quick else PAUSED
    other, own = (
        f"{paused:,} paused, of another room",
        f"{paused:,} paused, of these rooms",
    )
    working = "one for each room, working"
    cases = ["none", other, own, working]
    requests = scene.calls(REQUESTS)
    turns: dict[str, list[Turn]] = {case: [] for case in cases}
    delivered: list[float] = []
    with ExitStack() as stack:
        receiver = stack.enter_context(_receiving(scene))
        senders = {}
        for number, case in enumerate(cases):
            database = scene.folder / f"webhooks-{number}.db"
            token = fill(database, dict.fromkeys((*ROOMS, OTHER_ROOM), 0))
            if case != "none":
                rooms = (OTHER_ROOM,) if case == other else ROOMS
                count = len(ROOMS) if case == working else paused
                url = f"http://127.0.0.1:{receiver.port}/"
                adding = partial(
                    _add, rooms=rooms, count=count, url=url, is_paused=case != working
                )
                asyncio.run(_write(database, adding))
            served = stack.enter_context(
                serve_hipkit(scene, database, "--webhook-network", "127.0.0.0/8")
            )
            posts = [
                request_bytes(
                    "POST",
                    f"/v2/room/{room.replace(' ', '%20')}/notification",
                    token,
                    NOTIFICATION,
                )
                for room in ROOMS
            ]
            sender = Sender(
                scene, served.port, posts, connections=CONNECTIONS, status=204
            )
            senders[case] = stack.enter_context(sender)
            sender.take_turn(requests)
        receiver.drain(requests)
        order = list(senders.items())
        for _ in range(scene.rounds(ROUNDS)):
            for case, sender in order:
                turn = sender.take_turn(requests)
                turns[case].append(turn)
                if case == working:
                    came = receiver.count()
                    delivered.append(turn.seconds / max(came, 1))
                    receiver.drain(requests - came)
            order.reverse()
    seconds = {case: [turn.seconds for turn in taken] for case, taken in turns.items()}
    lines = []
    for case, taken in turns.items():
        share = quotients(seconds["none"], seconds[case])
        lines.append(
            (
                case,
                f"{requests / Spread.of(seconds[case]).median:,.0f}",
                figure(Spread.of([turn.late for turn in taken]), "ms"),
                f"{1 / Spread.of(delivered).median:,.0f}" if case == working else "",
                "" if case == "none" else times(share),
                judged(-share.median, -LEAST_SHARE, AIM) if case == other else "",
            )
        )
    return Table(
        title=f"Notifications where webhooks wait for them, {CONNECTIONS} at once",
        headings=(
            "webhooks",
            "notifications a second",
            "99 of 100 take at most",
            "deliveries a second",
            "share",
            "aim",
        ),
        lines=lines,
        note=f"Into {len(ROOMS)} rooms by turns. The share is that of the notifications a second "
        "without webhooks. Where any waits, paused or not, each notification stores its event "
        "too; each webhook gets one event after the other.",
    )


class _Receiver:
    """Where webhooks lead."""

    def __init__(self, process: Child) -> None:
        self._process = process
        self.port = int(process.read())

    def count(self) -> int:
        """Return how many have come since the last time."""
        return int(self._process.ask(""))

    def drain(self, expected: int) -> None:
        """Wait until so many more have come.

        Raises:
            TimeoutError: They do not come.
        """
        ends = time.monotonic() + DRAIN_SECONDS
        while (expected := expected - self.count()) > 0:
            if time.monotonic() > ends:
                raise TimeoutError(f"{expected} webhooks have not come")
            time.sleep(0.02)


@contextmanager
def _receiving(scene: Scene) -> Iterator[_Receiver]:
    command = [sys.executable, "-m", "benchmarks.programs.receive_webhooks"]
    with Child("the receiver", command, scene.environment()) as process:
        core = loading_core()
        if core is not None:
            os.sched_setaffinity(process.pid, [core])
        yield _Receiver(process)


async def _write(database: Path, adding: partial) -> None:  # type: ignore[type-arg]  # of one shape
    opened = SqliteDatabase.open(database, durable=False)
    try:
        await opened.write(adding)
    finally:
        opened.close()


async def _add(
    stores: Stores, *, rooms: tuple[str, ...], count: int, url: str, is_paused: bool
) -> None:
    ids = []
    for name in rooms:
        room = await stores.rooms.by_name(1, name)
        if room is None:
            raise LookupError(name)
        ids.append(room.id)
    for number in range(count):
        webhook = NewWebhook(
            group_id=1,
            room_id=ids[number % len(ids)],
            client_id=None,
            user_id=1,
            key=f"key {number}",
            name=f"Webhook {number}",
            url=url,
            event=EVENT,
            pattern=None,
            authentication="none",
        )
        webhook_id = await stores.webhooks.add(webhook, position=0, now_us=LONG_AGO_US)
        if is_paused:
            state = SubscriptionState(
                position=0,
                tries=100,
                failing_since_us=LONG_AGO_US,
                next_try_us=time.time_ns() // 1_000 + HOURS_US,
                paused_us=LONG_AGO_US,
                problem="no answer",
            )
            await stores.subscriptions.set_state(webhook_id, state)
