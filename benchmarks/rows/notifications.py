"""A notification stored durably, against a bare application that writes the same rows."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.measuring import Spread, quotients
from benchmarks.messages import ROOM
from benchmarks.report import Table, figure, judged, times
from benchmarks.scene import Scene
from benchmarks.sending import Sender, Turn, request_bytes
from benchmarks.served import NOTIFICATION, fill, serve_bare, serve_hipkit

__all__ = ["TARGET", "measure"]

CONNECTIONS = 64
REQUESTS = 6_400
ROUNDS = 21
MESSAGES_BEFORE = 1_000
LEAST_SHARE = 0.4
AIM = "at least 0.4"
TARGET = "/v2/room/Dev%20Ops/notification"


def measure(scene: Scene) -> Table:
    """Run both servers in turns under the same load."""
    requests = scene.calls(REQUESTS)
    turns: dict[str, list[Turn]] = {"hipkit": [], "bare": []}
    with ExitStack() as stack:
        senders = {}
        for name, serve in (("hipkit", serve_hipkit), ("bare", serve_bare)):
            database = scene.folder / f"{name}.db"
            token = fill(database, {ROOM: MESSAGES_BEFORE})
            served = stack.enter_context(serve(scene, database))
            post = request_bytes("POST", TARGET, token, NOTIFICATION)
            sender = Sender(
                scene, served.port, [post], connections=CONNECTIONS, status=204
            )
            senders[name] = stack.enter_context(sender)
            sender.take_turn(requests)
        order = list(senders.items())
        for _ in range(scene.rounds(ROUNDS)):
            for name, sender in order:
                turns[name].append(sender.take_turn(requests))
            order.reverse()
    seconds = {name: [turn.seconds for turn in taken] for name, taken in turns.items()}
    share = quotients(seconds["bare"], seconds["hipkit"])
    return Table(
        title=f"A notification stored durably, {CONNECTIONS} at once",
        headings=(
            "server",
            "a second",
            "half take at most",
            "99 of 100",
            "share",
            "aim",
        ),
        lines=[
            (
                name,
                f"{requests / Spread.of(seconds[name]).median:,.0f}",
                figure(Spread.of([turn.middle for turn in taken]), "ms"),
                figure(Spread.of([turn.late for turn in taken]), "ms"),
                times(share) if name == "hipkit" else "",
                judged(-share.median, -LEAST_SHARE, AIM) if name == "hipkit" else "",
            )
            for name, taken in turns.items()
        ],
        note="The share is that of the requests a second of an application which writes the same "
        "rows from a writer thread of its own, and does nothing else, on the same HTTP library.",
    )
