"""Fifty routes of a relay, all working, and with one target that never answers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Spread, quotients
from benchmarks.posted import post_notifications
from benchmarks.report import Table, figure, judged, times
from benchmarks.scene import Scene
from hipkit.api.secret import Secret
from hipkit.relay.routes.kind import RouteKind
from hipkit.relay.routes.registration import register_routes
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Rendered,
    Reply,
    Settings,
)
from hipkit.relay.targets.webhook import Webhook, WebhookSettings
from hipkit.server import settings as server_settings
from hipkit.server.app import open_server
from hipkit.server.events.sender import Sender
from hipkit.server.events.subscriptions import Subscriptions
from hipkit.server.storage.stores.routes import ROUTE

__all__ = ["measure"]

ROUTES, MESSAGES, ROUNDS = 50, 40, 9
DEAD = "dead.example.com"
ANSWER_SECONDS = 0.01
SILENCE_SECONDS = 10.0
"""How long the relay waits for an answer."""
MOST_SLOWER = 1.05
AIM = "at most 1.05"


def measure(scene: Scene) -> Table:
    """Relay the same messages by fifty routes, with a dead target and without, in turn."""
    count = scene.calls(MESSAGES)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    order = [False, True]
    for _ in range(scene.rounds(ROUNDS)):
        for has_dead in order:
            with TemporaryDirectory(dir=scene.folder) as folder:
                took = asyncio.run(_relay(Path(folder), count, has_dead=has_dead))
            seconds[has_dead].append(took)
        order.reverse()
    slower = quotients(seconds[True], seconds[False])
    delivered = (ROUTES - 1) * count
    lines = [
        (
            "one never answers" if has_dead else "all work",
            figure(Spread.of(taken), "s"),
            f"{delivered / Spread.of(taken).median:,.0f}",
            times(slower) if has_dead else "",
            judged(slower.median, MOST_SLOWER, AIM) if has_dead else "",
        )
        for has_dead, taken in seconds.items()
    ]
    return Table(
        title=f"{ROUTES} routes of a relay, one of them dead",
        headings=("targets", "the other 49", "messages a second", "times", "aim"),
        lines=lines,
        note=f"{count} messages wait for each route. The targets answer after"
        f" {ANSWER_SECONDS * 1000:.0f} ms, the dead one never does.",
    )


class _Targets:
    """Targets in memory, which take their time."""

    def __init__(self, expected: int, *, has_dead: bool) -> None:
        self.done = asyncio.Event()
        self._left = expected
        self._has_dead = has_dead

    async def send(self, rendered: Rendered, settings: Settings) -> Reply | Answer:
        """Answer as the host does."""
        is_one = isinstance(rendered, HttpCall) and DEAD in rendered.url.reveal()
        if is_one and self._has_dead:
            await asyncio.sleep(SILENCE_SECONDS)
            return Answer(verdict="later", problem="no answer")
        await asyncio.sleep(ANSWER_SECONDS)
        if not is_one:
            self._left -= 1
            if self._left == 0:
                self.done.set()
        return Reply(status=204)


async def _relay(folder: Path, count: int, *, has_dead: bool) -> float:
    """Return how long it takes until the other routes have delivered all."""
    settings = server_settings.Settings(database=folder / "relay.db")
    server = await open_server(settings)
    runtime = server.runtime
    try:
        routes = [_route(number) for number in range(ROUTES)]
        await register_routes(await runtime.operator_context(), routes)
        now_us = time.time_ns() // 1_000
        await server.database.write(
            partial(post_notifications, count=count, posted_us=now_us)
        )
        targets = _Targets(count * (ROUTES - 1), has_dead=has_dead)
        kind = RouteKind(runtime, routes, targets)
        source = Subscriptions(
            server.database,
            runtime.signals,
            {ROUTE: kind},
            now_us=runtime.now_us,
            elapsed=runtime.elapsed,
        )
        began = time.perf_counter()
        running = asyncio.create_task(Sender(source, runtime.signals).run())
        await targets.done.wait()
        took = time.perf_counter() - began
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await _cancel_others()
        kind.close()
        return took
    finally:
        server.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _route(number: int) -> Route:
    host = f"chat{number}.example.com" if number else DEAD
    secret = Secret("0123456789abcdef0123456789abcdef")
    settings = WebhookSettings(url=Secret(f"https://{host}/hook"), secret=secret)
    return Route(name=f"route {number}", target=Webhook(), settings=settings)
