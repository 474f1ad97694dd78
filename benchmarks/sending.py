"""Load for a server, from a process of its own that costs little, and turns of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.children import MOST_SECONDS, Child
from benchmarks.scene import Scene

__all__ = ["Sender", "Turn", "loading_core", "request_bytes", "serving_core"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn took."""

    seconds: float
    """From the first request to the last answer."""
    middle: float
    """Half of the requests took so many seconds at most."""
    late: float
    """99 of 100 requests took so many seconds at most."""


def serving_core() -> int | None:
    """Return the core that servers are kept on; `None` where they go where they like."""
    return _cores()[0] if len(_cores()) > 1 else None


def loading_core() -> int | None:
    """Return the core that the load comes from."""
    return _cores()[-1] if len(_cores()) > 1 else None


def _cores() -> list[int]:
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))


def request_bytes(method: str, target: str, token: str, body: object = None) -> str:
    """Write a request with a JSON body, or none, as it goes over the wire."""
    content = "" if body is None else json.dumps(body)
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
    ]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", content])


class Sender:
    """A process that sends requests: receives a number, and returns what they took."""

    def __init__(
        self,
        scene: Scene,
        port: int,
        requests: Sequence[str],
        *,
        connections: int,
        status: int,
    ) -> None:
        self._process = Child(
            "the sender",
            [sys.executable, "-m", "benchmarks.programs.send_requests"],
            scene.environment(),
        )
        answered = {
            "port": port,
            "requests": list(requests),
            "connections": connections,
            "status": status,
            "core": loading_core(),
        }
        self._process.write(json.dumps(answered))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_type: type[BaseException] | None, *error: object) -> None:
        self._process.__exit__(error_type, *error)

    def take_turn(self, count: int, *, seconds: float = MOST_SECONDS) -> Turn:
        """Send so many requests, which take no longer than so many seconds."""
        return Turn(*map(float, self._process.ask(str(count), seconds=seconds).split()))
