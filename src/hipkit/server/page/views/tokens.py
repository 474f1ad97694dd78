"""Tokens: made here with chosen scopes, listed and revoked."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from hipkit.api.errors import ApiError
from hipkit.server.http.responses import Answer
from hipkit.server.page.visit import Visit, view
from hipkit.server.services.access.issuing import IssuedToken
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.access.tokens import (
    issue_personal_token,
    issue_room_token,
    list_authorizations,
    list_group_tokens,
    list_own_tokens,
    list_room_tokens,
    list_rooms_to_administer,
    revoke_authorization,
    revoke_token,
)
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = ["VIEWS", "TokenView", "show_tokens_of"]

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A token, and in words whose it is and what for."""

    record: TokenRecord
    what: str
    owner: str | None
    last_call_us: int | None


async def show_tokens(visit: Visit) -> Answer:
    """Show one's tokens, and those of one's rooms."""
    return await _tokens(visit)


async def show_group(visit: Visit) -> Answer:
    """Show an administrator every token of the group."""
    tokens = await list_group_tokens(visit.context)
    return await visit.page(
        "group_tokens.html",
        tokens=await show_tokens_of(visit, tokens[:MOST_SHOWN]),
        count=len(tokens),
    )


async def make_token(visit: Visit) -> Answer:
    """Make a personal token, and show it once."""
    context = visit.context
    try:
        made = await issue_personal_token(
            context, name=visit.field("name"), scopes=visit.fields.get("scope", ())
        )
        room = await _example_room(visit)
    except ApiError as error:
        return await _tokens(visit, error)
    return await _made(visit, made, room)


async def make_for_room(visit: Visit) -> Answer:
    """Make a room's notification token, and show it once."""
    try:
        made, room = await issue_room_token(
            visit.context, name=visit.field("name"), room=visit.number("room")
        )
    except ApiError as error:
        return await _tokens(visit, error)
    return await _made(visit, made, room)


async def revoke(visit: Visit) -> Answer:
    """End a token."""
    await revoke_token(visit.context, visit.number("token_id"))
    is_from_group = visit.field("from") == "group"
    return visit.redirect("/tokens/group" if is_from_group else "/tokens", done="token")


async def end_program(visit: Visit) -> Answer:
    """Take back what a program was allowed."""
    await revoke_authorization(visit.context, visit.number("refresh_id"))
    return visit.redirect("/tokens", done="approval")


async def show_tokens_of(
    visit: Visit, tokens: Iterable[TokenRecord]
) -> list[TokenView]:
    """Say of tokens what they are for."""
    stores, calls = visit.context.stores, visit.server.runtime.recent_calls
    shown = []
    for token in tokens:
        room = await stores.rooms.get(token.room_id) if token.room_id else None
        client = await stores.clients.get(token.client_id) if token.client_id else None
        user = await stores.users.get(token.user_id) if token.user_id else None
        what = KINDS.get(token.kind, token.kind) if client is None else client.name
        place = f" for the room {room.name}" if room is not None else ""
        shown.append(
            TokenView(
                record=token,
                what=what + place,
                owner=None if user is None else user.name,
                last_call_us=calls.last_us(token.id),
            )
        )
    return shown


async def _tokens(visit: Visit, error: ApiError | None = None) -> Answer:
    context = visit.context
    return await visit.page(
        "tokens.html",
        error=error,
        own=await show_tokens_of(visit, await list_own_tokens(context)),
        of_rooms=await show_tokens_of(visit, await list_room_tokens(context)),
        authorizations=await list_authorizations(context),
        scopes={name: SCOPES[name] for name in sorted(context.actor.scopes)},
        chosen=visit.fields.get("scope", DEFAULT_SCOPES),
        name=visit.field("name"),
        rooms=await list_rooms_to_administer(context),
    )


async def _made(visit: Visit, made: IssuedToken, room: RoomRecord | None) -> Answer:
    return await visit.page(
        "made_token.html",
        made=made,
        room=room,
        example=_example(visit, made, room),
    )


async def _example_room(visit: Visit) -> RoomRecord | None:
    if not visit.field("room"):
        return None
    context = visit.context
    return await find_room(context.stores, context.actor, visit.number("room"))


def _example(visit: Visit, made: IssuedToken, room: RoomRecord | None) -> str | None:
    """Return a line for a shell that does something with a token which that token may do."""
    api = visit.context.addresses.api
    for scope, needs_room, path, body in EXAMPLES:
        if scope in made.scopes and (room is not None or not needs_room):
            address = api + path.format(room="" if room is None else room.id)
            return _curl(address, made.token, body)
    return None


def _curl(address: str, token: str, body: dict[str, str] | None) -> str:
    parts = ["curl", "-H", f"Authorization: Bearer {token}"]
    if body is not None:
        parts += ["-H", "Content-Type: application/json"]
        parts += ["-d", msgspec.json.encode(body).decode()]
    return shlex.join([*parts, address])


EXAMPLES: Sequence[tuple[str, bool, str, dict[str, str] | None]] = (
    (
        "send_notification",
        True,
        "/room/{room}/notification",
        {"message": "Hello from curl", "color": "green"},
    ),
    ("send_message", True, "/room/{room}/message", {"message": "Hello from curl"}),
    ("view_messages", True, "/room/{room}/history/latest", None),
    ("view_room", True, "/room/{room}", None),
    ("view_group", False, "/room", None),
    ("admin_room", True, "/room/{room}/webhook", None),
)

KINDS = {
    "user": "Personal token",
    "room notification": "Notification token",
    "group client": "Program",
    "room client": "Program",
}

DEFAULT_SCOPES = ("send_notification", "view_room")

VIEWS = [
    view("/tokens", show_tokens),
    view("/tokens", make_token, methods=("POST",)),
    view("/tokens/room", make_for_room, methods=("POST",)),
    view("/tokens/group", show_group),
    view("/tokens/{token_id}/revoke", revoke, methods=("POST",)),
    view("/tokens/programs/{refresh_id}/end", end_program, methods=("POST",)),
]
