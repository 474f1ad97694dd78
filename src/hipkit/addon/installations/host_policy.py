"""Which HipChat servers may install an add-on, and to which addresses it may connect.

Read next: `hosts.py`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from contextlib import suppress

from hipkit.api.errors import BadRequestError, InstallationError
from hipkit.transports.egress import (
    EgressPolicy,
    Endpoint,
    ForbiddenAddressError,
    LookUp,
    look_up,
    parse_endpoint,
)
from hipkit.transports.protocol import AsyncTransport
from hipkit.transports.resolved import ResolvedTransport

__all__ = ["HostPolicy", "read_address"]

MOST_CONNECTIONS = 100
EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


class HostPolicy:
    """Decides which HipChat servers an add-on may be installed by.

    Args:
        allowed: Origins such as `https://api.hipchat.com`, or names, which stand for https. These
            servers may be in an internal network. Defaults to every server of the public network.
        allow_internal: Whether servers may be in internal networks and use plain http.
        look_up: Resolves names.

    Raises:
        ValueError: An allowed host is not an address.
    """

    def __init__(
        self,
        allowed: Iterable[str] | None = None,
        *,
        allow_internal: bool = False,
        look_up: LookUp = look_up,
    ) -> None:
        self.allowed = None if allowed is None else frozenset(map(_listed, allowed))
        self._is_open = allow_internal
        self._everywhere = EgressPolicy(EVERYWHERE, look_up)
        self._public = self._everywhere if allow_internal else EgressPolicy((), look_up)
        self._internal = {
            (endpoint.host, endpoint.port)
            for endpoint in map(parse_endpoint, self.allowed or ())
        }

    def check(self, url: str) -> str:
        """Check an address of a HipChat server, and return its origin.

        Raises:
            InstallationError: It is not an address, or one of a server that is not allowed.
        """
        endpoint = read_address(url)
        origin = endpoint.origin
        if self.allowed is not None:
            if origin not in self.allowed:
                raise InstallationError(
                    f"This add-on does not work with {origin}.", status=403
                )
            return origin
        if self._is_open:
            return origin
        if endpoint.scheme != "https":
            raise InstallationError(
                f"This add-on works with https only, and {origin} is not encrypted.",
                status=403,
            )
        if _is_internal(endpoint.host, self._public):
            raise InstallationError(
                f"This add-on does not work with servers in internal networks: {origin}.",
                status=403,
            )
        return origin

    async def addresses_of(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name to which a connection may be opened.

        Raises:
            OSError: There is none, or one is in an internal network.
        """
        is_listed = (host, port) in self._internal
        policy = self._everywhere if is_listed else self._public
        with suppress(ForbiddenAddressError):
            return await policy.addresses_of(host, port)
        # Outside of it: the transport reports the first cause, whose remedy is the server's.
        raise OSError(
            "its address is in an internal network, which this add-on may not reach"
        )

    def transport(self) -> AsyncTransport:
        """Return a transport that reaches these servers, and nothing in internal networks."""
        return ResolvedTransport(self.addresses_of, max_connections=MOST_CONNECTIONS)

    def close(self) -> None:
        """Resolve no further names."""
        self._everywhere.close()
        self._public.close()


def read_address(url: str) -> Endpoint:
    """Return the parts of an address.

    Raises:
        InstallationError: It is not an absolute web address, or it has a user or a password.
    """
    try:
        return parse_endpoint(url)
    except BadRequestError:
        # The address is not repeated: it may hold a password.
        raise InstallationError(
            "An address in the installation is not a web address."
        ) from None


def _listed(entry: str) -> str:
    """Return the origin that an entry of an allow-list stands for."""
    try:
        return parse_endpoint(entry if "://" in entry else f"https://{entry}").origin
    except BadRequestError:
        raise ValueError(
            f"allowed hosts are like https://chat.example.com, not {entry!r}"
        ) from None


def _is_internal(host: str, policy: EgressPolicy) -> bool:
    """Return whether a host is written as an internal address, or is this machine's name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return name == "localhost" or name.endswith(".localhost")
    return not policy.is_allowed(host)
