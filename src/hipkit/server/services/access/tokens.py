"""Token management: a user's own tokens, those of rooms, and for administrators all.

Users issue tokens at the page as with HipChat: personal tokens with chosen scopes, and
notification tokens of rooms, both valid for a year. The operator may also issue tokens for
others, and choose a token's value and lifetime.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.issuing import (
    PERSONAL_SECONDS,
    IssuedToken,
    TokenToIssue,
    issue_token,
)
from hipkit.server.services.access.lookup import (
    MOST_ROOMS,
    check_group_admin,
    check_operator,
    find_active_user,
    find_room_to_administer,
    is_room_admin,
    list_seen_rooms,
    own_user,
)
from hipkit.server.services.access.scopes import (
    TokenKind,
    check_scopes,
    grantable_scopes,
)
from hipkit.server.services.context import Context
from hipkit.server.services.people.names import clean_name
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = [
    "Authorization",
    "find_managed_token",
    "issue_personal_token",
    "issue_room_token",
    "issue_user_token",
    "list_authorizations",
    "list_group_tokens",
    "list_managed_tokens",
    "list_own_tokens",
    "list_room_tokens",
    "list_rooms_to_administer",
    "may_manage",
    "revoke_authorization",
    "revoke_token",
]

LONGEST_NAME = 100

ROOM_NOTIFICATION: TokenKind = "room notification"
ROOM_CLIENT: TokenKind = "room client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """A user's consent that a program acts for them, until they revoke it."""

    id: int
    name: str
    scopes: str
    expires_us: int | None


async def list_own_tokens(context: Context) -> list[TokenRecord]:
    """Return the actor's valid tokens, the newest first."""
    user = own_user(context.actor)
    return await context.runtime.database.scan(
        lambda stores: stores.tokens.of_user(user.id, now_us=context.now_us)
    )


async def list_room_tokens(context: Context) -> list[TokenRecord]:
    """Return the notification tokens of the rooms that the actor may administer."""

    async def query(stores: Stores) -> list[TokenRecord]:
        group_id = context.actor.group_id
        found = await stores.tokens.of_rooms(
            group_id, ROOM_NOTIFICATION, now_us=context.now_us
        )
        may_see = {
            room_id: await _may_administer(context, stores, room_id)
            for room_id in {token.room_id for token in found}
        }
        return [token for token in found if may_see[token.room_id]]

    return await context.runtime.database.scan(query)


async def list_group_tokens(context: Context) -> list[TokenRecord]:
    """Return all valid tokens of the group, the newest first.

    Raises:
        ForbiddenError: The actor is not an administrator.
    """
    check_group_admin(context.actor)
    group_id = context.actor.group_id
    found = await context.runtime.database.scan(
        lambda stores: stores.tokens.of_group(group_id, now_us=context.now_us)
    )
    return found[::-1]


async def list_managed_tokens(context: Context) -> list[TokenRecord]:
    """Return the tokens that the actor manages: an administrator all of the group."""
    if context.actor.is_group_admin:
        return await list_group_tokens(context)
    return [*await list_own_tokens(context), *await list_room_tokens(context)]


async def list_rooms_to_administer(context: Context) -> list[RoomRecord]:
    """Return the rooms that the actor may issue notification tokens for, by name."""
    actor = context.actor

    async def query(stores: Stores) -> list[RoomRecord]:
        rooms = await list_seen_rooms(
            stores, actor, include_archived=False, count=MOST_ROOMS
        )
        return [room for room in rooms if await is_room_admin(stores, actor, room)]

    found = await context.runtime.database.scan(query)
    return sorted(found, key=lambda room: room.name.casefold())


async def list_authorizations(context: Context) -> list[Authorization]:
    """Return the programs that may act for the actor."""
    user = own_user(context.actor)
    found = []
    for record in await context.stores.tokens.refreshes_of_user(user.id):
        if record.expires_us is not None and record.expires_us <= context.now_us:
            continue
        client = await context.stores.clients.get(record.granted_client_id or "")
        name = "A program with your password" if client is None else client.name
        found.append(
            Authorization(
                id=record.id,
                name=name,
                scopes=record.scopes,
                expires_us=record.expires_us,
            )
        )
    return found


async def revoke_authorization(context: Context, refresh_id: int) -> None:
    """Revoke what the actor allowed a program, with the program's tokens."""
    user = own_user(context.actor)
    await context.write(
        lambda stores: stores.tokens.revoke_refresh(user.id, refresh_id)
    )


async def issue_personal_token(
    context: Context, *, name: str, scopes: Collection[str]
) -> IssuedToken:
    """Issue a token that acts for the actor.

    Raises:
        BadRequestError: The name or the scopes are missing, or the actor lacks one of these.
    """
    actor = context.actor
    user = own_user(actor)
    if not scopes:
        raise BadRequestError("Choose at least one scope")
    chosen = _check_grantable(scopes, actor.scopes, "You")
    label = clean_name(name)[:LONGEST_NAME]
    wanted = TokenToIssue(
        kind="user",
        group_id=actor.group_id,
        user_id=user.id,
        scopes=chosen,
        name=label,
    )
    return await context.write(
        lambda stores: issue_token(stores, context.now_us, wanted)
    )


