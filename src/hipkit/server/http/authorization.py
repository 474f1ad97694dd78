"""Checks that the caller may call the operation: scopes, kind of token, and its room."""

from __future__ import annotations

from hipkit.api.errors import ForbiddenError, UnauthorizedError
from hipkit.api.operation import Operation
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.authentication import identify_client
from hipkit.server.services.access.lookup import check_own_room
from hipkit.server.services.context import Context
from hipkit.server.services.senders.operations import check_sender_may

__all__ = ["ROOM_ARGUMENT", "check_allowed"]

ROOM_ARGUMENT = "room_id_or_name"


async def check_allowed(
    context: Context,
    kind: type[Operation[object]],
    room: str | None,
    *,
    is_served: bool,
) -> None:
    """Check that a caller's token suffices for an operation.

    A token bound to a room is compared with the room that the call names here, for every
    operation alike and before any handler runs. The kind of a token does not matter where nothing
    is served: that is what the answer should say, and not ask for another token first.

    Raises:
        UnauthorizedError: There is no token.
        ForbiddenError: It is of the wrong kind, for another room, or lacks the scope.
    """
    if kind.auth == "none":
        return
    if kind.auth == "basic":
        if context.credentials is None and context.actor_or_none is None:
            raise UnauthorizedError(
                "Authenticated requests only. Send a client's id and secret (Basic), or a"
                " token (Bearer)"
            )
        # The grants do so too; with `auth_test` none of them runs.
        await identify_client(context.stores, context.credentials)
        return
    actor = context.actor
    if actor.kind == "sender" and is_served:
        check_sender_may(kind)
    _check_scopes(actor, kind)
    if is_served:
        _check_kind(actor, kind)
    if actor.room_id is None:
        return
    if room is not None:
        await check_own_room(context.stores, actor, room)
    elif _is_beyond_a_room(kind):
        raise ForbiddenError("This token is limited to one room")


def _is_beyond_a_room(kind: type[Operation[object]]) -> bool:
    """Return whether an operation is not for add-ons that are installed in one room.

    A user's token can be bound to a room as well, when a room's client got it for them.
    """
    return (
        not kind.any_token
        and bool(kind.token_types)
        and "room client" not in kind.token_types
    )


def _check_scopes(actor: Actor, kind: type[Operation[object]]) -> None:
    if kind.scopes and actor.scopes.isdisjoint(kind.scopes):
        # A Python 2 list, as HipChat printed it: clients in use look for just this.
        listed = ", ".join(f"u'{scope}'" for scope in kind.scopes)
        error = ForbiddenError(
            f"This action requires one of the following scopes: [{listed}]"
        )
        error.scopes = kind.scopes
        raise error


def _check_kind(actor: Actor, kind: type[Operation[object]]) -> None:
    if kind.any_token or not kind.token_types:
        return
    if actor.token_kind not in kind.token_types:
        raise ForbiddenError(
            f"This action takes tokens of the kinds {', '.join(kind.token_types)};"
            f" yours is of the kind {actor.token_kind}"
        )
