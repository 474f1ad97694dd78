"""Authenticate tokens and OAuth clients."""

from __future__ import annotations

from dataclasses import dataclass, field

from hipkit.api.errors import UnauthorizedError
from hipkit.server.services.access.actor import Actor, token_actor
from hipkit.server.services.access.keys import hash_token, same_secret
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = [
    "BAD_TOKEN",
    "ActorCache",
    "Credentials",
    "find_token",
    "identify",
    "identify_client",
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
    """Caches the actors of tokens until the next commit, whatever it changes.

    The database's version also counts the commits of other processes. So a revoked token is
    invalid at once, and no code that changes something has to clear this cache.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[bytes, tuple[int, Actor]] = {}
        """By the token's hash, each with the version of the database that was read."""

    async def identify(self, token: str, now_us: int) -> Actor:
        """Return the actor of a token.

        Raises:
            UnauthorizedError: The token is unknown, expired or revoked, or its user was deleted.
        """
        # The version comes first: were it read after the rows, a commit between the two would be
        # taken for seen, and a token that it revoked would stay valid.
        version = self._database.version()
        token_hash = hash_token(token)
        known_version, known = self._known.get(token_hash, (None, None))
        if (
            known is not None
            and known_version == version
            and known.token is not None
            and not _has_expired(known.token, now_us)
        ):
            return known
        found = await identify(self._database.stores, token, now_us)
        if version is not None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[token_hash] = (version, found)
        return found


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
    return None if _has_expired(found, now_us) else found


def _has_expired(token: TokenRecord, now_us: int) -> bool:
    return token.expires_us is not None and token.expires_us <= now_us


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
