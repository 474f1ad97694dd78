"""Request ids, by which a call is found again: in the log, on the page, and at its sender."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from hipkit.server.http.responses import Header, header

__all__ = ["new_request_id", "request_id_header", "request_id_of"]

ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""Others could forge lines of a log, or fill it."""


def request_id_of(headers: Iterable[Header]) -> str:
    """Return the id that the caller chose in `X-Request-Id`, or a new one.

    An id that is not acceptable is passed over, and so are several: nobody could say which counts.
    """
    sent = [value for name, value in headers if name == b"x-request-id"]
    if len(sent) == 1 and ACCEPTED.fullmatch(sent[0]):
        return sent[0].decode()
    return new_request_id()


def new_request_id() -> str:
    """Return an id that no other call has."""
    return os.urandom(8).hex()


def request_id_header(request_id: str) -> Header:
    """Return the header that names a call's id to its sender."""
    return NAME, request_id.encode()


NAME, _ = header("X-Request-Id", "")
