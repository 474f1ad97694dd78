"""`kill -9` of server and add-on while webhooks are delivered, one in ten of which fails.

An add-on made with the kit is installed in many rooms. While messages are posted and delivered,
the server is killed, the add-on (`failing_addon.py`), or both. The add-on may run in several
processes, with one address and one storage, of which one at a time is killed. In the end each
message that is in a room must have been handled, in the room's order, and hardly any twice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar
from urllib.parse import quote

from tests.e2e.serving import PATIENCE_SECONDS, Running, free_port
from tests.faults.failing_addon import HANDLED, POSTED
from tests.faults.load import history_of, post_until_it_ends, request_bytes
from tests.faults.serving import DATABASE, REPOSITORY, python, serving

MESSAGES, ROOMS, KILLS = 10_000, 200, 30
KILL_SECONDS = (1.0, 8.0)
"""How long both run before the next kill: what failed is tried again after some five seconds."""
SILENCE_SECONDS = 20 * 60.0
"""The longest silence before events count as lost. The server waits for up to a quarter of an hour
before the next try, after many that met an add-on which was dead."""
MOST_TWICE = 0.01
"""Of all messages, with as few kills for so many as by default. How many handlers have ended and
are not stored as such at a kill depends on the machine."""

# One process for all rooms: most of a command's time is its start.
INSTALL = """
import sys
from hipkit.cli.commands import run

database, url, *rooms = sys.argv[1:]
command = ["admin", "--db", database, "addon", "install", url, "--yes", "--room"]
sys.exit(max(run([*command, room]) for room in rooms))
"""


# The waits of a test need not be those of an operator.
SERVER = """
import sys
from dataclasses import replace
from hipkit.cli import main
from hipkit.server.services.webhooks.kind import WebhookKind

times = float(sys.argv.pop(1))
waits = tuple(seconds / times for seconds in WebhookKind.retry.waits)
WebhookKind.retry = replace(WebhookKind.retry, waits=waits)
main()
"""


class Killed(Protocol):
    """What runs in a process."""

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process."""


T = TypeVar("T", bound=Killed)


@dataclass
class AddOnProcess:
    """The add-on's process."""

    process: subprocess.Popen[str]


@dataclass
class Outcome:
    """What all kills came to."""

    kills: Counter[str] = field(default_factory=Counter)
    """By who was killed."""
    waiting: list[int] = field(default_factory=list)
    """How many messages were stored and not handled yet, at each kill."""
    promised: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    """What is in each room, in order."""
    handled: list[str] = field(default_factory=list)
    """What the add-on's handler got, in order, after crashes once more."""
    posts: Counter[str] = field(default_factory=Counter)
    """How the add-on answered webhooks."""
    processes: Counter[str] = field(default_factory=Counter)
    """How many each of the add-on's processes got, until it was killed."""
    repeats: int = 0
    """Webhooks of an event that the add-on had stored already."""

    @property
    def stored(self) -> int:
        """How many messages are in the rooms."""
        return sum(map(len, self.said.values()))

    @property
    def addon_kills(self) -> int:
        """How often the add-on was killed."""
        return sum(count for who, count in self.kills.items() if "add-on" in who)

    @property
    def twice(self) -> int:
        """How often a message was handled that had been handled before."""
        return len(self.handled) - len(set(self.handled))


