"""What an exchange asks of its driver, step by step (pure).

Read next: `exchange.py`, which yields the steps, and `client.py`, whose drivers carry them out.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, Protocol, TypeVar

from hipkit.api.secret import Secret
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)

__all__ = [
    "GetToken",
    "Outcome",
    "Pause",
    "RestartableSink",
    "Send",
    "Steps",
    "interrupt",
]

T = TypeVar("T")


class GetToken(NamedTuple):
    """Requests a token; `rejected` is the one that the server has just rejected."""

    rejected: Secret | None


class Send(NamedTuple):
    """Requests a send. The outcome is a `RawResponse` or a `TransportError`."""

    request: Request
    options: Options
    sink: Sink | None


class Pause(NamedTuple):
    """Requests a wait."""

    seconds: float
    reason: str


Outcome = RawResponse | TransportError
Steps = Generator[GetToken | Send | Pause, Secret | Outcome | None, T]


class RestartableSink(Protocol):
    """A sink that can discard its content, for another attempt."""

    def __call__(self, chunk: bytes, /) -> object:
        """Receive the next chunk of a response body."""

    def restart(self) -> bool:
        """Discard the content; return whether that was possible."""


def interrupt(steps: Steps[object]) -> None:
    """End a call that its driver gives up; does nothing after the exchange has ended it.

    The hook `after` is called now, not when memory is collected.
    """
    steps.close()
