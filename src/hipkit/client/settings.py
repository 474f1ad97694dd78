"""Where a client sends to and as whom: arguments first, then the environment.

The one module outside `cli` and `server` that reads environment variables.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from types import NoneType
from typing import Literal, cast
from urllib.parse import quote, unquote

from hipkit.api.addresses import DEFAULT_PORTS, split_web_address

__all__ = [
    "BASE_URL_VARIABLE",
    "TOKEN_VARIABLE",
    "Site",
    "find_site",
    "find_token",
    "parse_site",
]

BASE_URL_VARIABLE = "HIPCHAT_BASE_URL"
TOKEN_VARIABLE = "HIPCHAT_TOKEN"  # noqa: S105 - the variable's name
KEPT_IN_PATHS = "/%:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Site:
    """A parsed base URL."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str
    """The path below which the API lies, such as `/v2`; without a slash at the end."""

    @property
    def origin(self) -> str:
        """The URL without its path."""
        host = self.host
        if ":" in host:
            host = f"[{host.replace('%', '%25')}]"
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.path


def find_site(base_url: str | None, *, allow_http: bool) -> Site:
    """Parse the base URL given, or the one in `HIPCHAT_BASE_URL`.

    Raises:
        ValueError: There is none, or it cannot be used; says why.
        TypeError: It is no text.
    """
    if not isinstance(base_url, (str, NoneType)):
        raise TypeError(f"base_url must be a text, not {type(base_url).__name__}")
    url = base_url or os.environ.get(BASE_URL_VARIABLE)
    if not url:
        raise ValueError(
            "no address: pass base_url='https://chat.example.com/v2', "
            f"or set {BASE_URL_VARIABLE}"
        )
    return parse_site(url, allow_http=allow_http)


def find_token() -> str | None:
    """Return the token in `HIPCHAT_TOKEN`, if there is one."""
    # A file that Windows wrote may begin with a mark, also where a shell has read it.
    return os.environ.get(TOKEN_VARIABLE, "").removeprefix("\ufeff") or None


def parse_site(url: str, *, allow_http: bool) -> Site:
    """Take a base URL apart.

    Raises:
        ValueError: It is no http or https address, carries a user, query or fragment, or is
            plain http to another machine without `allow_http`.
    """
    url = url.strip()
    if not url.isprintable() or " " in url.partition("//")[2].partition("/")[0]:
        raise ValueError("the base URL must not have line ends, or spaces in its host")
    parts = split_web_address(url, "the base URL")
    try:
        # A zone, as in fe80::1%25eth0, stands encoded in an address.
        host = unquote(parts.hostname or "")
        ascii_host = (
            host if ":" in host or host.isascii() else host.encode("idna").decode()
        )
    except UnicodeError:
        raise ValueError(
            "the base URL's host cannot be read; give it as https://host/v2"
        ) from None
    if "@" in parts.netloc:
        raise ValueError(
            "the base URL must not carry a user or password; pass the token instead"
        )
    if parts.query or parts.fragment:
        raise ValueError("the base URL must end with its path, such as /v2")
    if parts.scheme == "http" and not (allow_http or is_this_machine(ascii_host)):
        raise ValueError(
            f"plain http to {ascii_host} would send the token readable to all on the way; "
            "use https, or pass allow_http=True if you accept that"
        )
    path = quote(parts.path.rstrip("/"), safe=KEPT_IN_PATHS)
    if any(segment in (".", "..") for segment in path.split("/")):
        raise ValueError("the base URL's path must not have '.' or '..' in it")
    scheme = cast("Literal['http', 'https']", parts.scheme)
    return Site(scheme, ascii_host, parts.port or DEFAULT_PORTS[scheme], path)


def is_this_machine(host: str) -> bool:
    """Whether the host is certainly this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False
