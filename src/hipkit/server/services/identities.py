"""Finds out who a token or a client's secret speaks for."""

from __future__ import annotations

from hipkit.errors import UnauthorizedError
from hipkit.server.services.context import (
    GROUP_SCOPES,
    Credentials,
    Identity,
    token_kind,
)
from hipkit.server.services.keys import hash_token, same_secret
from hipkit.server.storage.clients import ClientRecord
from hipkit.server.storage.database import Stores
from hipkit.server.storage.tokens import TokenRecord

__all__ = ["BAD_TOKEN", "find_token", "identify", "identify_client"]

BAD_TOKEN = "Invalid OAuth session"  # noqa: S105 - HipChat's words for it, no token


async def identify(stores: Stores, token: str, now_us: int) -> Identity:
    """Return who a token speaks for.

    Raises:
        UnauthorizedError: It is unknown, expired or revoked, or its owner is gone.
    """
    found = await find_token(stores, token, now_us)
    if found is None:
        raise UnauthorizedError(BAD_TOKEN)
    user = None if found.user_id is None else await stores.users.get(found.user_id)
    client = None
    if found.client_id is not None:
        client = await stores.clients.get(found.client_id)
    if user is not None and user.is_deleted:
        raise UnauthorizedError(BAD_TOKEN)
    scopes = frozenset(found.scopes.split())
    return Identity(
        token=found,
        kind=token_kind(found),
        group_id=found.group_id,
        scopes=scopes if found.room_id is None else scopes - GROUP_SCOPES,
        user=user,
        client=client,
    )


async def find_token(stores: Stores, token: str, now_us: int) -> TokenRecord | None:
    """Return what is stored of a token that is still good."""
    token_hash = hash_token(token)
    found = await stores.tokens.by_hash(token_hash)
    if found is None or not same_secret(found.hash, token_hash):
        return None
    if found.expires_us is not None and found.expires_us <= now_us:
        return None
    return found


async def identify_client(
    stores: Stores, credentials: Credentials | None
) -> ClientRecord | None:
    """Return the OAuth client whose id and secret came along, or `None` where none came.

    Raises:
        UnauthorizedError: Id or secret is wrong, or the client's room is gone.
    """
    if credentials is None:
        return None
    client = await stores.clients.get(credentials.client_id)
    secret_hash = hash_token(credentials.secret)
    if client is None or not same_secret(client.secret_hash, secret_hash):
        raise UnauthorizedError("Invalid client id or secret")
    if client.room_id is not None and await stores.rooms.get(client.room_id) is None:
        raise UnauthorizedError("The room of this client is gone")
    return client
