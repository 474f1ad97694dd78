"""Finds out who a token or a client's secret speaks for."""

from __future__ import annotations

from hipkit.api.errors import UnauthorizedError
from hipkit.server.services.access.actor import Actor, token_actor
from hipkit.server.services.access.keys import hash_token, same_secret
from hipkit.server.services.context import Credentials
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = [
    "BAD_TOKEN",
    "ActorCache",
    "find_token",
    "identify",
    "identify_client",
]

BAD_TOKEN = "Invalid OAuth session"  # noqa: S105 - HipChat's words for it, no token

MOST_KNOWN = 10_000
"""More tokens than that at a time are looked up anew."""


class ActorCache:
    """Remembers who tokens speak for until something is committed, whatever it is.

    The database itself tells, by its version, also of what other processes have committed. So a
    token that was revoked is refused from then on, and no change has to be reported here.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[bytes, tuple[int, Actor]] = {}
        """With the version of the database that was read."""

    async def identify(self, token: str, now_us: int) -> Actor:
        """Return who a token speaks for.

        Raises:
            UnauthorizedError: It is unknown, expired or revoked, or its owner is gone.
        """
        # Before the rows are read: a change between the two is then noticed at the next call.
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
    return token_actor(found, user, client)


async def find_token(stores: Stores, token: str, now_us: int) -> TokenRecord | None:
    """Return what is stored of a token that is still good."""
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
