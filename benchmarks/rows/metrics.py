"""What metrics cost: a notification with them and without, and one answer to Prometheus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Spread, quotients
from benchmarks.report import Table, figure, judged, times
from benchmarks.scene import Scene
from hipkit.server.app import Server, open_server
from hipkit.server.metrics.prometheus import PrometheusObserver, Readings
from hipkit.server.observer import Observer
from hipkit.server.settings import Settings
from hipkit.server.shared.limits import LimitSettings
from hipkit.v2.catalog import OPERATIONS

__all__ = ["measure"]

ROUNDS, CALLS = 100, 100
MOST_MORE = 1.03
AIM = "at most 1.03"
BODY = b'{"message": "the disk of web1 is full", "color": "red", "notify": true}'


def measure(scene: Scene) -> Table:
    """Post the same notifications to two servers in this process, in turn."""
    observer = PrometheusObserver()
    with TemporaryDirectory(dir=scene.folder) as folder:
        seconds = asyncio.run(
            _take_turns(
                scene,
                {"without": Observer(), "with metrics": observer},
                Path(folder),
            )
        )
    more = quotients(seconds["with metrics"], seconds["without"])
    lines, answers = _expose(scene, observer)
    return Table(
        title="Metrics of the server",
        headings=("what", "CPU", "times", "aim"),
        lines=[
            ("a notification", figure(Spread.of(seconds["without"]), "µs"), "", ""),
            (
                "a notification, with metrics",
                figure(Spread.of(seconds["with metrics"]), "µs"),
                times(more),
                judged(more.median, MOST_MORE, AIM),
            ),
            (
                "what it tells: a call and a commit",
                figure(Spread.of(_tell(scene, observer)), "µs"),
                "",
                "",
            ),
            (f"an answer of {lines:,} lines", figure(Spread.of(answers), "ms"), "", ""),
        ],
        note="A call takes the server's pipeline and its commit, which does not wait for the"
        " disk, without sockets and HTTP: over a socket the share is smaller. The answer has"
        " every operation of API v2 in two classes of status.",
    )


async def _take_turns(
    scene: Scene, observers: dict[str, Observer], folder: Path
) -> dict[str, list[float]]:
    """Return the CPU of a call with each observer, a value a round."""
    servers: dict[str, Server] = {}
    for name, observer in observers.items():
        settings = Settings(
            database=folder / f"{len(servers)}.db",
            durable=False,
            limits=LimitSettings(enabled=False),
            observer=observer,
        )
        servers[name] = await open_server(settings)
        await _post(servers[name], "/v2/room", b'{"name": "Ops"}')
    seconds: dict[str, list[float]] = {name: [] for name in servers}
    order, calls = list(servers), scene.calls(CALLS)
    for _ in range(scene.rounds(ROUNDS)):
        for name in order:
            began = time.process_time()
            for _ in range(calls):
                await _post(servers[name], "/v2/room/Ops/notification", BODY)
            seconds[name].append((time.process_time() - began) / calls)
        order.reverse()
    for server in servers.values():
        server.close()
    return seconds


async def _post(server: Server, path: str, body: bytes) -> None:
    """Call the API as the HTTP server does."""
    token = server.settings.token_file.read_bytes().strip()
    scope: MutableMapping[str, object] = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"chat.example.com"),
            (b"authorization", b"Bearer " + token),
            (b"content-type", b"application/json"),
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8070),
    }
    statuses = []

    async def receive() -> MutableMapping[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, object]) -> None:
        statuses.append(message.get("status"))

    await server.api(scope, receive, send)
    if statuses[0] not in (201, 204):
        raise RuntimeError(f"the server answered {statuses[0]}")


def _tell(scene: Scene, observer: PrometheusObserver) -> list[float]:
    """Return the CPU of what a notification tells the observer."""
    found = []
    count = 100 * scene.calls(CALLS)
    for _ in range(scene.rounds(ROUNDS)):
        began = time.process_time()
        for _ in range(count):
            observer.call("send_room_notification", "v2", 204, 0.002)
            observer.commit(1, 0.001, is_kept=True)
        found.append((time.process_time() - began) / count)
    return found


def _expose(scene: Scene, observer: PrometheusObserver) -> tuple[int, list[float]]:
    """Return how many lines an answer has, and its CPU."""
    for entry in OPERATIONS:
        for status in (200, 404):
            observer.call(entry.operation_id, "v2", status, 0.002)
    readings = Readings(now_us=0, is_ready=True, streams=0, status=None)
    found = []
    for _ in range(scene.rounds(ROUNDS)):
        began = time.process_time()
        body, _ = observer.expose(readings, "")
        found.append(time.process_time() - began)
    return body.count(b"\n"), found
