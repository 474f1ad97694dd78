"""How calls are sent: the options of a client or of one call, and their checks. No I/O.

Read next: `exchange.py`, which obeys them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import NoneType

import msgspec
from msgspec.structs import replace

from hipkit.api.callbacks import is_async
from hipkit.api.calling import CallOptions, Hooks, check_known_options
from hipkit.api.operation import Operation
from hipkit.api.secret import MaskedStruct
from hipkit.api.unreadable import OnUnreadable

__all__ = ["Policy", "check_headers"]

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Servers replace any other."""
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


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
        request_id: The value of `X-Request-Id`, 1 to 64 letters, digits, `.`, `_` and `-`;
            `None` for a new id for every call.
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
    request_id: str | None = None

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
            raise TypeError(
                "hooks must be Hooks(before=..., headers=..., after=..., wait=...)"
            )
        if not (self.on_unreadable is None or callable(self.on_unreadable)):
            raise TypeError("on_unreadable must be a function that takes an item")
        if not isinstance(self.request_id, (str, NoneType)):
            raise TypeError("request_id must be a string, or None for a new one")
        if self.request_id is not None and not REQUEST_ID.fullmatch(self.request_id):
            raise ValueError(
                "request_id must be 1 to 64 letters, digits, dots, underscores and hyphens"
            )
        check_headers(self.headers)
        if not self.timeout > 0 or not (self.deadline is None or self.deadline > 0):
            raise ValueError("timeout and deadline are seconds and must be above 0")
        if self.retries < 0:
            raise ValueError("retries must be 0 or more")
        if is_async(self.on_unreadable):
            raise TypeError("on_unreadable must be a plain function, not an async one")

    def with_options(
        self, options: CallOptions, operation: Operation[object] | None = None
    ) -> Policy:
        """Return the policy with a call's options applied.

        Args:
            options: The options; those left out stay.
            operation: The call, whose arguments the message of an error lists as well.

        Raises:
            TypeError: There is no such option; the message lists the existing ones.
        """
        try:
            return replace(self, **options)
        except TypeError:
            check_known_options(options, CallOptions, operation)
            raise


def check_headers(headers: object) -> None:
    """Check that the headers of a caller, or of a caller's hook, can be sent.

    Raises:
        TypeError: They are no mapping of strings to strings.
        ValueError: One has a line end or another character that no header may have.
    """
    if not isinstance(headers, Mapping):
        raise TypeError("headers must be names and values, such as a dict")
    for name, value in headers.items():
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
