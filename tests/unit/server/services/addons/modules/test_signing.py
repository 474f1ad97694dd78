"""Signed addresses of add-ons."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import ConflictError, ForbiddenError
from hipkit.server.services.addons.modules.signing import signed_address
from tests.unit.server.asgi import Site


@pytest.mark.parametrize(
    ("address", "beginning"),
    [
        ("https://a.example", "https://a.example?signed_request="),
        ("https://a.example/x", "https://a.example/x?signed_request="),
        ("https://a.example/x?", "https://a.example/x?signed_request="),
        ("https://a.example/x?a=1&a=2", "https://a.example/x?a=1&a=2&signed_request="),
        ("http://a.example:8/x?q=%20é", "http://a.example:8/x?q=%20é&signed_request="),
    ],
)
def test_the_token_is_added_to_the_query(
    site: Site, address: str, beginning: str
) -> None:
    client = site.add_client(["admin_room"])
    site.add_user("Ann", mention_name="ann")

    signed = asyncio.run(
        signed_address(site.context_of("ann"), client.id, address, None)
    )

    assert signed.startswith(beginning)
    assert signed.endswith("&connect_client_api_version=1")


def test_a_fragment_stays_at_the_end(site: Site) -> None:
    client = site.add_client(["admin_room"])
    site.add_user("Ann", mention_name="ann")
    address = "https://a.example/x#part"

    signed = asyncio.run(
        signed_address(site.context_of("ann"), client.id, address, None)
    )

    assert signed.endswith("&connect_client_api_version=1#part")


def test_a_client_whose_secret_is_not_kept_cannot_be_signed_for(site: Site) -> None:
    client = site.add_client(["view_room"])
    site.add_user("Ann", mention_name="ann")

    with pytest.raises(ConflictError, match="secret"):
        asyncio.run(signed_address(site.context_of("ann"), client.id, "http://a", None))


def test_only_users_have_signed_addresses(site: Site) -> None:
    client = site.add_client(["admin_room"])

    with pytest.raises(ForbiddenError):
        asyncio.run(signed_address(site.operator_context(), client.id, "http://a", 1))
