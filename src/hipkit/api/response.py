"""A raw response, and the parts of its request that may be shown.

`client.raw` returns these; the other methods return what `Response.parse` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar, cast

import msgspec

from hipkit.api.frames import clears_locals
from hipkit.api.secret import MaskedStruct

__all__ = ["RequestSummary", "Response", "SentRequest", "with_reader"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

READER = "_read"


class RequestSummary(msgspec.Struct, frozen=True):
    """The request that an error is about, without any value that was sent."""

    method: str
    path: str
    """The template below the base URL, such as `/room/{room_id_or_name}`."""
    headers: tuple[str, ...]
    """Header names in lower case, without those that carry credentials."""


class SentRequest(msgspec.Struct, frozen=True):
    """The parts of a request that may be shown: no token, no secret path argument, no body."""

    method: str
    url: str
    """The URL, with secret path arguments as names in braces."""
    headers: Mapping[str, str]
    """Names in lower case; the `authorization` value is `***`."""
    template: str = ""
    """The path with the names of its arguments, such as `/v2/room/{room_id_or_name}`; empty for
    requests that are not an operation of the API."""
    resend_count: int = 0
    """How many times the call was sent before."""
    request_id: str = ""
    """The call's `X-Request-Id`, the same at its retries."""


class Response(MaskedStruct, Generic[T_co], frozen=True, dict=True):
    """Status, headers and body of a response with any status; `parse` returns the typed result."""

    secrets = frozenset({"headers", "body"})

    status: int
    headers: Mapping[str, str]
    """Names in lower case. Values may hold secrets: a cookie, the address of a picture."""
    body: bytes
    request: SentRequest

    @property
    def request_id(self) -> str:
        """The id that was sent as `X-Request-Id`.

        A server that uses another returns it in `headers["x-request-id"]`.
        """
        return self.request.request_id

    @clears_locals
    def parse(self) -> T_co:
        """Return the typed result, as the same method without `raw` returns it.

        Raises:
            ApiError: The server answered with an error status.
            ResponseError: The body cannot be read as the operation's result.
            TypeError: The response is a copy, and does not know its call any more.
        """
        read = vars(self).get(READER)
        if read is None:
            raise TypeError(
                "only the response that a client returned can be parsed, not a copy of it"
            )
        return cast("T_co", read())


def with_reader(response: Response[T], read: Callable[[], T]) -> Response[T]:
    """Return a response after storing the function that its `parse` calls.

    The function is no part of the response's value.
    """
    vars(response)[READER] = read
    return response
