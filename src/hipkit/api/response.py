"""A raw response, and the parts of its request that may be shown.

`client.raw` returns these; the other methods decode them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["RequestSummary", "Response", "SentRequest"]


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """The request that an error is about, without any value that was sent."""

    method: str
    path: str
    """The template below the base URL, such as `/room/{room_id_or_name}`."""
    headers: tuple[str, ...]
    """Header names in lower case, without those that carry credentials."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """The parts of a request that may be shown: no token, no secret path argument, no body."""

    method: str
    url: str
    """The URL, with secret path arguments as names in braces."""
    headers: Mapping[str, str]
    """Names in lower case; the `authorization` value is `***`."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers and body of a response with any status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case. Values may hold secrets: a cookie, the address of a picture."""
    body: bytes = field(repr=False)
    request: SentRequest
