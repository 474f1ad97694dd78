"""How calls are sent: the options of a client or of one call, and their checks. No I/O.

Read next: `exchange.py`, which obeys them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import NoneType
from typing import TypedDict

import msgspec
from msgspec.structs import replace

from hipkit.api.response import SentRequest
from hipkit.api.secret import MaskedStruct
from hipkit.api.suggestions import did_you_mean
from hipkit.client.decoding import OnUnreadable
from hipkit.transports.protocol import TransportError

__all__ = [
    "CallOptions",
    "Hooks",
    "Policy",
    "check_known_options",
    "is_async",
]

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_async(function: object) -> bool:
    """Return whether calling this returns an awaitable."""
    while isinstance(function, partial):
        function = function.func
    if not callable(function):
        return False
    from inspect import iscoroutinefunction  # Large, and most clients have no hooks.

    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """Functions called around every request, in the thread or task that sends it.

    Each should return at once; an exception ends the call. They receive no token, no secret path
    argument and no body.
    """

    before: Callable[[SentRequest], object] | None = None
    after: Callable[[SentRequest, int | TransportError, float], object] | None = None
    """Called after every attempt with the request, the status or error, and the seconds taken."""
    wait: Callable[[float, str], object] | None = None
    """Called before every wait with its seconds and the reason."""

    def __post_init__(self) -> None:
        for name in ("before", "after", "wait"):
            hook = getattr(self, name)
            if not (hook is None or callable(hook)):
                raise TypeError(f"the hook {name} must be a function")
            if is_async(hook):
                raise TypeError(
                    f"the hook {name} must be a plain function, not an async one"
                )


class Policy(MaskedStruct, frozen=True, kw_only=True):
    """How a client sends calls.

    Attributes:
        timeout: Maximum silence of the server, in seconds.
        deadline: Maximum duration of a whole call, waits and retries included, in seconds;
            `None` for no deadline.
        retries: Maximum number of retries of a call, 0 for none.
        pace: Whether to wait for the end of the window before a call that the server would
            reject, according to the limits in its last responses.
        headers: Headers to send with every request.
        hooks: Functions to call around every request.
        max_response_bytes: Maximum size of a decompressed response body, in bytes.
        on_unreadable: Called with each item of a response's list that cannot be read, in the
            thread or task that sends; the list then continues without the item. An exception
            ends the call. Without this function such an item raises `ResponseError`.
    """

    secrets = frozenset({"headers"})

    timeout: float = 30.0
    deadline: float | None = 120.0
    retries: int = 3
    pace: bool = False
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    hooks: Hooks = Hooks()
    max_response_bytes: int = 64 * 1024 * 1024
    on_unreadable: OnUnreadable | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.timeout, (int, float)):
            raise TypeError(
                "timeout must be a number of seconds; it cannot be switched off"
            )
        if not isinstance(self.deadline, (int, float, NoneType)):
            raise TypeError(
                "deadline must be a number of seconds, or None for no deadline"
            )
        if not isinstance(self.retries, int):
            raise TypeError("retries must be a whole number")
        if not isinstance(self.max_response_bytes, int):
            raise TypeError("max_response_bytes must be a whole number")
        if not isinstance(self.hooks, Hooks):
            raise TypeError("hooks must be Hooks(before=..., after=..., wait=...)")
        if not (self.on_unreadable is None or callable(self.on_unreadable)):
            raise TypeError("on_unreadable must be a function that takes an item")
        if not isinstance(self.headers, Mapping):
            raise TypeError("headers must be names and values, such as a dict")
        if not self.timeout > 0 or not (self.deadline is None or self.deadline > 0):
            raise ValueError("timeout and deadline are seconds and must be above 0")
        if self.retries < 0:
            raise ValueError("retries must be 0 or more")
        if is_async(self.on_unreadable):
            raise TypeError("on_unreadable must be a plain function, not an async one")
        for name, value in self.headers.items():
            # The value may be a secret, so the message does not repeat it.
            if not (isinstance(name, str) and isinstance(value, str)):
                raise TypeError(
                    f"the header {name!r} must be two strings, not "
                    f"{type(name).__name__} and {type(value).__name__}"
                )
            if not (
                HEADER_NAME.fullmatch(name) and value.isprintable() and value.isascii()
            ):
                raise ValueError(
                    f"the header {name!r} must be printable ASCII, without line ends, "
                    "and its name a token"
                )

    def with_options(self, options: CallOptions) -> Policy:
        """Return the policy with a call's options applied.

        Raises:
            TypeError: There is no such option; the message lists the existing ones.
        """
        try:
            return replace(self, **options)
        except TypeError:
            check_known_options(options, CallOptions)
            raise


class CallOptions(TypedDict, total=False):
    """Options that can be set per call; see `Policy`."""

    timeout: float
    deadline: float | None
    retries: int
    pace: bool
    headers: Mapping[str, str]
    hooks: Hooks
    max_response_bytes: int
    on_unreadable: OnUnreadable | None


def check_known_options(options: CallOptions, kind: type[CallOptions]) -> None:
    """Check that each option is one of a kind.

    Raises:
        TypeError: There is no such option; the message lists the existing ones.
    """
    known = sorted(kind.__annotations__)
    for name in sorted(options.keys() - known):
        raise TypeError(
            f"there is no option {name!r}{did_you_mean(name, known)} "
            f"There are {', '.join(known)}"
        )
