"""What a server and its clients have in memory after a minute, and an hour later."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from benchmarks.children import Child
from benchmarks.messages import ROOM
from benchmarks.report import Table, judged
from benchmarks.scene import Scene
from benchmarks.served import fill, serve_hipkit

__all__ = ["measure"]

SECONDS, QUICK_SECONDS = (60.0, 3_600.0), (0.1, 0.1)
GRACE_SECONDS = 300.0
MOST_GROWTH = 10_000_000
TRANSPORTS = ("httpcore2", "pycurl")


def measure(scene: Scene) -> Table:
    """Let a client over each transport call a server, at a steady rate."""
    database = scene.folder / "growth.db"
    token = fill(database, {ROOM: 0})
    memory: dict[str, list[int]] = {}
    with serve_hipkit(scene, database) as served, ExitStack() as stack:
        base_url = f"http://127.0.0.1:{served.port}/v2"
        clients = {
            f"a client over {transport}": stack.enter_context(
                Child(
                    f"the client over {transport}",
                    [
                        *(sys.executable, "-m", "benchmarks.programs.keep_calling"),
                        *(base_url, token, ROOM, transport),
                    ],
                    scene.environment(),
                )
            )
            for transport in TRANSPORTS
        }
        for seconds in QUICK_SECONDS if scene.quick else SECONDS:
            for client in clients.values():
                client.write(str(seconds))
            for name, client in clients.items():
                answer = client.read(seconds=seconds + GRACE_SECONDS)
                memory.setdefault(name, []).append(int(answer))
            memory.setdefault("the server", []).append(served.memory_bytes())
    return Table(
        title="Memory after an hour of calls",
        headings=("process", "after a minute", "an hour later", "aim"),
        lines=[
            (
                name,
                f"{first / 1_000_000:.1f} MB",
                f"{last / 1_000_000:.1f} MB",
                judged(last - first, MOST_GROWTH, "grows by less than 10 MB"),
            )
            for name, (first, last) in memory.items()
        ],
        note="Resident memory, while each client posts 20 notifications a second.",
    )
