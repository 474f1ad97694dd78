"""OAuth clients and tokens, as administrators manage them at the page and on the machine itself.

Secrets are returned once. What is stored of them are hashes; the secret of a client that may set
webhooks is stored itself, because that is what events for it are signed with.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.grants import PERSONAL_SECONDS
from hipkit.server.services.access.keys import hash_token, new_client_id, new_token
from hipkit.server.services.access.lookup import check_group_admin
from hipkit.server.services.access.scopes import (
    GROUP_SCOPES,
    SCOPES,
    TokenKind,
    grantable_scopes,
)
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.people.names import clean_name
from hipkit.server.services.people.operator import find_group, find_room, find_user
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord, CodeRecord
from hipkit.server.storage.stores.tokens import NewToken, TokenRecord

__all__ = [
    "IssuedToken",
    "MadeClient",
    "add_client",
    "add_group_client",
    "add_room_token",
    "add_user_token",
    "delete_client",
    "delete_group_client",
    "list_clients",
    "list_group_clients",
    "list_tokens",
    "make_authorization_code",
    "revoke_token",
]

CODE_SECONDS = 10 * 60

WEBHOOK_SCOPES = frozenset({"admin_group", "admin_room"})

CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
"""No colon: it ends the id in what is sent as `Basic`."""

TOKEN_VALUE = re.compile(r"[\x21-\x7e]{8,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token that was made."""

    id: int
    token: str = field(repr=False)
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeClient:
    """An OAuth client that was made."""

    id: str
    secret: str = field(repr=False)
    """Made up, or the one that was given."""
    scopes: tuple[str, ...]
    room_id: int | None


async def add_client(
    database: Database,
    now_us: int,
    *,
    name: str,
    scopes: Collection[str],
    room: str | int | None = None,
    redirect_uris: Sequence[str] = (),
    group_id: int | None = None,
    client_id: str | None = None,
    secret: str | None = None,
) -> MadeClient:
    """Make an OAuth client, for a group (the first, if not told) or for one room of it.

    `client_id` and `secret` are what an add-on has stored already.

    Raises:
        BadRequestError: A member is no good, or another client has the id.
    """
    excess = sorted(_check_scopes(scopes) & GROUP_SCOPES) if room is not None else []
    if excess:
        raise BadRequestError(
            f"what is for one room cannot have the scope {' '.join(excess)}"
        )
    addresses = [_check_redirect_uri(address) for address in redirect_uris]
    chosen_id = _check_client_id(new_client_id() if client_id is None else client_id)
    chosen = _check_secret(new_token() if secret is None else secret)

    async def command(stores: Stores) -> int | None:
        group = await find_group(stores, group_id)
        found = None if room is None else await find_room(stores, room, group.id)
        room_id = None if found is None else found.id
        if await stores.clients.get(chosen_id) is not None:
            raise BadRequestError(f"another client has the id {chosen_id}", field="id")
        client = ClientRecord(
            id=chosen_id,
            group_id=group.id,
            room_id=room_id,
            name=clean_name(name),
            secret_hash=hash_token(chosen),
            scopes=" ".join(sorted(scopes)),
            redirect_uris=msgspec.json.encode(addresses).decode(),
        )
        # Events are signed with it; who cannot set a webhook gets none.
        kept = None if WEBHOOK_SCOPES.isdisjoint(scopes) else chosen
        await stores.clients.add(client, now_us, signing_secret=kept)
        return room_id

    room_id = await database.write(command)
    return MadeClient(
        id=chosen_id, secret=chosen, scopes=tuple(sorted(scopes)), room_id=room_id
    )


def _check_client_id(client_id: str) -> str:
    if CLIENT_ID.fullmatch(client_id) is None:
        raise BadRequestError(
            "the id of a client is 1 to 100 letters, digits and signs of - . _ ~",
            field="id",
        )
    return client_id


def _check_secret(secret: str) -> str:
    """Return a secret if it can be one, and do not repeat it if it cannot."""
    if TOKEN_VALUE.fullmatch(secret) is None:
        raise BadRequestError(
            "a secret is 8 to 200 visible ASCII characters", field="secret"
        )
    return secret


def _check_redirect_uri(address: str) -> str:
    """Return an address to register, if it is of the web and without what OAuth forbids."""
    if not is_web_address(address) or "#" in address:
        raise BadRequestError(
            f"{address!r} is no address for an answer: it needs http:// or https://, a host,"
            " and no #"
        )
    return address


async def list_clients(
    database: Database, group_id: int | None = None
) -> list[ClientRecord]:
    """Return every OAuth client of a group (the first, if not told), the oldest first."""
    group = await find_group(database.stores, group_id)
    return await database.stores.clients.of_group(group.id)


async def delete_client(database: Database, client_id: str) -> None:
    """Remove an OAuth client and its tokens.

    Raises:
        NotFoundError: There is none of this id.
    """
    if not await database.write(lambda stores: stores.clients.delete(client_id)):
        raise NotFoundError(f"no client has the id {client_id}")


async def add_group_client(
    context: Context,
    *,
    name: str,
    scopes: Collection[str],
    room: int | None = None,
    redirect_uris: Sequence[str] = (),
) -> MadeClient:
    """Make an OAuth client in the actor's group, or for one room of it.

    Raises:
        ForbiddenError: The actor is no administrator.
        BadRequestError: There is no scope, or a member is no good.
    """
    check_group_admin(context.actor)
    if not scopes:
        raise BadRequestError("Choose at least one scope")
    return await add_client(
        context.database,
        context.now_us,
        group_id=context.actor.group_id,
        name=name,
        scopes=scopes,
        room=room,
        redirect_uris=redirect_uris,
    )


