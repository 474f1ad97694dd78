"""Checks the head of a request: what two servers could understand differently is refused (pure).

Read next: `protocol.py`, which reads the heads of a connection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["LARGEST_HEAD_BYTES", "InvalidRequestError", "check_head"]

LARGEST_HEAD_BYTES = 64 * 1024

VERSIONS = frozenset({"1.0", "1.1"})
HOST = re.compile(rb"([\w.~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?", re.ASCII)
"""What a Host header may hold (RFC 9112, section 3.2)."""


class InvalidRequestError(ValueError):
    """A request breaks a rule of HTTP; the text says which one."""


def check_head(
    version: str, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> None:
    """Check that no other server can understand a head differently.

    Args:
        version: The version of HTTP, such as `1.1`.
        method: In capitals.
        target: As it stands in the request line.
        headers: Names, in lower case, and values.

    Raises:
        InvalidRequestError: One can.
    """
    if version not in VERSIONS:
        raise InvalidRequestError("This version of HTTP is not supported.")
    if method == b"CONNECT":
        raise InvalidRequestError("CONNECT is for proxies.")
    size_bytes = sum(len(name) + len(value) for name, value in headers)
    if len(target) + size_bytes > LARGEST_HEAD_BYTES:
        raise InvalidRequestError("The head of the request is too large.")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1 and (hosts or version != "1.0"):
        raise InvalidRequestError("A request needs one Host header.")
    host = hosts[0].rstrip() if hosts else b""
    if HOST.fullmatch(host) is None:
        raise InvalidRequestError("The Host header holds no host.")
    if not target.startswith(b"/") and _authority(target) not in (None, host.lower()):
        raise InvalidRequestError("The Host header contradicts the request line.")
    encodings = [value for name, value in headers if name == b"transfer-encoding"]
    if not encodings:
        return
    if version == "1.0":
        raise InvalidRequestError("HTTP/1.0 has no Transfer-Encoding.")
    if [value.lower() for value in encodings] != [b"chunked"]:
        raise InvalidRequestError("The only Transfer-Encoding is chunked.")


def _authority(target: bytes) -> bytes | None:
    """Return the host in an absolute request target, as requests to proxies have."""
    _, is_absolute, rest = target.partition(b"://")
    if not is_absolute:
        return None
    return re.split(rb"[/?#]", rest, maxsplit=1)[0].lower()
