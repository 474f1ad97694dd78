"""Addresses of add-ons that a user's browser opens or asks, signed for that user."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode, urlsplit

from hipkit.api.errors import ConflictError
from hipkit.server.services.access.lookup import own_user
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.webhooks.signatures import (
    HEADER_SECONDS,
    check_can_sign,
    sign_request,
)

__all__ = ["signed_address"]

TOKEN_ID_BYTES = 10
CLIENT_VERSION = "1"
"""The version of the interface between add-ons and HipChat's clients."""


async def signed_address(
    context: Context,
    client_id: str,
    address: str,
    room_id: int | None,
    *,
    good_seconds: int = HEADER_SECONDS,
) -> str:
    """Return an address with `signed_request` in its query.

    The token in it names the user who acts and the room.

    Args:
        context: The context of the user's call.
        client_id: The add-on's, with whose secret the token is signed.
        address: An absolute web address, without variables.
        room_id: The room that the user is in; `None` outside a room.
        good_seconds: How long the token is good. By default it is as long as HipChat's, as pages
            of add-ons send it back with their forms.

    Raises:
        ConflictError: The server does not keep the client's secret.
    """
    check_can_sign()
    secret = await context.stores.clients.signing_secret(client_id)
    if secret is None:
        raise ConflictError(
            "This server does not keep the secret of the add-on's client, so it cannot sign for"
            " it: create the client again"
        )
    user = own_user(context.actor)
    token = sign_request(
        secret,
        client_id=client_id,
        user_id=user.id,
        room_id=room_id,
        timezone=user.timezone,
        token_id=secrets.token_hex(TOKEN_ID_BYTES),
        now_seconds=context.now_us // SECOND_US,
        good_seconds=good_seconds,
    )
    added = urlencode(
        {"signed_request": token, "connect_client_api_version": CLIENT_VERSION}
    )
    parts = urlsplit(address)
    query = f"{parts.query}&{added}" if parts.query else added
    return parts._replace(query=query).geturl()
