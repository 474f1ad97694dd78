"""Request ids, by which a call is found again: in the log, on the page, and at its sender."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from hipkit.server.http.responses import Header, header

__all__ = ["new_request_id", "request_id_header", "request_id_of"]

ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""Others could forge lines of a log, or fill it."""


def request_id_of(headers: Sequence[Header], query: bytes = b"") -> str:
    """Return the id that the caller chose in `X-Request-Id`, or a new one.

    An id that is not acceptable is passed over, and so are several: nobody could say which counts.
    So is a word of the credentials or the query: it may be a token, which must not be logged.
    """
    sent = [value for name, value in headers if name == b"x-request-id"]
    if len(sent) != 1 or ACCEPTED.fullmatch(sent[0]) is None:
        return new_request_id()
    chosen = sent[0]
    credentials = [value for name, value in headers if name == b"authorization"]
    words = re.split(rb"[&;=\s]", b" ".join([query, *credentials]))
    return new_request_id() if chosen in words else chosen.decode()


def new_request_id() -> str:
    """Return an id that no other call has."""
    return os.urandom(8).hex()


def request_id_header(request_id: str) -> Header:
    """Return the header that names a call's id to its sender."""
    return NAME, request_id.encode()


NAME, _ = header("X-Request-Id", "")
