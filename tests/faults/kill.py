"""`kill -9` under load: what was answered by success is there, once, and its webhooks arrive.

Half of the times the server kills itself inside a group commit (see `dying_server.py`), half of
the times it is killed from outside at any moment. All rounds share one database.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.server
import itertools
import json
import os
import random
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.serving import Running
from tests.faults.load import (
    ROOM,
    WATCHED_ROOM,
    history_of,
    post_until_it_ends,
    room_of,
)
from tests.faults.serving import DATABASE, HIPKIT, python, serving

ROUNDS = 200
LATEST_KILL_SECONDS = 0.4
LATEST_COMMIT = 40
WEBHOOK_SECONDS = 60.0
"""The longest silence before webhooks count as lost."""
ANY_MOMENT, AFTER_COMMIT = "at any moment", "just after a commit"
DEATHS = {
    b"B": "between BEGIN and COMMIT",
    b"C": "inside COMMIT",
    b"E": AFTER_COMMIT,
}


@dataclass
class Outcome:
    """What all rounds came to."""

    kills: Counter[str] = field(default_factory=Counter)
    """By where the server was."""
    promised: list[str] = field(default_factory=list)
    stored_unpromised: int = 0
    """Stored, and the server died before it could say so: nobody was told anything wrong."""
    received: list[str] = field(default_factory=list)
    """The texts that came by webhook, in that order; what was sent when the server died comes
    again."""

    @property
    def from_outside(self) -> int:
        """How often it was killed at any moment."""
        return self.kills[ANY_MOMENT]

    @property
    def inside(self) -> int:
        """How often it died inside a group commit; just after one does not count."""
        return self.kills.total() - self.from_outside - self.kills[AFTER_COMMIT]


def run(folder: Path, rounds: int) -> Outcome:
    """Kill so many times, and look each time; at the end look at everything through the API.

    Raises:
        AssertionError: A promise was broken.
    """
    outcome = Outcome()
    with _receiving(outcome.received) as url:
        with _serving(folder) as server:
            for room in (ROOM, WATCHED_ROOM):
                assert server.call("POST", "/room", {"name": room})[0] == 201
            webhook = {"url": url, "event": "room_notification", "name": "Watcher"}
            path = f"/room/{WATCHED_ROOM}/webhook"
            assert server.call("POST", path, webhook)[0] == 201
            first = iter(["before the first kill, 0", "before the first kill, 1"])
            outcome.promised += asyncio.run(post_until_it_ends(server, first))
            assert server.stop() == 0
        while outcome.from_outside + outcome.inside < rounds:
            number = outcome.kills.total()
            before = _last_sequence(folder)
            promised = _round(folder, number, outcome)
            stored = _stored_after(folder, before)
            assert max(stored.values(), default=1) == 1, "a message is there twice"
            missing = set(promised) - stored.keys()
            assert not missing, f"round {number}: {len(missing)} promises are broken"
            outcome.promised += promised
            outcome.stored_unpromised += len(stored) - len(promised)
        _check_whole(folder, outcome)
    return outcome


def _serving(
    folder: Path, command: Sequence[str] = HIPKIT, pass_fds: Sequence[int] = ()
) -> contextlib.AbstractContextManager[Running]:
    options = ("--webhook-network", "127.0.0.0/8")
    return serving(folder, *options, command=command, pass_fds=pass_fds)


def _round(folder: Path, number: int, outcome: Outcome) -> list[str]:
    texts = (f"round {number} message {place}" for place in itertools.count())
    if outcome.from_outside <= outcome.inside:
        with _serving(folder) as server:
            seconds = random.uniform(0.02, LATEST_KILL_SECONDS)
            timer = threading.Timer(seconds, server.process.kill)
            timer.start()
            promised = asyncio.run(post_until_it_ends(server, texts))
            server.process.wait()
        outcome.kills[ANY_MOMENT] += 1
        return promised
    numbers = os.pipe()
    with os.fdopen(numbers[0], "rb") as reading:
        with os.fdopen(numbers[1], "wb") as writing:
            place = random.choice(["statement", "commit"])
            commit = str(random.randint(1, LATEST_COMMIT))
            marks = str(writing.fileno())
            command = python("tests.faults.dying_server", marks, commit, place)
            with _serving(folder, command, [writing.fileno()]) as server:
                promised = asyncio.run(post_until_it_ends(server, texts))
                server.process.wait()
        outcome.kills[DEATHS[reading.read()[-1:]]] += 1
    return promised


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / DATABASE)
    try:
        yield connection
    finally:
        connection.close()


def _last_sequence(folder: Path) -> int:
    with _database(folder) as database:
        found = database.execute("SELECT max(sequence) FROM messages").fetchone()
    return found[0] or 0


def _stored_after(folder: Path, sequence: int) -> Counter[str]:
    """Count what a round has stored, by its text."""
    with _database(folder) as database:
        rows = database.execute(
            "SELECT body FROM messages WHERE sequence > ?", (sequence,)
        )
        return Counter(body for (body,) in rows)


def _check_whole(folder: Path, outcome: Outcome) -> None:
    """Look at the database as a whole, and wait for the webhooks that are still to come."""
    with _serving(folder) as server:
        said = {
            room: history_of(server, room, kind="notification")
            for room in (ROOM, WATCHED_ROOM)
        }
        _wait_for(set(said[WATCHED_ROOM]), outcome.received)
        assert server.stop() == 0
    seen = Counter(itertools.chain.from_iterable(said.values()))
    assert max(seen.values(), default=1) == 1
    assert not set(outcome.promised) - seen.keys()
    assert all(room_of(text) == room for room, texts in said.items() for text in texts)
    # In the order in which they were said, once those that came again are left out.
    assert list(dict.fromkeys(outcome.received)) == said[WATCHED_ROOM]
    with _database(folder) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.execute(
            "INSERT INTO message_words (message_words, rank)"
            " VALUES ('integrity-check', 1)"
        )
        counted = database.execute("SELECT sum(messages_sent) FROM conversations")
        assert counted.fetchone() == (len(seen),)


def _wait_for(expected: set[str], received: list[str]) -> None:
    ends = time.monotonic() + WEBHOOK_SECONDS
    known = 0
    while expected:
        if len(received) == known:
            assert time.monotonic() < ends, f"{len(expected)} webhooks do not come"
            time.sleep(0.05)
            continue
        ends = time.monotonic() + WEBHOOK_SECONDS
        known = len(received)
        expected = expected.difference(received)


@contextlib.contextmanager
def _receiving(received: list[str]) -> Iterator[str]:
    """Note the texts that come by webhook; give the address where they do."""

    class Receiver(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            event = json.loads(self.rfile.read(length))
            received.append(event["item"]["message"]["message"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of senders that were killed."""

    receiver = Server(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=receiver.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{receiver.server_port}/"
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        outcome = run(Path(name), rounds)
    for place, count in sorted(outcome.kills.items()):
        print(f"killed {place}: {count} times")
    print(f"{len(outcome.promised):,} messages were promised, and are there, once")
    came = len(set(outcome.received))
    again = len(outcome.received) - came
    print(f"{came:,} of them came by webhook, in order; {again:,} of these once more")
    print(f"{outcome.stored_unpromised:,} more are there whose sender had no answer")


if __name__ == "__main__":
    main()
