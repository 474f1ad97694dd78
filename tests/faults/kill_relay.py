"""`kill -9` of a relay while it delivers notifications, one in a hundred of which fails at first.

A server with two routes relays what is posted to a sink on this machine, which drops what it has by
its id. While notifications are posted and delivered, the server is killed, again and again. In the
end each that is stored must have reached the sink once, in the order in which it was stored, and
the red ones the second route too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.e2e.serving import Running
from tests.faults.kill_addon import Restarting
from tests.faults.load import post_until_it_ends, request_bytes
from tests.faults.serving import DATABASE, serving

MESSAGES, KILLS = 10_000, 10
KILL_SECONDS = (1.0, 6.0)
"""How long it runs before the next kill."""
SILENCE_SECONDS = 300.0
"""The longest silence before notifications count as lost."""
FAILS_ONE_IN = 100
RED_ONE_IN = 5

ROUTES = """
[[route]]
name = "all"
rooms = "*"
to = "webhook"
url = "file:{folder}/all"
secret = "file:{folder}/secret"
backlog = "send"
allow_private_network = true

[[route]]
name = "red"
rooms = "*"
when = {{ color = ["red"] }}
to = "webhook"
url = "file:{folder}/red"
secret = "file:{folder}/secret"
backlog = "send"
allow_private_network = true
"""


@dataclass
class Sink:
    """What arrived, by route."""

    arrived: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"all": {}, "red": {}}
    )
    """The texts by the ids of their messages, in the order in which they came first."""
    repeats: int = 0
    """How many came that were there."""
    failures: int = 0

    def take(self, route: str, message_id: str, text: str) -> int:
        """Take a message, and return the status to answer."""
        arrived = self.arrived[route]
        if message_id in arrived:
            self.repeats += 1
            return 204
        if random.randrange(2 * FAILS_ONE_IN) == 0:
            self.failures += 1
            return 503
        arrived[message_id] = text
        # The answer of some gets lost: they come again.
        return 204 if random.randrange(2 * FAILS_ONE_IN) else 503

    @property
    def count(self) -> int:
        """How many have arrived on both routes."""
        return sum(map(len, self.arrived.values()))


@dataclass
class Outcome:
    """What all kills came to."""

    promised: list[str] = field(default_factory=list)
    stored: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Ids and texts of what is stored, in order, by the route that takes it."""
    waiting: list[int] = field(default_factory=list)
    """How many were promised and had not arrived, at each kill."""
    sink: Sink = field(default_factory=Sink)
    kills: int = 0


def run(folder: Path, *, messages: int, kills: int, haste: float = 1.0) -> Outcome:
    """Kill so many times while so many notifications are relayed, and look at the end.

    With haste, the times between kills are so many times shorter.

    Raises:
        AssertionError: A notification was lost, came twice, or out of order.
    """
    outcome = Outcome()
    texts = (f"{number}" for number in range(messages))
    with receiving(outcome.sink) as url:
        file = _write_routes(folder, url)
        options = ("--relay", str(file))
        with Restarting(lambda: serving(folder, *options)) as server:
            assert server.running.call("POST", "/room", {"name": "Ops"})[0] == 201
            for _ in range(kills):
                seconds = random.uniform(*KILL_SECONDS) / haste
                share = itertools.islice(texts, messages // kills)
                _round(server, seconds, share, outcome)
            outcome.promised += _post(server.running, texts)
            outcome.stored = _stored(folder / DATABASE)
            _wait_for(sum(map(len, outcome.stored.values())), outcome.sink)
            assert server.stop() == 0
    _check(outcome)
    return outcome


@contextlib.contextmanager
def receiving(sink: Sink) -> Iterator[str]:
    """Serve the sink on this machine, and yield its address."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer go out together.
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            text = json.loads(body)["data"]["text"]
            with lock:
                route = self.path.strip("/")
                status = sink.take(route, self.headers["webhook-id"], text)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # A client that was killed.

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _write_routes(folder: Path, url: str) -> Path:
    for name, content in (
        ("all", f"{url}/all"),
        ("red", f"{url}/red"),
        ("secret", "0123456789abcdef0123456789abcdef"),
    ):
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    file = folder / "relay.toml"
    file.write_text(ROUTES.format(folder=folder))
    return file


def _round(
    server: Restarting[Running], seconds: float, texts: Iterator[str], outcome: Outcome
) -> None:
    timer = threading.Timer(seconds, server.running.process.kill)
    timer.start()
    outcome.promised += _post(server.running, texts)
    timer.join()
    outcome.kills += 1
    arrived = len(outcome.sink.arrived["all"])
    # Those whose answer was lost arrive too.
    outcome.waiting.append(max(0, len(outcome.promised) - arrived))
    server.restart()


def _post(server: Running, texts: Iterator[str]) -> list[str]:
    return asyncio.run(post_until_it_ends(server, texts, written=_notification))


def _notification(token: str, text: str) -> bytes:
    color = "yellow" if int(text) % RED_ONE_IN else "red"
    body = {"message": text, "message_format": "text", "color": color}
    return request_bytes("/room/Ops/notification", token, body)


def _stored(path: Path) -> dict[str, list[tuple[str, str]]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT id, body, color FROM messages WHERE kind = 'notification'"
            " ORDER BY sequence"
        ).fetchall()
    return {
        "all": [(message_id, text) for message_id, text, _ in rows],
        "red": [
            (message_id, text) for message_id, text, color in rows if color == "red"
        ],
    }


def _wait_for(count: int, sink: Sink) -> None:
    known, ends = -1, 0.0
    while sink.count < count:
        if sink.count != known:
            known, ends = sink.count, time.monotonic() + SILENCE_SECONDS
        assert time.monotonic() < ends, f"{count - sink.count} have not arrived"
        time.sleep(0.1)


def _check(outcome: Outcome) -> None:
    texts = [text for _, text in outcome.stored["all"]]
    missing = set(outcome.promised).difference(texts)
    assert not missing, f"{len(missing)} promises are broken"
    twice = [text for text, count in Counter(texts).items() if count > 1]
    assert not twice, f"{len(twice)} are stored twice"
    for name, stored in outcome.stored.items():
        arrived = list(outcome.sink.arrived[name].items())
        assert set(arrived) == set(stored), f"{name}: not what is stored arrived"
        assert arrived == stored, f"{name}: out of order"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--kills", type=int, default=KILLS)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        outcome = run(Path(name), messages=options.messages, kills=options.kills)
    sink = outcome.sink
    least, most = min(outcome.waiting), max(outcome.waiting)
    print(f"killed {outcome.kills} times, while {least:,} to {most:,} waited")
    print(
        f"{len(outcome.promised):,} notifications were promised,"
        f" {len(outcome.stored['all']):,} are stored"
    )
    print(
        f"{len(sink.arrived['all']):,} and {len(sink.arrived['red']):,} red ones arrived:"
        " 0 lost, 0 twice by their ids, in order"
    )
    print(
        f"{sink.repeats:,} came again and were dropped, {sink.failures:,} were failed"
    )
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
