"""A relay: from the 204 to the target's answer, the rate, idle, and with a night's backlog."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.children import Child
from benchmarks.measuring import Spread
from benchmarks.posted import POSTED_ROOM, post_notifications
from benchmarks.report import Table, figure, judged
from benchmarks.scene import Scene
from benchmarks.sending import loading_core
from benchmarks.served import Process, fill, serve_hipkit
from hipkit.server.storage.sqlite.database import SqliteDatabase

__all__ = ["measure"]

TARGET = f"/v2/room/{POSTED_ROOM}/notification"
MESSAGES, ALONE, CONNECTIONS = 3_000, 200, 64
ROUNDS = 5
ROUTES = 10
IDLE_SECONDS, QUICK_IDLE_SECONDS = 20.0, 2.0
SETTLED_SECONDS = 3.0
WAITING, QUICK_WAITING = 100_000, 1_000
AT_ONCE = 5_000
HOUR_US = 60 * 60 * 1_000_000
DEAD = "http://127.0.0.1:9/hook"
"""Nothing listens there."""

MATRIX = """\
to = "matrix"
homeserver = "http://127.0.0.1:{port}"
room = "!room"
token = "file:{secret}"
"""
WEBHOOK = """\
to = "webhook"
url = "file:{url}"
secret = "file:{secret}"
"""

Line = tuple[str, str, str]


def measure(scene: Scene) -> Table:
    """Relay to one fast target, then to ten that are dead."""
    lines: list[Line] = []
    for name, target in (("Matrix", MATRIX), ("a plain webhook", WEBHOOK)):
        lines += _measure_working(scene, name, target)
    lines += _measure_waiting(scene)
    count = QUICK_WAITING if scene.quick else WAITING
    return Table(
        title="A relay",
        headings=("what", "figure", "aim"),
        lines=lines,
        note="On SQLite, durable. Times are from the 204 that an old program gets to the target's "
        "answer; one message at a time, so that none waits for another. The rate lasts from the "
        f"first of {scene.calls(MESSAGES):,} notifications, {CONNECTIONS} at once, to the last "
        "answer of the target, and CPU is the server's for all of it, receiving included. Both "
        "can tell what they get twice, so several outcomes share a commit. "
        f"Idle, and with {count:,} waiting, {ROUTES} routes lead where nothing listens.",
    )


def _measure_working(scene: Scene, name: str, target: str) -> list[Line]:
    database = _folder(scene) / "working.db"
    token = fill(database, {POSTED_ROOM: 0})
    with ExitStack() as stack:
        receiver = stack.enter_context(_receiving(scene))
        port = int(receiver.read())
        file = _write_file(database.parent, target, f"http://127.0.0.1:{port}/hook", 1)
        served = stack.enter_context(
            serve_hipkit(scene, database, "--relay", str(file))
        )
        asked = {"port": served.port, "token": token, "target": TARGET}

        def take_turn(count: int, connections: int) -> dict[str, list[float]]:
            turn = {**asked, "count": count, "connections": connections}
            answer: dict[str, list[float]] = json.loads(receiver.ask(json.dumps(turn)))
            return answer

        take_turn(CONNECTIONS, CONNECTIONS)
        alone, rates, cpu = list[list[float]](), list[float](), list[float]()
        count = scene.calls(MESSAGES)
        for _ in range(scene.rounds(ROUNDS)):
            alone.append(take_turn(scene.calls(ALONE), 1)["waits"])
            before = _cpu_seconds(served)
            turn = take_turn(count, CONNECTIONS)
            rates.append(count / float(str(turn["delivered"])))
            cpu.append((_cpu_seconds(served) - before) / count)
    middle = Spread.of([_quantile(waits, 50) for waits in alone])
    late = Spread.of([_quantile(waits, 99) for waits in alone])
    rate = statistics.median(rates)
    return [
        (
            f"to {name}: half within",
            figure(middle, "ms"),
            judged(middle.median, 0.03, "at most 30 ms"),
        ),
        (
            f"to {name}: 99 of 100 within",
            figure(late, "ms"),
            judged(late.median, 0.1, "at most 100 ms"),
        ),
        (
            f"to {name}: delivered a second",
            f"{rate:,.0f}, CPU {figure(Spread.of(cpu), 'µs')} each",
            judged(-rate, -1_000, "at least 1,000"),
        ),
    ]


def _measure_waiting(scene: Scene) -> list[Line]:
    folder = _folder(scene)
    database = folder / "waiting.db"
    fill(database, {POSTED_ROOM: 0})
    file = _write_file(folder, WEBHOOK, DEAD, ROUTES)
    began = time.perf_counter()
    with serve_hipkit(scene, database, "--relay", str(file)) as served:
        empty = time.perf_counter() - began
        time.sleep(SETTLED_SECONDS)
        idle = served.memory_bytes()
        seconds = QUICK_IDLE_SECONDS if scene.quick else IDLE_SECONDS
        before = _wake_ups(served)
        time.sleep(seconds)
        wake_ups = (_wake_ups(served) - before) / seconds
    waiting = QUICK_WAITING if scene.quick else WAITING
    asyncio.run(_add(database, waiting))
    began = time.perf_counter()
    with serve_hipkit(scene, database, "--relay", str(file)) as served:
        start = time.perf_counter() - began
        time.sleep(SETTLED_SECONDS)
        grown = served.memory_bytes() - idle
    few = round(wake_ups, 1)
    return [
        (
            f"{ROUTES} routes idle: memory",
            f"{idle / 1e6:.1f} MB",
            judged(idle, 80e6, "at most 80 MB"),
        ),
        (
            f"{ROUTES} routes idle: wake-ups a second",
            f"{few:.1f} in {seconds:.0f} s",
            judged(few, 1.0, "at most 1"),
        ),
        ("nothing waits: start", f"{empty:.2f} s", ""),
        (
            f"{waiting:,} wait: start",
            f"{start:.2f} s",
            judged(start, 2.0, "at most 2 s"),
        ),
        (
            f"{waiting:,} wait: more memory than idle",
            f"{grown / 1e6:.1f} MB",
            judged(grown, 20e6, "at most 20 MB"),
        ),
    ]


@contextmanager
def _receiving(scene: Scene) -> Iterator[Child]:
    command = [sys.executable, "-m", "benchmarks.programs.receive_relayed"]
    with Child("the target", command, scene.environment()) as process:
        core = loading_core()
        if core is not None:
            os.sched_setaffinity(process.pid, [core])
        yield process


def _folder(scene: Scene) -> Path:
    folder = scene.folder / f"relay-{uuid.uuid4().hex}"
    folder.mkdir()
    return folder


def _write_file(folder: Path, target: str, url: str, routes: int) -> Path:
    """Write a relay's file and its secrets, and return its path."""
    secrets = {"secret": "0123456789abcdef0123456789abcdef", "url": url}
    for name, text in secrets.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text)
    port = url.split(":")[2].partition("/")[0]
    filled = target.format(port=port, secret=folder / "secret", url=folder / "url")
    head = '[[route]]\nname = "route {}"\nrooms = "*"\nallow_private_network = true\n'
    file = folder / "relay.toml"
    file.write_text("".join(head.format(one) + filled for one in range(routes)))
    return file


async def _add(database: Path, count: int) -> None:
    """Store what the routes of a server that has ended wait for."""
    posted_us = time.time_ns() // 1_000 - HOUR_US
    opened = SqliteDatabase.open(database, durable=False)
    try:
        for start in range(0, count, AT_ONCE):
            some = min(AT_ONCE, count - start)
            await opened.write(
                partial(post_notifications, count=some, posted_us=posted_us)
            )
    finally:
        opened.close()


def _cpu_seconds(served: Process) -> float:
    """Return the user and system time of a server so far."""
    fields = Path(f"/proc/{served.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wake_ups(served: Process) -> int:
    """Return how often threads of a server have waited for something so far."""
    statuses = Path(f"/proc/{served.pid}/task").glob("*/status")
    lines = (line for status in statuses for line in status.read_text().splitlines())
    return sum(
        int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt")
    )


def _quantile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
