"""What a server has in memory: idle, and after a great many requests."""

from __future__ import annotations

from benchmarks.messages import ROOM
from benchmarks.report import Table, judged
from benchmarks.rows.notifications import TARGET
from benchmarks.scene import Scene
from benchmarks.sending import Sender, request_bytes
from benchmarks.served import NOTIFICATION, fill, serve_hipkit

__all__ = ["measure"]

REQUESTS, QUICK_REQUESTS = 1_000_000, 2_000
FIRST_REQUESTS = 1_000
CONNECTIONS = 64
MOST_SECONDS = 1_800.0
MOST_IDLE = 90_000_000
MOST_GROWTH = 10_000_000


def measure(scene: Scene) -> Table:
    """Look at a server's memory before and after."""
    count = QUICK_REQUESTS if scene.quick else REQUESTS
    database = scene.folder / "memory.db"
    token = fill(database, {ROOM: FIRST_REQUESTS})
    post = request_bytes("POST", TARGET, token, NOTIFICATION)
    with serve_hipkit(scene, database) as served:
        idle = served.memory_bytes()
        with Sender(
            scene, served.port, [post], connections=CONNECTIONS, status=204
        ) as sender:
            sender.take_turn(FIRST_REQUESTS)
            first = served.memory_bytes()
            seconds = sender.take_turn(
                count - FIRST_REQUESTS, seconds=MOST_SECONDS
            ).seconds
            last = served.memory_bytes()
    return Table(
        title=f"A server's memory, idle and after {count:,} notifications",
        headings=("when", "resident memory", "aim"),
        lines=[
            ("idle", _megabytes(idle), judged(idle, MOST_IDLE, "under 90 MB")),
            (f"after {FIRST_REQUESTS:,} requests", _megabytes(first), ""),
            (
                f"after {count:,} requests",
                _megabytes(last),
                judged(last - idle, MOST_GROWTH, "grows by less than 10 MB"),
            ),
        ],
        note=f"Notifications on {CONNECTIONS} connections, stored durably, within "
        f"{seconds:.0f} s (all of them): {_megabytes(last - idle)} more than idle.",
    )


def _megabytes(size_bytes: float) -> str:
    return f"{size_bytes / 1_000_000:.1f} MB"
