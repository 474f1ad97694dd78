"""Where routes may lead: the server's egress policy, and a wider one for routes that say so."""

from __future__ import annotations

import ipaddress
import re

from hipkit.server.services.context import Runtime
from hipkit.transports.direct import DirectTransport
from hipkit.transports.egress import FORBIDDEN, EgressPolicy
from hipkit.transports.protocol import AsyncTransport, TransportError

__all__ = ["PRIVATE_NETWORKS", "Network", "explained", "explained_error"]

PRIVATE_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
        ),
    )
)
"""What `allow_private_network` opens. Link-local addresses are not among them: clouds answer there
with the machine's own credentials, and no chat does."""

MOST_CONNECTIONS = 120

REMEDY = (
    "a network that routes may not reach (allow_private_network = true in the route permits"
    " private ones, never link-local ones)"
)

NO_TLS = "the port speaks no TLS; is the address http:// in place of https://?"
UNTRUSTED = "SSL_CERT_FILE names further authorities to trust"
IN_OPENSSL = re.compile(r"\[SSL: [A-Z0-9_]+\] ")
"""How OpenSSL calls an error before it says what it is."""


class Network:
    """Transports and egress policies of routes.

    A connection to a private network is never one that another route could use: there are two
    transports, each with its own policy and connections.

    Args:
        runtime: The server's. Its networks for webhooks are open to all routes.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        settings = runtime.settings
        allowed = map(ipaddress.ip_network, settings.webhook_networks)
        self._wide = EgressPolicy((*PRIVATE_NETWORKS, *allowed), settings.look_up)
        self._private: AsyncTransport | None = None

    def policy(self, *, is_private: bool) -> EgressPolicy:
        """Return the egress policy of a route."""
        return self._wide if is_private else self._runtime.egress

    def transport(self, *, is_private: bool) -> AsyncTransport:
        """Return the transport of a route."""
        if not is_private or self._runtime.settings.outgoing is not None:
            return self._runtime.outgoing
        if self._private is None:
            self._private = DirectTransport(
                self._wide.addresses_of, max_connections=MOST_CONNECTIONS
            )
        return self._private

    async def aclose(self) -> None:
        """Close connections; the next call opens new ones."""
        transport, self._private = self._private, None
        if transport is not None:
            await transport.aclose()

    def close(self) -> None:
        """Resolve no further names."""
        self._wide.close()


def explained(reason: str) -> str:
    """Return a reason with the remedy that routes have, in place of that of webhooks."""
    return reason.replace(FORBIDDEN, REMEDY)


def explained_error(error: TransportError) -> str:
    """Return why a request got no answer, with what to do about it where that is known."""
    if error.kind == "no_tls":
        where, _, _ = error.reason.partition(": ")
        return f"{where}: {NO_TLS}"
    reason = IN_OPENSSL.sub("", explained(error.reason))
    return f"{reason}; {UNTRUSTED}" if error.kind == "untrusted" else reason
