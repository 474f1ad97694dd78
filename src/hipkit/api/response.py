"""An answer as it came, and what may be shown of the request that it answers.

`client.raw` gives these; everything else reads them on your behalf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["RequestSummary", "Response", "SentRequest"]


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """Which request an error is about, without any value that went out with it."""

    method: str
    path: str
    """The template below the base URL, such as `/room/{room_id_or_name}`."""
    headers: tuple[str, ...]
    """The names of the headers in lower case, without those that carry credentials."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What may be shown of a request: no token, no secret path argument, no body."""

    method: str
    url: str
    """With secret path arguments as names in braces."""
    headers: Mapping[str, str]
    """Names in lower case; the `authorization` value is `***`."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers and body, whatever the status is."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case. They may hold secrets: a cookie, the address of a picture."""
    body: bytes = field(repr=False)
    request: SentRequest
