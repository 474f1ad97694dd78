"""Signs addresses of shared files that need no token and expire after an hour (pure).

They are signed with the file's own unguessable key, which is in the database. So they survive a
restart, end with the file, and do not disclose its permanent address.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from hipkit.server.services.representations.timestamps import SECOND_US

__all__ = ["DOWNLOAD", "is_valid_link", "link_query"]

VALID_SECONDS = 60 * 60
CLOCK_SECONDS = 5 * 60
"""How far the server's clock may be set back without invalidating links signed before.

A link from a clock that was further ahead is invalid until its hour comes. Without this limit it
would stay valid for as long as the clock had been wrong.
"""
LONGEST_NUMBER = 12

DOWNLOAD = "download"
"""The query argument of a link whose file browsers save instead of opening it."""


def link_query(
    file_key: str, message_id: str, now_us: int, *, is_download: bool
) -> str:
    """Return the query of a link to a message's file."""
    expires = str(now_us // SECOND_US + VALID_SECONDS)
    purpose = {DOWNLOAD: "1"} if is_download else {}
    signature = _sign(file_key, message_id, expires, is_download=is_download)
    return urlencode({**purpose, "expires": expires, "signature": signature})


def is_valid_link(
    file_key: str, message_id: str, query: Mapping[str, Sequence[str]], now_us: int
) -> bool:
    """Return whether `link_query` signed a query within the last hour."""
    expires = "".join(query.get("expires", ()))
    signature = "".join(query.get("signature", ()))
    if not (expires.isascii() and expires.isdigit() and len(expires) <= LONGEST_NUMBER):
        return False
    left = int(expires) - now_us // SECOND_US
    if not 0 < left <= VALID_SECONDS + CLOCK_SECONDS:
        return False
    valid = _sign(file_key, message_id, expires, is_download=DOWNLOAD in query)
    return hmac.compare_digest(signature.encode(errors="replace"), valid.encode())


def _sign(key: str, message_id: str, expires: str, *, is_download: bool) -> str:
    # All that a link says is signed: none can be changed into one of another file, time or purpose.
    signed = f"file {message_id} {expires} {'saved' if is_download else 'shown'}"
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()
