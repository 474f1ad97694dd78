"""What happens to the calls of an add-on instead of their answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hipkit.transports.protocol import RawResponse, TransportError

__all__ = ["Fault", "Faults"]

BEFORE_TOKENS = frozenset({"generate_token", "get_capabilities"})
"""Calls that need no token; faults meet them only if they are named."""


@dataclass
class Fault:
    """What happens to an add-on's next calls instead of their answers.

    Attributes:
        status: The status that they get; `None` for no answer.
        times: How many calls it happens to.
        operation: Which calls; `None` for all that need a token.
        retry_after: When to try again, in seconds; `None` to leave it out.
        before: Called before such a call, which is then sent; `None` answers it.
    """

    status: int | None = None
    times: int = 1
    operation: str | None = None
    retry_after: int | None = None
    before: Callable[[], Awaitable[object]] | None = None

    def meets(self, operation: str) -> bool:
        """Return whether it happens to a call."""
        if self.times < 1:
            return False
        if self.operation is None:
            return operation not in BEFORE_TOKENS
        return self.operation == operation


class Faults:
    """The faults that wait for calls, the oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault behind the others."""
        self._waiting.append(fault)

    async def answer(self, operation: str) -> RawResponse | None:
        """Return the answer that a fault gives to a call; `None` if it is to be sent.

        Raises:
            TransportError: The fault is that there is no answer.
        """
        fault = next((each for each in self._waiting if each.meets(operation)), None)
        if fault is None:
            return None
        fault.times -= 1
        if fault.before is not None:
            await fault.before()
            return None
        if fault.status is None:
            raise TransportError(
                "broken", "the connection ended", may_have_arrived=False
            )
        return _error_answer(fault.status, fault.retry_after)


def _error_answer(status: int, retry_after: int | None) -> RawResponse:
    error = {"code": status, "type": "Fault", "message": "A test asked for this"}
    headers = {"content-type": "application/json"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return RawResponse(status, headers, json.dumps({"error": error}).encode())
