"""A page of a room's history, and how little the length of that history changes it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from urllib.parse import quote

from benchmarks.measuring import Spread, quotients
from benchmarks.report import Table, figure, judged, times
from benchmarks.scene import Scene
from benchmarks.sending import Sender, request_bytes
from benchmarks.served import Process, fill, moment_of, serve_hipkit

__all__ = ["measure"]

SHORT, LONG = "Short", "Long"
SHORT_MESSAGES = 1_000
PAGE = 100
ROUNDS = 31
REQUESTS = 100
AIM = 1.2, "at most 1.2"


def measure(scene: Scene) -> Table:
    """Ask for the same kinds of pages from a short and from a long room, in turn."""
    messages = {SHORT: SHORT_MESSAGES, LONG: scene.messages}
    database = scene.folder / "histories.db"
    token = fill(database, messages)
    with serve_hipkit(scene, database) as served:
        lines = [
            _line(scene, served, token, how, {n: q[how] for n, q in queries.items()})
            for queries in [{n: _queries(count) for n, count in messages.items()}]
            for how in queries[SHORT]
        ]
    return Table(
        title=f"A page of {PAGE} messages from a room with {scene.messages:,} of them",
        headings=("which page", "wall", f"of {SHORT_MESSAGES:,}: wall", "times", "aim"),
        lines=lines,
        note=f"Against the same page from a room with {SHORT_MESSAGES:,} messages, one request "
        "at a time. What `start-index` skips is counted in an index: the only page whose cost "
        "grows with what lies before it.",
    )


def _queries(count: int) -> dict[str, str]:
    """Tell how to ask for each page of a room with so many messages."""
    return {
        "recent": f"max-results={PAGE}",
        "dated, the newest": _dated(count - 1),
        "dated, the middle": _dated(count // 2),
        "dated, the oldest": _dated(PAGE - 1),
        "by start-index, the oldest": f"{_dated(count - 1)}&start-index={count - PAGE}",
    }


def _dated(number: int) -> str:
    date = datetime.fromtimestamp(moment_of(number) / 1_000_000, UTC).isoformat()
    return f"date={quote(date)}&max-results={PAGE}&reverse=false"


def _line(
    scene: Scene, served: Process, token: str, how: str, queries: dict[str, str]
) -> tuple[str, ...]:
    requests = scene.calls(REQUESTS)
    walls: dict[str, list[float]] = {SHORT: [], LONG: []}
    with ExitStack() as stack:
        turns = []
        for name, query in queries.items():
            get = request_bytes("GET", f"/v2/room/{name}/history?{query}", token)
            sender = Sender(scene, served.port, [get], connections=1, status=200)
            turns.append((name, stack.enter_context(sender)))
            sender.take_turn(requests)
        for _ in range(scene.rounds(ROUNDS)):
            for name, sender in turns:
                walls[name].append(sender.take_turn(requests).seconds / requests)
            turns.reverse()
    ratio = quotients(walls[LONG], walls[SHORT])
    return (
        how,
        figure(Spread.of(walls[LONG]), "ms"),
        figure(Spread.of(walls[SHORT]), "ms"),
        times(ratio),
        "" if "start-index" in how else judged(ratio.median, *AIM),
    )
