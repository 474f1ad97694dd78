"""Base URL and token of a client: from arguments, otherwise from the environment.

Apart from `cli`, `server` and the transports' settings, only this module reads environment
variables.
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from types import NoneType
from typing import Literal, cast
from urllib.parse import quote, unquote

import msgspec

from hipkit.api.addresses import (
    DEFAULT_PORTS,
    KEPT_IN_PATHS,
    has_dot_segment,
    split_web_address,
)

__all__ = [
    "HIPCHAT",
    "LOG_VARIABLE",
    "PROFILE_FILE_VARIABLE",
    "Site",
    "Variables",
    "find_log_level",
    "find_profile_file",
    "find_site",
    "find_token",
    "parse_site",
]

LOG_VARIABLE = "HIPKIT_LOG"
PROFILE_FILE_VARIABLE = "HIPKIT_CONFIG"


class Variables(msgspec.Struct, frozen=True):
    """The environment variables of one API. A token never goes to another one."""

    prefix: str

    @property
    def base_url(self) -> str:
        """The name of the one with the base URL."""
        return f"{self.prefix}_BASE_URL"

    @property
    def token(self) -> str:
        """The name of the one with the token."""
        return f"{self.prefix}_TOKEN"


HIPCHAT = Variables("HIPCHAT")


class Site(msgspec.Struct, frozen=True):
    """A parsed base URL."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str
    """Path of the API, such as `/v2`, without a trailing slash."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the URL."""
        host = self.host
        if ":" in host:
            host = f"[{host.replace('%', '%25')}]"
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.path


def find_site(
    base_url: str | None,
    *,
    variable: str,
    default: str | None = None,
    allow_http: bool,
) -> Site:
    """Parse the given base URL, or the one in the environment, or else the default.

    Raises:
        ValueError: The base URL is missing or invalid; the message says why.
        TypeError: The base URL is not a string.
    """
    if not isinstance(base_url, (str, NoneType)):
        raise TypeError(f"base_url must be a string, not {type(base_url).__name__}")
    url = base_url or os.environ.get(variable) or default
    if not url:
        raise ValueError(
            "no base URL: pass base_url='https://chat.example.com/v2', "
            f"or set {variable}"
        )
    return parse_site(url, allow_http=allow_http)


def find_log_level() -> str | None:
    """Return the level in `HIPKIT_LOG`, from which on the library's log is shown, or `None`."""
    return os.environ.get(LOG_VARIABLE, "").strip() or None


def find_token(variable: str) -> str | None:
    """Return the token in the environment, or `None`."""
    # A file written on Windows may begin with a byte order mark, which a shell keeps.
    return os.environ.get(variable, "").removeprefix("\ufeff") or None


def find_profile_file() -> Path:
    """Return the path of the file of profiles, whether it exists or not."""
    if path := os.environ.get(PROFILE_FILE_VARIABLE):
        return Path(path)
    configuration = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(configuration, "hipkit", "config.toml").expanduser()


def parse_site(url: str, *, allow_http: bool) -> Site:
    """Parse a base URL.

    Raises:
        ValueError: The text is not an http or https URL, has a user, query or fragment, or is
            plain http to another machine without `allow_http`.
    """
    url = url.strip()
    if not url.isprintable() or " " in url.partition("//")[2].partition("/")[0]:
        raise ValueError("the base URL must not have line ends, or spaces in its host")
    parts = split_web_address(url, "the base URL")
    try:
        # A zone, as in fe80::1%25eth0, is percent-encoded in a URL.
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
            "the base URL must not have a user or password; pass the token instead"
        )
    if parts.query or parts.fragment:
        raise ValueError("the base URL must end with its path, such as /v2")
    if parts.scheme == "http" and not (allow_http or is_this_machine(ascii_host)):
        raise ValueError(
            f"plain http to {ascii_host} would send the token unencrypted; "
            "use https, or pass allow_http=True if you accept that"
        )
    path = quote(parts.path.rstrip("/"), safe=KEPT_IN_PATHS)
    if has_dot_segment(path):
        raise ValueError("the base URL's path must not have '.' or '..' in it")
    scheme = cast("Literal['http', 'https']", parts.scheme)
    return Site(scheme, ascii_host, parts.port or DEFAULT_PORTS[scheme], path)


def is_this_machine(host: str) -> bool:
    """Return whether the host is certainly this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False
