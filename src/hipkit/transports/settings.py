"""The settings of transports that open connections: trust, proxies and connection limits.

This module reads the environment, unless `trust_env` is false.
Read next: `httpcore2.py`, which uses these settings.
"""

from __future__ import annotations

import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hipkit.api.addresses import DEFAULT_PORTS
from hipkit.api.frames import clears_locals
from hipkit.api.secret import MaskedStruct

if TYPE_CHECKING:  # `ssl` is slow to import, and a plain http call does not need it.
    import ssl

__all__ = ["NetworkTransport", "Proxy", "Settings"]

PROXY_PORTS = DEFAULT_PORTS | dict.fromkeys(
    ("socks4", "socks4a", "socks5", "socks5h"), 1080
)


class Proxy(MaskedStruct, frozen=True):
    """A proxy's address and credentials."""

    secrets = frozenset({"username", "password"})

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = None

    @classmethod
    def from_url(cls, url: str) -> Proxy:
        """Parse `http://user:password@host:port`; the scheme defaults to `http`."""
        with suppress(KeyError, ValueError):
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or PROXY_PORTS[parts.scheme]
            unquote(parts.netloc).encode()  # A later error would show the password.
            user, password = (
                text and unquote(text) for text in (parts.username, parts.password)
            )
            if parts.hostname and parts.scheme in PROXY_PORTS:
                return cls(parts.scheme, parts.hostname, port, user, password)
        # The URL may hold a password, so the message does not repeat it.
        raise ValueError(
            "the proxy's address is not like http://host:port; "
            f"known schemes are {', '.join(PROXY_PORTS)}"
        )


class Settings(MaskedStruct, frozen=True, kw_only=True):
    """The settings of a transport; see the arguments of `NetworkTransport`."""

    secrets = frozenset({"cert"})

    verify: bool | str | os.PathLike[str] | ssl.SSLContext
    cert: tuple[str, str] | tuple[str, str, str] | None
    max_connections: int
    keepalive_seconds: float
    trust_env: bool
    proxies: Mapping[str, Proxy]
    """Scheme -> proxy."""
    direct: tuple[str, ...]
    """Entries of `NO_PROXY`: the hosts reached without a proxy."""

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy for a URL's host; `None` means a direct connection."""
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
        no_proxy = _variable(environment, "no_proxy").lower().replace(",", " ")
        self._settings = Settings(
            verify=verify,
            cert=cert,
            max_connections=max_connections,
            keepalive_seconds=keepalive_seconds,
            trust_env=trust_env,
            proxies=_read_proxies(environment)
            if proxy is None
            else dict.fromkeys(("http", "https"), Proxy.from_url(proxy)),
            direct=tuple(no_proxy.split()),
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
    from ipaddress import ip_address, ip_network  # Slow to import and rarely needed.

    with suppress(ValueError):
        return ip_address(host) in ip_network(rule, strict=False)
    rule = rule.removeprefix("*").lstrip(".")
    return bool(rule) and f".{host.lower()}".endswith(f".{rule}")
