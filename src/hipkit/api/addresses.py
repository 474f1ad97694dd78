"""Read web addresses: links, base URLs, webhook endpoints, redirects (pure)."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

__all__ = [
    "DEFAULT_PORTS",
    "KEPT_IN_PATHS",
    "has_dot_segment",
    "is_loopback",
    "is_web_address",
    "origin_of",
    "split_web_address",
]

DEFAULT_PORTS = {"http": 80, "https": 443}
KEPT_IN_PATHS = "/%:@!$&'()*+,;=~"
"""What stays as it is when a written path is encoded; its percent-encoded parts do, too."""

# `urlsplit` removes some of these, so what it reads would not be what was checked.
LEFT_OUT = re.compile(r"\A |[\x00-\x1f\x7f]")

HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
"""Signs that mean nothing else in a policy: `*` would allow every host."""


def split_web_address(text: str, name: str = "the address") -> SplitResult:
    """Split an absolute `http` or `https` URL that names a host.

    User names, spaces and non-ASCII characters are accepted; a caller that does not allow them
    must check for them.

    Raises:
        ValueError: The text is not such a URL. The message refers to it by `name` and does not
            repeat it, since it may hold a password.
    """
    if LEFT_OUT.search(text) is not None:
        raise ValueError(
            f"{name} must not have control characters, or begin with a space"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(
            f"{name} cannot be read; give it as https://host/path"
        ) from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(
            f"{name} must start with https:// (or http://) and name a host"
        )
    if "\\" in parts.netloc:
        # Browsers end the host there, and would go elsewhere.
        raise ValueError(f"{name} must not have a backslash in its host")
    if port == 0:
        raise ValueError(f"{name} must have a port of 1 to 65535")
    return parts


def is_web_address(text: str) -> bool:
    """Return whether a text is one `http` or `https` URL and nothing else."""
    try:
        split_web_address(text)
    except ValueError:
        return False
    return not any(letter.isspace() for letter in text)


def is_loopback(address: str) -> bool:
    """Return whether a web address leads to the machine itself, where no network is crossed."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def has_dot_segment(path: str) -> bool:
    """Return whether a path has `.` or `..` as a segment, so that it may address another path."""
    return not {".", ".."}.isdisjoint(path.lower().replace("%2e", ".").split("/"))


def origin_of(address: str) -> str | None:
    """Return the origin of a web address as browsers write it; `None` if no policy can name it."""
    if not is_web_address(address):
        return None
    parts = urlsplit(address)
    if "@" in parts.netloc:
        return None
    try:
        host = (parts.hostname or "").encode("idna").decode()
    except UnicodeError:
        return None
    if HOST.fullmatch(host) is None:
        return None
    is_usual = parts.port in (None, DEFAULT_PORTS[parts.scheme])
    port = "" if is_usual else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
