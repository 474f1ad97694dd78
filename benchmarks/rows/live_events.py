"""A message from its POST to the pages that show it, many of which are open."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from http.client import HTTPConnection
from math import ceil
from urllib.parse import urlencode

from benchmarks.children import run_to_end
from benchmarks.report import Table, judged
from benchmarks.scene import Scene
from benchmarks.sending import loading_core, request_bytes
from benchmarks.served import PASSWORD, Process, fill, serve_hipkit
from hipkit.server.page.streams.stream import MOST_OF_USER

__all__ = ["measure"]

STREAMS, QUICK_STREAMS = 500, 25
ROOMS = 25
RATE = 100
ROUNDS = 5
SECONDS = 8.0
RATES = (5, 10, 20, 50, 100, 200)
"""Messages a second into one room that all watch."""
MOST_SECONDS = 0.1
LATER_US = 4_000_000_000_000_000
"""A stream that begins here gets nothing that was said before it."""
AIM = "99 of 100 under 100 ms"


def measure(scene: Scene) -> Table:
    """Watch 25 rooms, then one room at growing rates."""
    database = scene.folder / "live.db"
    names = [f"Room {number}" for number in range(ROOMS)]
    streams = QUICK_STREAMS if scene.quick else STREAMS
    # A person may have so many pages open and no more.
    readers = [
        f"reader{number}@example.com" for number in range(ceil(streams / MOST_OF_USER))
    ]
    token = fill(database, dict.fromkeys(names, 100), readers=readers)
    with serve_hipkit(scene, database) as served:
        cookies = [_sign_in(served, name) for name in readers]
        lines = [
            _line(scene, served, token, cookies, rooms=ROOMS, rate=RATE)
            for _ in range(scene.rounds(ROUNDS))
        ]
        middle = sorted(lines, key=lambda line: float(line[3].split()[0]))
        rates = RATES[:1] if scene.quick else RATES
        shown = [
            middle[len(middle) // 2],
            *(
                _line(scene, served, token, cookies, rooms=1, rate=rate)
                for rate in rates
            ),
        ]
    return Table(
        title="A live message, from its POST to the open pages",
        headings=("streams", "messages a second", "half within", "99 of 100", "aim"),
        lines=shown,
        note=f"From the moment when a message was due to be posted, for {SECONDS:.0f} s; of the "
        f"first line the middle one of {ROUNDS} runs. The others tell where it stops to hold that "
        "all pages show the same room.",
    )


def _sign_in(served: Process, name: str) -> str:
    """Sign in as a person does, and return the cookie."""
    connection = HTTPConnection("127.0.0.1", served.port)
    form = urlencode({"next": "/", "name": name, "password": PASSWORD})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://127.0.0.1:{served.port}",
    }
    connection.request("POST", "/sign-in", form, headers)
    answer = connection.getresponse()
    answer.read()
    cookies = [
        value.partition(";")[0]
        for name, value in answer.getheaders()
        if name.lower() == "set-cookie"
    ]
    connection.close()
    return next(cookie for cookie in cookies if "-session=" in cookie)


def _line(
    scene: Scene,
    served: Process,
    token: str,
    cookies: Sequence[str],
    *,
    rooms: int,
    rate: int,
) -> tuple[str, ...]:
    streams = QUICK_STREAMS if scene.quick else STREAMS
    count = rooms if scene.quick else int(rate * SECONDS)
    count -= count % rooms
    seconds, missing = _watch(
        scene,
        served,
        # The rooms' ids follow each other from 1 on.
        streams=[
            (
                f"/feed?room={1 + number % rooms}&after={LATER_US}",
                cookies[number // MOST_OF_USER],
            )
            for number in range(streams)
        ],
        requests=[
            request_bytes(
                "POST",
                f"/v2/room/{1 + number % rooms}/notification",
                token,
                {"message": f"live-{number}-live", "message_format": "text"},
            )
            for number in range(count)
        ],
        rooms=rooms,
        rate=rate,
    )
    late = seconds[int(len(seconds) * 0.99)]
    verdict = judged(late if not missing else float("inf"), MOST_SECONDS, AIM)
    where = f"{streams} over {rooms} rooms" if rooms > 1 else f"{streams} in one room"
    if rooms == 1:
        verdict = "holds" if verdict.endswith(": met") else "does not hold"
    return (
        where,
        str(rate),
        f"{seconds[len(seconds) // 2] * 1000:.1f} ms",
        f"{late * 1000:.1f} ms" + (f", {missing} never came" if missing else ""),
        verdict,
    )


def _watch(
    scene: Scene,
    served: Process,
    *,
    streams: Sequence[tuple[str, str]],
    requests: Sequence[str],
    rooms: int,
    rate: int,
) -> tuple[list[float], int]:
    options = {
        "port": served.port,
        "streams": streams,
        "requests": requests,
        "rooms": rooms,
        "rate": rate,
        "core": loading_core(),
    }
    done = run_to_end(
        "the program that watches streams",
        [sys.executable, "-m", "benchmarks.programs.watch_streams"],
        scene.environment(),
        given=json.dumps(options),
    )
    result = json.loads(done.output)
    return result["seconds"], result["missing"]
