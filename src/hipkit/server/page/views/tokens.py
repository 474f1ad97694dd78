"""Tokens: list, create and revoke them, and the access of authorized programs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

import msgspec

from hipkit.api.errors import ApiError
from hipkit.server.http.responses import Answer
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.issuing import IssuedToken
from hipkit.server.services.access.lookup import find_room, find_seen_room
from hipkit.server.services.access.scopes import SCOPES, name_kind
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

__all__ = ["VIEWS", "show_tokens_of"]

MOST_SHOWN = 500
HIDDEN_ROOM = "a room that you cannot see"


async def show_tokens(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the user's tokens, and those of rooms that they administer."""
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


async def show_group(visit: Visit) -> Answer:
    """Show all tokens of the group."""
    tokens = await list_group_tokens(visit.context)
    return await visit.page(
        "group_tokens.html",
        tokens=await show_tokens_of(visit, tokens[:MOST_SHOWN]),
        count=len(tokens),
    )


async def create_token(visit: Visit) -> Answer:
    """Issue a personal token, and show it once."""
    context = visit.context
    try:
        issued = await issue_personal_token(
            context, name=visit.field("name"), scopes=visit.fields.get("scope", ())
        )
        room = None
        if visit.field("room"):
            room = await find_room(context.stores, context.actor, visit.number("room"))
    except ApiError as error:
        return await show_tokens(visit, error)
    return await _show_issued(visit, issued, room)


async def create_room_token(visit: Visit) -> Answer:
    """Issue a room's notification token, and show it once."""
    try:
        issued, room = await issue_room_token(
            visit.context, name=visit.field("name"), room=visit.number("room")
        )
    except ApiError as error:
        return await show_tokens(visit, error)
    return await _show_issued(visit, issued, room)


async def revoke(visit: Visit) -> Answer:
    """Revoke a token."""
    await revoke_token(visit.context, visit.number("token_id"))
    is_from_group = visit.field("from") == "group"
    return visit.redirect("/tokens/group" if is_from_group else "/tokens", done="token")


async def end_program(visit: Visit) -> Answer:
    """Revoke a program's access."""
    await revoke_authorization(visit.context, visit.number("refresh_id"))
    return visit.redirect("/tokens", done="approval")


async def show_tokens_of(
    visit: Visit, tokens: Iterable[TokenRecord]
) -> list[dict[str, object]]:
    """Return tokens as templates show them: with purpose, owner's name and last call."""
    stores, actor = visit.context.stores, visit.context.actor
    calls = visit.context.runtime.recent_calls
    shown = []
    for token in tokens:
        client = await stores.clients.get(token.client_id) if token.client_id else None
        user = await stores.users.get(token.user_id) if token.user_id else None
        what = name_kind(token).capitalize() if client is None else client.name
        place = ""
        if token.room_id is not None:
            room = await find_seen_room(stores, actor, token.room_id)
            named = HIDDEN_ROOM if room is None else f"the room {room.name}"
            place = f" for {named}"
        shown.append(
            {
                "record": token,
                "what": what + place,
                "owner": None if user is None else user.name,
                "last_call_us": calls.last_us(token.id),
            }
        )
    return shown


async def _show_issued(
    visit: Visit, issued: IssuedToken, room: RoomRecord | None
) -> Answer:
    return await visit.page(
        "new_token.html",
        issued=issued,
        room=room,
        example=_example(visit, issued, room),
        has_own_authority=visit.context.runtime.settings.has_own_authority,
    )


def _example(visit: Visit, issued: IssuedToken, room: RoomRecord | None) -> str | None:
    """Return a shell command that uses a token for something that its scopes allow."""
    api = visit.context.addresses.api
    for scope, needs_room, path, body in EXAMPLES:
        if scope in issued.scopes and (room is not None or not needs_room):
            address = api + path.format(room="" if room is None else room.id)
            return _curl(address, issued.token, body)
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

DEFAULT_SCOPES = ("send_notification", "view_room")

VIEWS = [
    ViewRoute("/tokens", show_tokens),
    ViewRoute("/tokens", create_token, method="POST"),
    ViewRoute("/tokens/room", create_room_token, method="POST"),
    ViewRoute("/tokens/group", show_group),
    ViewRoute("/tokens/{token_id}/revoke", revoke, method="POST"),
    ViewRoute("/tokens/programs/{refresh_id}/end", end_program, method="POST"),
]
