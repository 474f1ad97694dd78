"""The settings of transports that open connections: trust, proxies and connection limits.

This module reads the environment, unless `trust_env` is false.
Read next: `httpcore2.py`, which uses these settings.
"""

from __future__ import annotations

import ipaddress
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hipkit.api.addresses import DEFAULT_PORTS
from hipkit.api.frames import clears_locals

if TYPE_CHECKING:  # `ssl` is slow to import, and a plain http call does not need it.
    import ssl

__all__ = ["NetworkTransport", "Proxy", "Settings"]

PROXY_PORTS = DEFAULT_PORTS | dict.fromkeys(
    ("socks4", "socks4a", "socks5", "socks5h"), 1080
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's address and credentials."""

    scheme: str
    host: str
    port: int
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> Proxy:
        """Parse `http://user:password@host:port`; the scheme defaults to `http`."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = PROXY_PORTS[parts.scheme]
            port = parts.port or port
            unquote(parts.netloc).encode()  # A later error would show the password.
        except (KeyError, ValueError):
            port = 0
        if not port or not parts.hostname:
            # The URL may hold a password, so the message does not repeat it.
            raise ValueError(
                "the proxy's address is not like http://host:port; "
                f"known schemes are {', '.join(PROXY_PORTS)}"
            )
        return cls(
            parts.scheme,
            parts.hostname,
            port,
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a transport; see the arguments of `NetworkTransport`."""

    verify: bool | str | os.PathLike[str] | ssl.SSLContext
    cert: tuple[str, str] | tuple[str, str, str] | None = field(repr=False)
    max_connections: int
    keepalive_seconds: float
    trust_env: bool
    proxy: Proxy | None
    proxies: Mapping[str, Proxy]
    """From the environment: scheme -> proxy."""
    direct: tuple[str, ...]
    """From the environment: the hosts reached without a proxy."""

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy for a URL's host; `None` means a direct connection."""
        if self.proxy is not None:
            return self.proxy
        proxy = self.proxies.get(scheme)
        if proxy is None or any(_covers(rule, host, port) for rule in self.direct):
            return None
        return proxy


class NetworkTransport(ABC):
    """Base of the transports over sockets: their settings.

    Args:
        verify: True trusts the system's authorities; a path to a PEM file, or to a folder of
            them, trusts those instead; False accepts any server, for experiments only. An
            `ssl.SSLContext` is used as it is.
        cert: A client certificate: its file, its key's file, and optionally the key's password.
        proxy: The proxy of all requests, such as `http://user:password@host:3128`.
        trust_env: Whether to use `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` (or their
            lower-case names, which take precedence), `SSL_CERT_FILE` and `SSL_CERT_DIR`.
            `NO_PROXY` lists names, which include their subdomains, addresses and networks such
            as `10.0.0.0/8`, each with an optional port, or `*`.
        max_connections: Maximum number of connections. Further calls wait for a free one, up to
            their timeout.
        keepalive_seconds: Idle time in seconds after which a connection is closed. Servers often
            close after a minute; closing first avoids sending into a closing connection.

    Raises:
        ValueError: A proxy's URL is invalid.
        TypeError: `cert` is not a tuple of two or three strings.
    """

    @clears_locals
    def __init__(
        self,
        *,
        verify: bool | str | os.PathLike[str] | ssl.SSLContext = True,
        cert: tuple[str, str] | tuple[str, str, str] | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        max_connections: int = 100,
        keepalive_seconds: float = 15.0,
    ) -> None:
        if cert is not None and (isinstance(cert, str) or len(cert) not in (2, 3)):
            raise TypeError(
                "cert must be a tuple: the certificate's file, its key's file, and the key's "
                "password if it has one"
            )
        environment = os.environ if trust_env and proxy is None else {}
        self._settings = Settings(
            verify=verify,
            cert=cert,
            max_connections=max_connections,
            keepalive_seconds=keepalive_seconds,
            trust_env=trust_env,
            proxy=None if proxy is None else Proxy.from_url(proxy),
            proxies=_read_proxies(environment),
            direct=tuple(
                _variable(environment, "no_proxy").lower().replace(",", " ").split()
            ),
        )
        self._closed = False
        self._start()
        _LIVING.add(self)

    @abstractmethod
    def _start(self) -> None:
        """Create the transport's pools, without opening a connection."""

    @abstractmethod
    def _leave_to_parent(self) -> None:
        """Drop the parent's connections in a child process, without closing them for the parent."""

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(
                "the transport is closed; create a new one to send again"
            )


_LIVING: weakref.WeakSet[NetworkTransport] = weakref.WeakSet()


def _after_fork() -> None:
    for transport in list(_LIVING):
        transport._leave_to_parent()


# At the fork rather than at the next call: a child that never calls would otherwise send TLS
# close alerts over the parent's connections when it ends.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _read_proxies(environment: Mapping[str, str]) -> dict[str, Proxy]:
    otherwise = _variable(environment, "all_proxy")
    found = {
        scheme: _variable(environment, f"{scheme}_proxy") or otherwise
        for scheme in ("http", "https")
    }
    return {scheme: Proxy.from_url(url) for scheme, url in found.items() if url}


def _variable(environment: Mapping[str, str], name: str) -> str:
    # In CGI programs HTTP_PROXY holds the visitor's `Proxy:` header.
    if name == "http_proxy" and "REQUEST_METHOD" in environment:
        return environment.get(name, "")
    return environment.get(name, environment.get(name.upper(), ""))


def _covers(rule: str, host: str, port: int) -> bool:
    """Return whether an entry of `NO_PROXY` matches this host and port."""
    if rule == "*":
        return True
    name, _, rule_port = rule.rpartition(":")
    if rule_port.isdigit() and (":" not in name or name.endswith("]")):
        if int(rule_port) != port:
            return False
        rule = name
    rule = rule.strip("[]")
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        rule = rule.removeprefix("*").lstrip(".")
        return bool(rule) and f".{host.lower()}".endswith(f".{rule}")
