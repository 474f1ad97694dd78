"""Tokens as the page shows them: one's own, those of rooms, and for administrators all.

Making one at the page is HipChat's way of old: a personal token with chosen scopes on the
account's page, a notification token on a room's; both are good for a year.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.clients import IssuedToken
from hipkit.server.services.access.grants import PERSONAL_SECONDS
from hipkit.server.services.access.keys import hash_token, new_token
from hipkit.server.services.access.lookup import (
    check_group_admin,
    find_room_to_administer,
    is_room_admin,
    list_seen_rooms,
    own_user,
)
from hipkit.server.services.access.scopes import TokenKind
from hipkit.server.services.context import Context
from hipkit.server.services.people.names import clean_name
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.tokens import NewToken, TokenRecord

__all__ = [
    "Approved",
    "end_approval",
    "find_shown_token",
    "list_approved",
    "list_group_tokens",
    "list_own_tokens",
    "list_room_tokens",
    "list_rooms_to_administer",
    "list_shown_tokens",
    "make_personal_token",
    "make_room_token",
    "revoke_shown_token",
]

MOST_ROOMS = 1_000
LONGEST_NAME = 100

ROOM_NOTIFICATION: TokenKind = "room notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A program that a person allowed to act for them until they take it back."""

    id: int
    name: str
    scopes: str
    expires_us: int | None


async def list_own_tokens(context: Context) -> list[TokenRecord]:
    """Return the caller's tokens that are good, the newest first."""
    user = own_user(context.actor)
    return await context.database.scan(
        lambda stores: stores.tokens.of_user(user.id, now_us=context.now_us)
    )


async def list_room_tokens(context: Context) -> list[TokenRecord]:
    """Return the notification tokens of rooms that the caller may administer."""

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

    return await context.database.scan(query)


async def list_group_tokens(context: Context) -> list[TokenRecord]:
    """Return every token of the group.

    Raises:
        ForbiddenError: The caller is no administrator.
    """
    check_group_admin(context.actor)
    group_id = context.actor.group_id
    found = await context.database.scan(
        lambda stores: stores.tokens.of_group(group_id, now_us=context.now_us)
    )
    return found[::-1]


async def list_shown_tokens(context: Context) -> list[TokenRecord]:
    """Return the tokens whose calls the caller may see: as an administrator all."""
    if context.actor.is_group_admin:
        return await list_group_tokens(context)
    return [*await list_own_tokens(context), *await list_room_tokens(context)]


async def list_rooms_to_administer(context: Context) -> list[RoomRecord]:
    """Return the rooms whose notification tokens the caller may make, by name."""
    actor = context.actor

    async def query(stores: Stores) -> list[RoomRecord]:
        rooms = await list_seen_rooms(
            stores, actor, include_archived=False, count=MOST_ROOMS
        )
        return [room for room in rooms if await is_room_admin(stores, actor, room)]

    found = await context.database.scan(query)
    return sorted(found, key=lambda room: room.name.casefold())


async def list_approved(context: Context) -> list[Approved]:
    """Return the programs that the caller allowed to act for them."""
    user = own_user(context.actor)
    found = []
    for record in await context.stores.tokens.refreshes_of_user(user.id):
        if record.expires_us is not None and record.expires_us <= context.now_us:
            continue
        client = await context.stores.clients.get(record.granted_client_id or "")
        name = "A program with your password" if client is None else client.name
        found.append(
            Approved(
                id=record.id,
                name=name,
                scopes=record.scopes,
                expires_us=record.expires_us,
            )
        )
    return found


async def end_approval(context: Context, refresh_id: int) -> None:
    """Take back what a program was allowed: its tokens end, and it gets no new ones."""
    user = own_user(context.actor)
    await context.write(
        lambda stores: stores.tokens.revoke_refresh(user.id, refresh_id)
    )


async def make_personal_token(
    context: Context, *, name: str, scopes: Collection[str]
) -> IssuedToken:
    """Make a token that acts for the caller.

    Raises:
        BadRequestError: There is no scope, one that the caller cannot have, or no name.
    """
    user = own_user(context.actor)
    chosen = frozenset(scopes)
    if not chosen:
        raise BadRequestError("Choose at least one scope")
    if not chosen <= context.actor.scopes:
        excess = " ".join(sorted(chosen - context.actor.scopes))
        raise BadRequestError(f"You cannot have the scope {excess}")
    return await _make(context, "user", name, chosen, user_id=user.id)


async def make_room_token(
    context: Context, *, name: str, room_id: int
) -> tuple[IssuedToken, RoomRecord]:
    """Make a token that sends notifications to one room, and return it with its room.

    Raises:
        ForbiddenError: The caller may not administer the room.
    """
    room = await find_room_to_administer(context.stores, context.actor, room_id)
    scopes = frozenset({"send_notification"})
    made = await _make(context, ROOM_NOTIFICATION, name, scopes, room_id=room.id)
    return made, room


async def find_shown_token(
    context: Context, stores: Stores, token_id: int
) -> TokenRecord:
    """Return a token whose calls the caller may see, and that they may revoke.

    Raises:
        NotFoundError: It is not there, or none of theirs.
    """
    actor = context.actor
    token = await stores.tokens.get(token_id)
    if token is not None and token.group_id == actor.group_id:
        if actor.is_group_admin or token.user_id == own_user(actor).id:
            return token
        is_of_room = token.kind == ROOM_NOTIFICATION
        if is_of_room and await _may_administer(context, stores, token.room_id):
            return token
    raise NotFoundError("There is no such token, or it is none of yours")


async def revoke_shown_token(context: Context, token_id: int) -> None:
    """End a token of the caller's, of a room of theirs, or as an administrator any."""

    async def command(stores: Stores) -> None:
        await stores.tokens.revoke(await find_shown_token(context, stores, token_id))

    await context.write(command)


async def _may_administer(
    context: Context, stores: Stores, room_id: int | None
) -> bool:
    room = await stores.rooms.get(room_id or 0)
    return room is not None and await is_room_admin(stores, context.actor, room)


async def _make(
    context: Context,
    kind: TokenKind,
    name: str,
    scopes: frozenset[str],
    *,
    user_id: int | None = None,
    room_id: int | None = None,
) -> IssuedToken:
    token = new_token()
    new = NewToken(
        hash=hash_token(token),
        kind=kind,
        group_id=context.actor.group_id,
        user_id=user_id,
        room_id=room_id,
        scopes=" ".join(sorted(scopes)),
        name=clean_name(name)[:LONGEST_NAME],
        expires_us=context.now_us + PERSONAL_SECONDS * SECOND_US,
    )
    token_id = await context.write(
        lambda stores: stores.tokens.add(new, context.now_us)
    )
    return IssuedToken(id=token_id, token=token, scopes=tuple(sorted(scopes)))
