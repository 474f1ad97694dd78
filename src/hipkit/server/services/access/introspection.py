"""OAuth sessions: show and revoke tokens. Read next: `grants.py`, which issues them."""

from __future__ import annotations

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.actor import Actor, effective_scopes
from hipkit.server.services.access.authentication import find_token, hash_token
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.context import Context
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.models import room_in_short, user_in_short
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.rooms.rooms import full_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.v2.models import Links, OauthClient, Session
from hipkit.v2.oauth_sessions import DeleteSession, GetSession

__all__ = ["NEVER_SECONDS", "delete_session", "get_session", "seconds_left"]

NEVER_SECONDS = 10 * 365 * 24 * 60 * 60
"""The lifetime shown for a token that never expires: old programs need a number."""


@handles(GetSession)
async def get_session(context: Context, request: GetSession) -> Session:
    """Return a token's owner, scopes and lifetime.

    Raises:
        NotFoundError: The token is unknown, or of another owner.
    """
    stores, expand = context.stores, Expansion(request.expand)
    token = await _find_own(context, stores, request.access_token)
    user, owner = await stores.users.get(token.user_id or 0), None
    if user is not None and "owner" in expand:
        owner = await full_user(context, stores, user)
    elif user is not None:
        owner = user_in_short(context.addresses, user)
    return Session(
        access_token=request.access_token,
        expires_in=seconds_left(token, context.now_us),
        scopes=sorted(effective_scopes(token, user)),
        owner_type="client" if user is None else "user",
        owner=owner,
        client=await _client(context, stores, token, expand),
        name=token.name or None,
        links=Links(self_=context.addresses.session(request.access_token)),
    )


@handles(DeleteSession)
async def delete_session(context: Context, request: DeleteSession) -> None:
    """Revoke a token and the refresh token that came with it.

    Raises:
        NotFoundError: The token is unknown, or of another owner.
    """

    async def command(stores: Stores) -> None:
        token = await _find_own(context, stores, request.access_token)
        await stores.tokens.revoke(token)

    await context.write(command)


def seconds_left(token: TokenRecord, now_us: int) -> int:
    """Return how many seconds a token stays valid."""
    if token.expires_us is None:
        return NEVER_SECONDS
    return max(0, (token.expires_us - now_us) // SECOND_US)


async def _find_own(context: Context, stores: Stores, text: str) -> TokenRecord:
    """Return a token that is the actor's own, or of the same user or client."""
    actor = context.actor
    token = await find_token(stores, text, context.now_us)
    if token is not None and (
        token.hash == hash_token(context.bearer or "")
        or (actor.room_id in (None, token.room_id) and _is_owner(actor, token))
    ):
        return token
    raise NotFoundError("Session not found")


def _is_owner(actor: Actor, token: TokenRecord) -> bool:
    if actor.user_id is not None or token.user_id is not None:
        return actor.user_id == token.user_id
    return actor.client_id is not None and actor.client_id == token.client_id


async def _client(
    context: Context, stores: Stores, token: TokenRecord, expand: Expansion
) -> OauthClient:
    room = None
    inner = expand.below("client")
    if token.room_id is not None:
        record = await stores.rooms.get(token.room_id)
        if record is not None and "room" in inner:
            seen = await find_room(stores, context.actor, record.id)
            room = await full_room(context, stores, seen, inner.below("room"))
        elif record is not None:
            room = room_in_short(context.addresses, record)
    client = await stores.clients.get(token.client_id or "")
    if client is not None:
        return OauthClient(
            id=client.id,
            name=client.name,
            allowed_scopes=client.scopes.split(),
            room=room,
        )
    # Personal tokens have no client, but old programs expect one.
    return OauthClient(
        id=f"token-{token.id}",
        name=token.name or "Personal token",
        allowed_scopes=token.scopes.split(),
        room=room,
    )
