"""Calls of HipChat's own programs that its documentation left out.

The one that tells whether the server is there is answered. Of the others nothing but their
paths is known: 501 tells that from a mistake in the path.
"""

from __future__ import annotations

import re

from hipkit.server.http.responses import Answer, json_answer
from hipkit.server.http.routes import MethodNotAllowedError

__all__ = ["HEALTH_METHODS", "health_answer", "is_health_check", "is_undocumented"]

HEALTH = b"/health-check"
HEALTH_METHODS = ("GET", "HEAD")

UNDOCUMENTED = re.compile(
    rb"/(?:sync/(?:users|rooms)|file/mget/thumbnails|video/(?:callee/[^/]+/)?token"
    rb"|readstate|flag(?:/dismiss)?|addon/(?:sync|signed-urls?/.+))/?"
)


def is_health_check(path: bytes) -> bool:
    """Say whether a path below `/v2` is the one that HipChat's web client asks for."""
    return path.rstrip(b"/") == HEALTH


def health_answer(method: str) -> Answer:
    """Return the answer that the server is there.

    Raises:
        MethodNotAllowedError: Something else was wanted.
    """
    if method not in HEALTH_METHODS:
        raise MethodNotAllowedError(HEALTH_METHODS)
    return json_answer(200, {"status": "ok"})


def is_undocumented(path: bytes) -> bool:
    """Say whether HipChat had a call at a path below `/v2` that is not answered here."""
    return UNDOCUMENTED.fullmatch(re.sub(rb"/+", b"/", path)) is not None
