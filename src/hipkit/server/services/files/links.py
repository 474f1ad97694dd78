"""Addresses of shared files that need no token and are good for an hour (pure).

They are signed with the unguessable key of the file itself, which is in the database: so they
survive a restart, end with the file, and do not tell the address that is good for ever.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from hipkit.server.services.representations.timestamps import SECOND_US

__all__ = ["DOWNLOAD", "is_good_link", "link_query"]

GOOD_SECONDS = 60 * 60
CLOCK_SECONDS = 5 * 60
"""How far the server's clock may be put back without refusing what was signed before.

A link of a clock that was much too fast is refused until its time comes: it would be good for as
long as the clock was wrong.
"""
LONGEST_NUMBER = 12

DOWNLOAD = "download"
"""The query argument of a link whose file is saved and not shown."""


def link_query(
    file_key: str, message_id: str, now_us: int, *, is_download: bool
) -> str:
    """Return the query of a link to a message's file."""
    expires = str(now_us // SECOND_US + GOOD_SECONDS)
    purpose = {DOWNLOAD: "1"} if is_download else {}
    signature = _sign(file_key, message_id, expires, is_download=is_download)
    return urlencode({**purpose, "expires": expires, "signature": signature})


def is_good_link(
    file_key: str, message_id: str, query: Mapping[str, Sequence[str]], now_us: int
) -> bool:
    """Say whether a query is one that `link_query` made within the hour."""
    expires = "".join(query.get("expires", ()))
    signature = "".join(query.get("signature", ()))
    if not (expires.isascii() and expires.isdigit() and len(expires) <= LONGEST_NUMBER):
        return False
    left = int(expires) - now_us // SECOND_US
    if not 0 < left <= GOOD_SECONDS + CLOCK_SECONDS:
        return False
    good = _sign(file_key, message_id, expires, is_download=DOWNLOAD in query)
    return hmac.compare_digest(signature.encode(errors="replace"), good.encode())


def _sign(key: str, message_id: str, expires: str, *, is_download: bool) -> str:
    signed = f"file {message_id} {expires} {'saved' if is_download else 'shown'}"
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()
