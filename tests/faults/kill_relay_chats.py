"""`kill -9` of the relay while it takes notifications and delivers them, to Matrix or by mail.

A sender posts numbered notifications, and is never far ahead of what arrives, so that a kill hits
both. What was answered with 204 has to arrive, in order: once in Matrix, whose homeserver knows
each message by its id, and hardly ever twice by mail.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from tests.e2e.serving import PATIENCE_SECONDS, Running, free_port
from tests.relay import homeserver
from tests.relay.mailserver import PASSWORD, MailServer, serving_mail
from tests.relay.relaying import RoomFeed, email_route, matrix_route, relaying

TargetName = Literal["matrix", "email"]
TARGETS: tuple[TargetName, ...] = ("matrix", "email")
MESSAGES, KILLS = 10_000, 10
MOST_AHEAD = 200
"""How many notifications may be waiting for their target."""
MOST_TWICE = 0.01
"""Of all mails."""
SILENCE_SECONDS = 10 * 60.0
NUMBER = re.compile(r"number (\d+)")


class Receiver(Protocol):
    """Where it arrives."""

    def next(self) -> list[int]:
        """Wait for some numbers, and return them in the order in which they arrived."""


@dataclass
class Outcome:
    """What came of a run."""

    promised: list[int]
    """The numbers of notifications that were answered with 204."""
    arrived: list[int]
    """All that arrived, in order."""
    kills: int
    seconds: float

    @property
    def lost(self) -> set[int]:
        return set(self.promised) - set(self.arrived)

    @property
    def repeats(self) -> int:
        return len(self.arrived) - len(set(self.arrived))

    @property
    def is_in_order(self) -> bool:
        first = list(dict.fromkeys(self.arrived))
        return first == sorted(first)


@dataclass
class Sender:
    """Posts notifications one after the other, whatever happens to the relay.

    One that is not answered is not posted again: nobody knows whether it was taken.
    """

    port: int
    messages: int
    promised: list[int] = field(default_factory=list)
    _last: int = 0
    _arrived: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)
    is_done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while len(self.promised) < self.messages:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._post()
        self.is_done.set()

    def arrived(self, count: int) -> None:
        with self._changed:
            self._arrived = count
            self._changed.notify_all()

    def _post(self) -> None:
        """Post until the connection breaks."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE_SECONDS
        )
        headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            connection.connect()
            while len(self.promised) < self.messages:
                self._wait_for_room()
                self._last += 1
                body = {"message": f"number {self._last}", "color": "red", "from": "CI"}
                connection.request(
                    "POST", "/v2/room/Builds/notification", json.dumps(body), headers
                )
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 204, answer.status
                self.promised.append(self._last)

    def _wait_for_room(self) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: len(self.promised) < self._arrived + MOST_AHEAD,
                PATIENCE_SECONDS,
            )


class MatrixReceiver:
    """A room of Matrix."""

    def __init__(self, feed: RoomFeed) -> None:
        self._feed = feed

    def next(self) -> list[int]:
        return [_number(event["content"]["body"]) for event in self._feed.next()]


class MailReceiver:
    """A mailbox."""

    def __init__(self, server: MailServer) -> None:
        self._server, self._read = server, 0
        self.ids: dict[int, set[str]] = {}

    def next(self) -> list[int]:
        mails = self._server.wait_for_more(self._read)
        self._read += len(mails)
        numbers = [_number(str(mail["Subject"])) for mail in mails]
        for number, mail in zip(numbers, mails, strict=True):
            self.ids.setdefault(number, set()).add(str(mail["Message-ID"]))
        return numbers


def _number(text: str) -> int:
    found = NUMBER.search(text)
    assert found is not None, text
    return int(found[1])


def run(
    folder: Path, target: TargetName, *, messages: int = MESSAGES, kills: int = KILLS
) -> Outcome:
    """Relay notifications to a target, and kill the relay meanwhile.

    Raises:
        AssertionError: A promised notification was lost, doubled, or out of order.
    """
    with contextlib.ExitStack() as stack:
        started = time.monotonic()
        if target == "matrix":
            place: tuple[Receiver, str] = _matrix(folder, stack)
            authority = None
        else:
            server = stack.enter_context(serving_mail(folder))
            place = (
                MailReceiver(server),
                email_route(folder, server.port, PASSWORD, backlog="send"),
            )
            authority = server.authority
        receiver, route = place
        (folder / "relay.toml").write_text(route)
        outcome = _drive(folder, receiver, authority, messages, kills)
        outcome.seconds = time.monotonic() - started
    _check(outcome, receiver, messages)
    return outcome


def _matrix(folder: Path, stack: contextlib.ExitStack) -> tuple[Receiver, str]:
    server = stack.enter_context(homeserver.running(folder / "synapse"))
    reader, bot = server.register_anybody(), server.register_anybody()
    room_id = reader.create_room()
    route = matrix_route(folder, bot, room_id, backlog="send")
    return MatrixReceiver(RoomFeed(reader, room_id)), route


def _drive(
    folder: Path, receiver: Receiver, authority: Path | None, messages: int, kills: int
) -> Outcome:
    port = free_port()
    sender = Sender(port, messages)
    # A kill comes when so much has arrived, not after a time: it hits work on any machine.
    points = [messages * (number + 1) // (kills + 1) for number in range(kills)]
    arrived: list[int] = []
    seen: set[int] = set()
    thread = threading.Thread(target=sender.run, daemon=True)
    thread.start()
    for point in [*points, None]:
        with relaying(folder, port=port, authority=authority) as relay:
            _receive(relay, sender, receiver, arrived, seen, point)
            if point is not None:
                relay.process.kill()
    thread.join()
    return Outcome(sender.promised, arrived, kills, 0.0)


def _receive(
    relay: Running,
    sender: Sender,
    receiver: Receiver,
    arrived: list[int],
    seen: set[int],
    point: int | None,
) -> None:
    """Receive until so many arrived; without a number, until all that was promised did."""
    silent_since = time.monotonic()
    while not _is_enough(sender, seen, point):
        assert relay.process.poll() is None, "".join(relay.stderr_lines)
        numbers = receiver.next()
        if numbers:
            silent_since = time.monotonic()
        assert time.monotonic() - silent_since < SILENCE_SECONDS, (
            f"{len(seen)} arrived, then nothing: {''.join(relay.stderr_lines[-20:])}"
        )
        arrived += numbers
        seen.update(numbers)
        sender.arrived(len(seen))


def _is_enough(sender: Sender, seen: set[int], point: int | None) -> bool:
    if point is not None:
        return len(seen) >= point
    return sender.is_done.is_set() and seen.issuperset(sender.promised)


def _check(outcome: Outcome, receiver: Receiver, messages: int) -> None:
    assert len(outcome.promised) == messages
    assert not outcome.lost
    assert outcome.is_in_order
    if isinstance(receiver, MailReceiver):
        assert all(len(ids) == 1 for ids in receiver.ids.values())
        assert outcome.repeats <= max(outcome.kills, MOST_TWICE * messages)
    else:
        assert outcome.repeats == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--kills", type=int, default=KILLS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(
            Path(folder),
            arguments.target,
            messages=arguments.messages,
            kills=arguments.kills,
        )
    print(
        f"{arguments.target}: {len(outcome.promised)} answered with 204, {outcome.kills} kills,"
        f" {len(outcome.lost)} lost, {outcome.repeats} twice,"
        f" {len(outcome.arrived) - len(outcome.promised)} more than answered,"
        f" {outcome.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