class Restarting(Generic[T]):
    """A process that is killed and started again."""

    def __init__(self, start: Callable[[], AbstractContextManager[T]]) -> None:
        self._start = start
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.running = self._stack.enter_context(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def restart(self) -> None:
        """Start it again once it is dead."""
        self.running.process.wait()
        self._stack.close()
        self.running = self._stack.enter_context(self._start())

    def stop(self) -> int:
        """Stop it as an operator would, and return its exit code."""
        self.running.process.terminate()
        return self.running.process.wait(PATIENCE_SECONDS)


def run(
    folder: Path,
    *,
    messages: int,
    rooms: int,
    kills: int,
    processes: int = 1,
    haste: float = 1.0,
) -> Outcome:
    """Kill so many times while so many messages are delivered, and look at the end.

    The add-on runs in so many processes. With haste, all waits are so many times shorter: those
    between kills, the server's before it tries again, and the add-on's after a crash.

    Raises:
        AssertionError: An event was lost, came out of order, or was handled again without need:
            at a kill, only the one that each room was at.
    """
    outcome = Outcome()
    names = [f"Room {number}" for number in range(rooms)]
    texts = (
        f"{name}: {number}"
        for number, name in zip(range(messages), itertools.cycle(names))
    )
    # Both are found again where they were.
    port, addon_port = free_port(), free_port()
    options = ("--port", str(port), "--webhook-network", "127.0.0.0/8")
    command = [sys.executable, "-c", SERVER, str(haste)]
    with (
        Restarting(lambda: serving(folder, *options, command=command)) as server,
        contextlib.ExitStack() as stack,
    ):
        addons = {
            "add-on" if processes == 1 else f"add-on {number}": stack.enter_context(
                Restarting(lambda: _addon(folder, addon_port, port, haste))
            )
            for number in range(1, processes + 1)
        }
        _install(server.running, addon_port, names)
        for victims in itertools.islice(itertools.cycle(_victims([*addons])), kills):
            share = itertools.islice(texts, messages // kills)
            seconds = random.uniform(*KILL_SECONDS) / haste
            killed = {
                name: server if name == "server" else addons[name] for name in victims
            }
            _round(server, killed, seconds, share, outcome)
        outcome.promised += _post(server.running, texts)
        outcome.said = {
            name: history_of(server.running, name, kind="message") for name in names
        }
        _wait_for(set(itertools.chain(*outcome.said.values())), folder)
        for addon in addons.values():
            # uvicorn ends by the signal that stopped it.
            assert addon.stop() in (0, -signal.SIGTERM)
        assert server.stop() == 0
    outcome.handled = _lines(folder / HANDLED)
    _count_posts(folder, outcome)
    _check(outcome)
    return outcome


def _victims(addons: list[str]) -> list[tuple[str, ...]]:
    """Return who is killed, by turns."""
    alone = [("server",), *((addon,) for addon in addons)]
    return [*alone, *(("server", addon) for addon in addons)]


def _install(server: Running, addon_port: int, names: list[str]) -> None:
    for name in names:
        assert server.call("POST", "/room", {"name": name})[0] == 201
    url = f"http://127.0.0.1:{addon_port}/capabilities"
    database = str(server.folder / DATABASE)
    subprocess.run(
        [sys.executable, "-c", INSTALL, database, url, *names],
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _round(
    server: Restarting[Running],
    killed: Mapping[str, Restarting[Running] | Restarting[AddOnProcess]],
    seconds: float,
    texts: Iterator[str],
    outcome: Outcome,
) -> None:
    """Post, and kill after so many seconds."""

    def kill() -> None:
        for each in killed.values():
            each.running.process.kill()

    timer = threading.Timer(seconds, kill)
    timer.start()
    outcome.promised += _post(server.running, texts)
    timer.join()
    outcome.kills[" and ".join(killed)] += 1
    handled = len(set(_lines(server.running.folder / HANDLED)))
    # Messages whose answer was lost are handled too.
    outcome.waiting.append(max(0, len(outcome.promised) - handled))
    for each in killed.values():
        each.restart()


def _post(server: Running, texts: Iterator[str]) -> list[str]:
    return asyncio.run(post_until_it_ends(server, texts, written=_message))


def _message(token: str, text: str) -> bytes:
    room = quote(text.partition(":")[0])
    return request_bytes(f"/room/{room}/message", token, {"message": text})


def _wait_for(expected: set[str], folder: Path) -> None:
    """Wait until all were handled."""
    known = -1
    while (handled := len(expected.intersection(_lines(folder / HANDLED)))) < len(
        expected
    ):
        if handled != known:
            ends, known = time.monotonic() + SILENCE_SECONDS, handled
        missing = len(expected) - handled
        assert time.monotonic() < ends, f"{missing} events are not handled"
        time.sleep(0.2)


def _count_posts(folder: Path, outcome: Outcome) -> None:
    stored = set[str]()
    for line in _lines(folder / POSTED):
        status, delivery, process = line.split(" ")
        outcome.posts[status] += 1
        outcome.processes[process] += 1
        outcome.repeats += delivery in stored
        if status != "failed-before":
            stored.add(delivery)


def _check(outcome: Outcome) -> None:
    promised = set(outcome.promised)
    in_rooms = set(itertools.chain(*outcome.said.values()))
    assert promised <= in_rooms, f"{len(promised - in_rooms)} promises are broken"
    assert set(outcome.handled) == in_rooms
    handled = {name: list[str]() for name in outcome.said}
    for text in outcome.handled:
        handled[text.partition(":")[0]].append(text)
    for name, said in outcome.said.items():
        # Once those that were handled again are left out.
        assert list(dict.fromkeys(handled[name])) == said, f"{name} is out of order"
        again = len(handled[name]) - len(said)
        assert again <= outcome.addon_kills, f"{again} of {name} were handled again"
    assert set(outcome.posts) == {"204", "failed-before", "failed-after"}


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@contextlib.contextmanager
def _addon(
    folder: Path, port: int, server_port: int, haste: float
) -> Iterator[AddOnProcess]:
    host = f"http://127.0.0.1:{server_port}"
    arguments = (str(port), str(folder), host, str(haste))
    with (folder / "addon.log").open("a") as log:
        process = subprocess.Popen(
            python("tests.faults.failing_addon", *arguments),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        if not process.stdout.readline():
            said = (folder / "addon.log").read_text()
            raise RuntimeError(f"the add-on did not start: {said}")
        yield AddOnProcess(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--rooms", type=int, default=ROOMS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--processes", type=int, default=1, help="of the add-on")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        outcome = run(
            Path(name),
            messages=options.messages,
            rooms=options.rooms,
            kills=options.kills,
            processes=options.processes,
        )
    for killed, count in outcome.kills.items():
        print(f"killed {killed}: {count} times")
    least, most = min(outcome.waiting), max(outcome.waiting)
    print(f"meanwhile {least:,} to {most:,} messages were stored and not yet handled")
    print(
        f"{len(outcome.promised):,} messages were promised, {outcome.stored:,} are there"
    )
    for status, count in sorted(outcome.posts.items()):
        print(f"webhooks answered {status}: {count:,}")
    print(f"they were answered by {len(outcome.processes)} processes of the add-on")
    print(f"{outcome.repeats:,} webhooks were repeats of what was stored, and dropped")
    print(
        f"all {outcome.stored:,} were handled, in order; {outcome.twice:,} of them again"
    )
    print(f"{time.monotonic() - began:.0f} s")
    if outcome.twice >= MOST_TWICE * outcome.stored:
        sys.exit(f"one in {1 / MOST_TWICE:.0f} or more were handled again")


if __name__ == "__main__":
    main()
