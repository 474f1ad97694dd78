"""OAuth clients: add-ons and other programs that fetch their own tokens.

Administrators of the group manage them at the page, the operator with `hipkit admin client`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.issuing import check_secret
from hipkit.server.services.access.keys import new_client_id, new_token
from hipkit.server.services.access.lookup import (
    check_group_admin,
    check_operator,
    find_room,
)
from hipkit.server.services.access.scopes import GROUP_SCOPES, check_scopes
from hipkit.server.services.context import Context
from hipkit.server.services.people.names import clean_name
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord

__all__ = ["AddedClient", "add_client", "delete_client", "list_clients"]

WEBHOOK_SCOPES = frozenset({"admin_group", "admin_room"})

CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
"""Without the colon, which ends the id in HTTP Basic authentication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedClient:
    """A new OAuth client with its secret, which is shown once."""

    id: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...]
    room_id: int | None


async def add_client(
    context: Context,
    *,
    name: str,
    scopes: Collection[str],
    room: str | int | None = None,
    redirect_uris: Sequence[str] = (),
    client_id: str | None = None,
    secret: str | None = None,
) -> AddedClient:
    """Add an OAuth client to the actor's group.

    Args:
        context: The context of the call.
        name: The name that users see.
        scopes: The scopes that its tokens may have, at least one.
        room: The only room that it may reach.
        redirect_uris: Where authorization codes for it may be sent.
        client_id: An id that an add-on already uses; only the operator may choose it.
        secret: A secret that an add-on already uses; likewise.

    Raises:
        ForbiddenError: The actor is not an administrator, or chooses what only the operator may.
        BadRequestError: A value is invalid, or another client has the id.
        NotFoundError: The room does not exist.
    """
    actor = context.actor
    check_group_admin(actor)
    if client_id is not None or secret is not None:
        check_operator(actor)
    if not scopes:
        raise BadRequestError("Choose at least one scope")
    excess = sorted(check_scopes(scopes) & GROUP_SCOPES) if room is not None else []
    if excess:
        raise BadRequestError(
            f"A client of one room cannot have the scope {' '.join(excess)}"
        )
    addresses = [_check_redirect_uri(address) for address in redirect_uris]
    chosen_id = _check_client_id(new_client_id() if client_id is None else client_id)
    chosen = new_token() if secret is None else check_secret(secret, "A secret")
    sorted_scopes = tuple(sorted(scopes))

    async def command(stores: Stores) -> int | None:
        room_id = None
        if room is not None:
            room_id = (await find_room(stores, actor, room)).id
        if await stores.clients.get(chosen_id) is not None:
            raise BadRequestError(f"Another client has the id {chosen_id}", field="id")
        client = ClientRecord(
            id=chosen_id,
            group_id=actor.group_id,
            room_id=room_id,
            name=clean_name(name),
            secret_hash=hash_token(chosen),
            scopes=" ".join(sorted_scopes),
            redirect_uris=msgspec.json.encode(addresses).decode(),
        )
        # Events are signed with the secret itself, so a hash would not do. It is stored only
        # for clients that may create webhooks.
        kept = None if WEBHOOK_SCOPES.isdisjoint(scopes) else chosen
        await stores.clients.add(client, context.now_us, signing_secret=kept)
        return room_id

    room_id = await context.write(command)
    return AddedClient(
        id=chosen_id, secret=chosen, scopes=sorted_scopes, room_id=room_id
    )


async def list_clients(context: Context) -> list[ClientRecord]:
    """Return the OAuth clients of the actor's group, the oldest first.

    Raises:
        ForbiddenError: The actor is not an administrator.
    """
    check_group_admin(context.actor)
    return await context.stores.clients.of_group(context.actor.group_id)


async def delete_client(context: Context, client_id: str) -> None:
    """Delete an OAuth client of the actor's group, with its tokens and webhooks.

    Raises:
        ForbiddenError: The actor is not an administrator.
        NotFoundError: The group has no client with this id.
    """
    check_group_admin(context.actor)

    async def command(stores: Stores) -> None:
        client = await stores.clients.get(client_id)
        if client is None or client.group_id != context.actor.group_id:
            raise NotFoundError(f"Client {client_id} not found")
        await stores.clients.delete(client_id)

    await context.write(command)


def _check_client_id(client_id: str) -> str:
    if CLIENT_ID.fullmatch(client_id) is None:
        raise BadRequestError(
            "The id of a client is 1 to 100 letters, digits and signs of - . _ ~",
            field="id",
        )
    return client_id


def _check_redirect_uri(address: str) -> str:
    """Return a redirect URI if it is a web address without a fragment, which OAuth forbids."""
    if not is_web_address(address) or "#" in address:
        raise BadRequestError(
            f"{address!r} is not a redirect URI: it needs http:// or https://, a host, and no #"
        )
    return address
