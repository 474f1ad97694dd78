"""Count what one API call walks through on the server: function calls, modules, moves.

    python scripts/count_calls.py [--list]

Counts the calls of functions below `src/hipkit/server/`, in all threads, of the third call on a
warm `hipkit.testing.HipChatServer`. A move is two neighbouring calls in different modules: what
a reader has to jump. `--list` prints every call in its order.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import FrameType

import hipkit.server
from hipkit.testing import HipChatServer

SERVER = str(Path(hipkit.server.__file__).parent) + "/"
WARM_CALLS = 2


@dataclass(slots=True)
class Trace:
    """The calls of functions of the server, in their order."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    """Module and function."""
    is_on: bool = False

    def record(self, frame: FrameType, event: str, _: object) -> None:
        """Take an event of `sys.setprofile`."""
        path = frame.f_code.co_filename
        if self.is_on and event == "call" and path.startswith(SERVER):
            self.calls.append((path.removeprefix(SERVER), frame.f_code.co_qualname))

    def summary(self) -> str:
        """Return the three counts."""
        modules = {module for module, _ in self.calls}
        moves = sum(before[0] != after[0] for before, after in pairwise(self.calls))
        return f"{len(self.calls)} calls, {len(modules)} modules, {moves} moves"


@contextmanager
def tracing() -> Iterator[Trace]:
    """Record in this thread and in every thread that starts meanwhile."""
    trace = Trace()
    threading.setprofile(trace.record)
    sys.setprofile(trace.record)
    try:
        yield trace
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def main(arguments: list[str] | None = None) -> int:
    """Print the counts of a read and of a notification."""
    parser = argparse.ArgumentParser(
        description="Count what one API call walks through."
    )
    parser.add_argument("--list", action="store_true", help="print every call")
    options = parser.parse_args(arguments)
    with tracing() as trace, HipChatServer() as server:
        server.add_room("ops")
        client = server.client
        paths: dict[str, Callable[[], object]] = {
            "GET room": lambda: client.rooms.get_room("ops"),
            "POST notification": lambda: client.rooms.send_room_notification(
                "ops", message="hello"
            ),
        }
        for name, call in paths.items():
            for _ in range(WARM_CALLS):
                call()
            trace.calls.clear()
            trace.is_on = True
            call()
            trace.is_on = False
            print(f"{name}: {trace.summary()}")
            if options.list:
                for module, function in trace.calls:
                    print(f"  {module} {function}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
