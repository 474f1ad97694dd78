"""What generated methods call, and the options that they pass on (pure).

A client obeys the options: see `hipkit.client.policy`, which also has their defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypedDict, TypeVar, Unpack

import msgspec

from hipkit.api.callbacks import check_callback
from hipkit.api.operation import Operation
from hipkit.api.response import Response, SentRequest
from hipkit.api.suggestions import did_you_mean
from hipkit.api.transport_error import TransportError
from hipkit.api.unreadable import OnUnreadable

__all__ = [
    "AsyncRawSend",
    "AsyncSend",
    "CallOptions",
    "Hooks",
    "RawSend",
    "Send",
    "check_known_options",
]

T = TypeVar("T")


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """Functions called around every request, in the thread or task that sends it.

    Each should return at once; an exception ends the call. They receive no token, no secret path
    argument and no body.
    """

    before: Callable[[SentRequest], object] | None = None
    headers: Callable[[SentRequest], Mapping[str, str]] | None = None
    """Called before every attempt; it returns headers to send as well, such as `traceparent`. Like
    the option `headers`, they are shown as `***`, and a file's other host does not get them."""
    after: Callable[[SentRequest, int | TransportError, float], object] | None = None
    """Called after every attempt with the request, the status or error, and the seconds taken."""
    wait: Callable[[float, str], object] | None = None
    """Called before every wait with its seconds and the reason."""

    def __post_init__(self) -> None:
        for name in ("before", "headers", "after", "wait"):
            check_callback(f"the hook {name}", getattr(self, name))


class CallOptions(TypedDict, total=False):
    """Options of one call. Those left out are the client's; `with_options` changes these.

    Attributes:
        timeout: Maximum silence of the server, in seconds, above 0.
        deadline: Maximum duration of the whole call, waits and retries included, in seconds,
            above 0; `None` for no deadline.
        retries: Maximum number of retries, 0 for none.
        pace: Whether to wait for the end of the window before a call that the server would
            reject, according to the limits in its last responses.
        headers: Headers to send with the request, in place of the client's own.
        hooks: Functions to call around every request.
        max_response_bytes: Maximum size of a decompressed response body, in bytes.
        on_unreadable: Called with each item of a response's list that cannot be read.
        request_id: The value of `X-Request-Id`, 1 to 64 letters, digits, `.`, `_` and `-`;
            `None` for a new id for every call.
    """

    timeout: float
    deadline: float | None
    retries: int
    pace: bool
    headers: Mapping[str, str]
    hooks: Hooks
    max_response_bytes: int
    on_unreadable: OnUnreadable | None
    request_id: str | None


def check_known_options(
    options: CallOptions,
    kind: type[CallOptions],
    operation: Operation[object] | None = None,
) -> None:
    """Check that each option is one of a kind.

    Args:
        options: The options.
        kind: Declares the existing ones.
        operation: The call. A misspelt argument of its method arrives here as an option.

    Raises:
        TypeError: There is no such option; the message lists the existing ones.
    """
    known = sorted(kind.__annotations__)
    # A free request has no path of its own, and no method whose arguments are its fields.
    arguments = (
        () if operation is None or not operation.path else operation.__struct_fields__
    )
    for name in sorted(options.keys() - known):
        what, also = "option", ""
        if arguments:
            what = "option or argument"
            also = f"; the arguments of {type(operation).__name__} are {', '.join(arguments)}"
        raise TypeError(
            f"there is no {what} {name!r}{did_you_mean(name, [*known, *arguments])} "
            f"There are {', '.join(known)}{also}"
        )


class Send(Protocol):
    """The client function that generated methods call."""

    def __call__(self, operation: Operation[T], /, **options: Unpack[CallOptions]) -> T:
        """Carry out a call."""


class AsyncSend(Protocol):
    """The asynchronous counterpart."""

    async def __call__(
        self, operation: Operation[T], /, **options: Unpack[CallOptions]
    ) -> T:
        """Carry out a call."""


class RawSend(Protocol):
    """The client function that returns raw responses."""

    def __call__(
        self, operation: Operation[T], /, **options: Unpack[CallOptions]
    ) -> Response[T]:
        """Carry out a call."""


class AsyncRawSend(Protocol):
    """The asynchronous counterpart."""

    async def __call__(
        self, operation: Operation[T], /, **options: Unpack[CallOptions]
    ) -> Response[T]:
        """Carry out a call."""
