"""Authenticate tokens, OAuth clients and the operator."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from hipkit.api.errors import NotFoundError, UnauthorizedError
from hipkit.server.services.access.actor import Actor, operator, token_actor
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = [
    "BAD_TOKEN",
    "ActorCache",
    "Credentials",
    "find_token",
    "hash_token",
    "identify",
    "identify_client",
    "identify_operator",
    "same_secret",
]

BAD_TOKEN = "Invalid OAuth session"  # noqa: S105 - HipChat's words for it, no token

MOST_KNOWN = 10_000
"""With more tokens than that the cache starts over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An OAuth client's id and secret, as they came."""

    client_id: str
    secret: str = field(repr=False)


class ActorCache:
    """Caches the actors of tokens for as long as nothing changed that they depend on.

    The database itself counts such changes, also those of other processes. So a revoked token is
    invalid at once, and no code that changes something has to clear this cache. A user's
    `last_active_us` is not counted: in an actor it may be out of date.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._known: dict[bytes, tuple[int, int, Actor]] = {}
        """By the token's hash: the number that was read before, when it expires, its actor."""

    async def identify(self, token: str, now_us: int) -> Actor:
        """Return the actor of a token.

        Raises:
            UnauthorizedError: The token is unknown, expired or revoked, or its user was deleted.
        """
        token_hash = hash_token(token)
        # The number comes first: were it read after the rows, a change between the two would be
        # taken for seen, and a token that it revoked would stay valid.
        version = await self._stores.access_changes.actor_version()
        known = self._known.get(token_hash)
        if known is not None and known[0] == version and now_us < known[1]:
            return known[2]
        actor = await identify(self._stores, token, now_us)
        expires_us = None if actor.token is None else actor.token.expires_us
        if version is not None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            lasts_until_us = LATEST_US if expires_us is None else expires_us
            self._known[token_hash] = version, lasts_until_us, actor
        return actor


async def identify(stores: Stores, token: str, now_us: int) -> Actor:
    """Return the actor of a token, read from the database.

    Raises:
        UnauthorizedError: The token is unknown, expired or revoked, or its user was deleted.
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
    return token_actor(found, user, client)


async def find_token(stores: Stores, token: str, now_us: int) -> TokenRecord | None:
    """Return the stored token of a value if it is valid."""
    token_hash = hash_token(token)
    found = await stores.tokens.by_hash(token_hash)
    if found is None or not same_secret(found.hash, token_hash):
        return None
    has_expired = found.expires_us is not None and found.expires_us <= now_us
    return None if has_expired else found


def hash_token(token: str) -> bytes:
    """Return the hash that is stored of a token.

    Tokens are random and long, so that unlike passwords they need no slow hash.
    """
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def same_secret(one: bytes, other: bytes) -> bool:
    """Return whether two hashes are equal, in a time that does not depend on them."""
    return hmac.compare_digest(one, other)


async def identify_client(
    stores: Stores, credentials: Credentials | None
) -> ClientRecord | None:
    """Return the OAuth client of some credentials, or `None` without any.

    Raises:
        UnauthorizedError: The id or the secret is wrong, or the client's room was deleted.
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


async def identify_operator(stores: Stores) -> Actor:
    """Return the operator of the group that the first start created.

    Whoever can open the database is the operator, so there is nothing more to check.

    Raises:
        NotFoundError: The database has had no first start yet.
    """
    group = await stores.groups.first()
    if group is None:
        raise NotFoundError("the database is empty: start hipkit serve once")
    return operator(group.id)