async def issue_user_token(
    context: Context,
    *,
    user: str | int | None = None,
    scopes: Collection[str] | None = None,
    name: str = "",
    value: str | None = None,
    seconds: int | None = PERSONAL_SECONDS,
) -> IssuedToken:
    """Issue a token that acts for a user, as the operator.

    Args:
        context: The context of the call.
        user: The token's owner; the group's owner if left out.
        scopes: What it may do; whatever its owner may if left out.
        name: A label for lists.
        value: A value that a program already uses; random if left out.
        seconds: Its lifetime; `None` for a token that never expires.

    Raises:
        ForbiddenError: The actor is not the operator.
        NotFoundError: The user does not exist.
        BadRequestError: The user cannot have one of the scopes, or the value cannot be a token.
    """
    actor = context.actor
    check_operator(actor)

    async def command(stores: Stores) -> IssuedToken:
        reference = user
        if reference is None:
            group = await stores.groups.get(actor.group_id)
            reference = (group and group.owner_id) or 0
        owner = await find_active_user(stores, actor, reference)
        allowed = grantable_scopes(owner)
        if scopes is not None:
            allowed = _check_grantable(scopes, allowed, owner.name)
        wanted = TokenToIssue(
            kind="user",
            group_id=actor.group_id,
            user_id=owner.id,
            scopes=allowed,
            name=name,
            value=value,
            seconds=seconds,
        )
        return await issue_token(stores, context.now_us, wanted)

    return await context.write(command)


async def issue_room_token(
    context: Context,
    *,
    room: str | int,
    name: str,
    value: str | None = None,
    seconds: int | None = PERSONAL_SECONDS,
) -> tuple[IssuedToken, RoomRecord]:
    """Issue a token that can only send notifications to one room, and return both.

    Only the operator may choose the value and the lifetime.

    Raises:
        ForbiddenError: The actor may not administer the room, or chooses what it may not.
        BadRequestError: The name is missing, or the value cannot be a token.
    """
    if value is not None or seconds != PERSONAL_SECONDS:
        check_operator(context.actor)
    label = clean_name(name)[:LONGEST_NAME]

    async def command(stores: Stores) -> tuple[IssuedToken, RoomRecord]:
        found = await find_room_to_administer(stores, context.actor, room)
        wanted = TokenToIssue(
            kind=ROOM_NOTIFICATION,
            group_id=found.group_id,
            room_id=found.id,
            scopes=("send_notification",),
            name=label,
            value=value,
            seconds=seconds,
        )
        return await issue_token(stores, context.now_us, wanted), found

    return await context.write(command)


async def find_managed_token(
    context: Context, stores: Stores, token_id: int
) -> TokenRecord:
    """Return a token that the actor may revoke.

    Raises:
        NotFoundError: The token does not exist, or the actor may not manage it.
    """
    token = await stores.tokens.get(token_id)
    if token is None or not await may_manage(context, stores, token):
        raise NotFoundError(f"Token {token_id} not found")
    return token


async def may_manage(context: Context, stores: Stores, token: TokenRecord) -> bool:
    """Return whether the actor may revoke a token, and see its calls."""
    actor = context.actor
    if token.group_id != actor.group_id:
        return False
    if actor.is_group_admin or token.user_id == own_user(actor).id:
        return True
    return await _is_of_administered(context, stores, token)


async def revoke_token(context: Context, token_id: int) -> None:
    """Revoke a token that the actor manages, with all that was created with it.

    Raises:
        NotFoundError: The token does not exist, or the actor may not manage it.
    """

    async def command(stores: Stores) -> None:
        await stores.tokens.revoke(await find_managed_token(context, stores, token_id))

    await context.write(command)


def _check_grantable(
    scopes: Collection[str], grantable: frozenset[str], who: str
) -> frozenset[str]:
    excess = check_scopes(scopes) - grantable
    if excess:
        raise BadRequestError(f"{who} cannot have the scope {' '.join(sorted(excess))}")
    return frozenset(scopes)


async def _is_of_administered(
    context: Context, stores: Stores, token: TokenRecord
) -> bool:
    """Return whether a token is one of a room that the actor administers.

    An add-on's is, too, if it was installed there: who may remove the add-on may see its calls.
    Other clients of one room belong to the group's administrators.
    """
    is_of_room = token.kind == ROOM_NOTIFICATION
    if token.kind == ROOM_CLIENT:
        installed = await stores.installations.get(token.client_id or "")
        is_of_room = installed is not None and installed.room_id == token.room_id
    return is_of_room and await _may_administer(context, stores, token.room_id)


async def _may_administer(
    context: Context, stores: Stores, room_id: int | None
) -> bool:
    room = await stores.rooms.get(room_id or 0)
    return room is not None and await is_room_admin(stores, context.actor, room)
