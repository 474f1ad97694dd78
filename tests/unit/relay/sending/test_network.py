from __future__ import annotations

from collections.abc import Iterator

import pytest

from hipkit.relay.sending.network import Network, explained, explained_error
from hipkit.server.services.context import Runtime
from hipkit.transports.egress import ForbiddenAddressError
from hipkit.transports.protocol import TransportError, TransportErrorKind

OUTSIDE = "93.184.216.34"
PRIVATE = ["10.1.2.3", "192.168.0.9", "172.16.0.1", "127.0.0.1", "::1", "fd00::1"]
NEVER = ["169.254.169.254", "fe80::1", "0.0.0.1", "224.0.0.1"]


@pytest.fixture
def network(runtime: Runtime) -> Iterator[Network]:
    opened = Network(runtime)
    yield opened
    opened.close()


def test_public_addresses_are_open_to_every_route(network: Network) -> None:
    assert network.policy(is_private=False).is_allowed(OUTSIDE)
    assert network.policy(is_private=True).is_allowed(OUTSIDE)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_are_open_to_routes_that_say_so(
    network: Network, address: str
) -> None:
    assert not network.policy(is_private=False).is_allowed(address)
    assert network.policy(is_private=True).is_allowed(address)


@pytest.mark.parametrize("address", NEVER)
def test_link_local_addresses_are_open_to_no_route(
    network: Network, address: str
) -> None:
    assert not network.policy(is_private=True).is_allowed(address)


async def test_routes_share_no_connections_with_those_that_may_go_further(
    network: Network,
) -> None:
    wide, narrow = (
        network.transport(is_private=True),
        network.transport(is_private=False),
    )
    try:
        assert wide is not narrow
        assert network.transport(is_private=True) is wide
    finally:
        await wide.aclose()
        await narrow.aclose()


def test_remedy_is_that_of_routes() -> None:
    reason = explained(str(ForbiddenAddressError()))
    assert "allow_private_network" in reason
    assert "webhook" not in reason


NO_TLS = "the port speaks no TLS; is the address http:// in place of https://?"
UNTRUSTED = "self-signed; SSL_CERT_FILE names further authorities to trust"


@pytest.mark.parametrize(
    ("kind", "said", "shown"),
    [
        ("no_tls", "[SSL: WRONG_VERSION_NUMBER] wrong version number", NO_TLS),
        ("untrusted", "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed", UNTRUSTED),
        ("certificate", "[SSL: CERTIFICATE_VERIFY_FAILED] expired", "expired"),
        ("connect", "there is no such host", "there is no such host"),
    ],
)
def test_network_failures_are_told_in_plain_words(
    kind: TransportErrorKind, said: str, shown: str
) -> None:
    start = "cannot connect to chat.example.com:443: "
    assert explained_error(TransportError(kind, start + said)) == start + shown