async def list_group_clients(context: Context) -> list[ClientRecord]:
    """Return the OAuth clients of the actor's group, the oldest first.

    Raises:
        ForbiddenError: The actor is no administrator.
    """
    check_group_admin(context.actor)
    return await context.stores.clients.of_group(context.actor.group_id)


async def delete_group_client(context: Context, client_id: str) -> None:
    """Remove an OAuth client of the actor's group and its tokens.

    Raises:
        ForbiddenError: The actor is no administrator.
        NotFoundError: The group has no client of this id.
    """
    check_group_admin(context.actor)

    async def command(stores: Stores) -> None:
        client = await stores.clients.get(client_id)
        if client is None or client.group_id != context.actor.group_id:
            raise NotFoundError("There is no such client")
        await stores.clients.delete(client_id)

    await context.write(command)


async def add_user_token(
    database: Database,
    now_us: int,
    *,
    user: str | int | None = None,
    scopes: Collection[str] | None = None,
    name: str = "",
    value: str | None = None,
    seconds: int | None = PERSONAL_SECONDS,
) -> IssuedToken:
    """Make a person's token: the group owner's, with every scope it may have, if not told else.

    `value` is a token that an old program has already; `seconds=None` never expires.
    """

    async def command(stores: Stores) -> IssuedToken:
        group = await find_group(stores)
        owner = await find_user(stores, group.owner_id or 0 if user is None else user)
        allowed = grantable_scopes(owner)
        chosen = allowed if scopes is None else _check_scopes(scopes)
        if not chosen <= allowed:
            excess = " ".join(sorted(chosen - allowed))
            raise BadRequestError(f"{owner.name} cannot have the scope {excess}")
        return await _store_token(
            stores,
            now_us,
            value=value,
            kind="user",
            group_id=group.id,
            user_id=owner.id,
            scopes=chosen,
            name=name,
            seconds=seconds,
        )

    return await database.write(command)


async def add_room_token(
    database: Database,
    now_us: int,
    *,
    room: str | int,
    name: str,
    value: str | None = None,
    seconds: int | None = PERSONAL_SECONDS,
) -> IssuedToken:
    """Make a room notification token: it sends notifications to its room, and nothing else."""

    async def command(stores: Stores) -> IssuedToken:
        record = await find_room(stores, room)
        return await _store_token(
            stores,
            now_us,
            value=value,
            kind="room notification",
            group_id=record.group_id,
            room_id=record.id,
            scopes=frozenset({"send_notification"}),
            name=clean_name(name),
            seconds=seconds,
        )

    return await database.write(command)


async def list_tokens(database: Database, now_us: int) -> list[TokenRecord]:
    """Return every token that is good, known by its number: the values are not kept."""
    group = await find_group(database.stores)
    return await database.stores.tokens.of_group(group.id, now_us=now_us)


async def revoke_token(database: Database, token_id: int) -> None:
    """End a token by its number.

    Raises:
        NotFoundError: There is none of this number.
    """

    async def command(stores: Stores) -> None:
        group = await find_group(stores)
        token = await stores.tokens.get(token_id)
        if token is None or token.group_id != group.id:
            raise NotFoundError(f"no token has the number {token_id}")
        await stores.tokens.revoke(token)

    await database.write(command)


async def make_authorization_code(
    database: Database,
    now_us: int,
    *,
    client_id: str,
    user: str | int,
    scopes: Collection[str],
    redirect_uri: str,
) -> str:
    """Make the code that an approval page hands to a program: a person's yes, good for minutes."""
    _check_scopes(scopes)
    code = new_token()

    async def command(stores: Stores) -> None:
        client = await stores.clients.get(client_id)
        if client is None:
            raise NotFoundError(f"no client has the id {client_id}")
        known = msgspec.json.decode(client.redirect_uris, type=list[str])
        if redirect_uri not in known:
            problem = "is not an address of this client"
            raise InvalidValueError("redirect_uri", "enum", problem, redirect_uri)
        owner = await find_user(stores, user, client.group_id)
        granted = frozenset(scopes) & frozenset(client.scopes.split())
        grant_id = await stores.grants.add(
            user_id=owner.id, client_id=client.id, room_id=client.room_id
        )
        record = CodeRecord(
            user_id=owner.id,
            client_id=client.id,
            scopes=" ".join(sorted(granted & grantable_scopes(owner))),
            redirect_uri=redirect_uri,
            expires_us=now_us + CODE_SECONDS * SECOND_US,
            grant_id=grant_id,
        )
        await stores.clients.add_code(hash_token(code), record)

    await database.write(command)
    return code


async def _store_token(
    stores: Stores,
    now_us: int,
    *,
    value: str | None,
    kind: TokenKind,
    group_id: int,
    scopes: frozenset[str],
    name: str,
    seconds: int | None,
    user_id: int | None = None,
    room_id: int | None = None,
) -> IssuedToken:
    token = new_token() if value is None else value
    if TOKEN_VALUE.fullmatch(token) is None:
        raise BadRequestError("a token is 8 to 200 visible ASCII characters")
    if await stores.tokens.by_hash(hash_token(token)) is not None:
        raise BadRequestError("this token is there already")
    new = NewToken(
        hash=hash_token(token),
        kind=kind,
        group_id=group_id,
        user_id=user_id,
        room_id=room_id,
        scopes=" ".join(sorted(scopes)),
        name=name,
        expires_us=None if seconds is None else now_us + seconds * SECOND_US,
    )
    token_id = await stores.tokens.add(new, now_us)
    return IssuedToken(id=token_id, token=token, scopes=tuple(sorted(scopes)))


def _check_scopes(scopes: Collection[str]) -> frozenset[str]:
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown:
        raise InvalidValueError("scope", "enum", "is not a scope", " ".join(unknown))
    return frozenset(scopes)
