"""A raw response, and the parts of its request that may be shown.

`client.raw` returns these; the other methods decode them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hipkit.api.secret import MaskedStruct

__all__ = ["RequestSummary", "Response", "SentRequest"]


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


class Response(MaskedStruct, frozen=True):
    """Status, headers and body of a response with any status."""

    secrets = frozenset({"headers", "body"})

    status: int
    headers: Mapping[str, str]
    """Names in lower case. Values may hold secrets: a cookie, the address of a picture."""
    body: bytes
    request: SentRequest
