"""OAuth's token endpoint: each grant type decides who gets a token, for whom, with which scopes.

What HipChat's documentation leaves open is listed in `docs/explanation/compatibility.md`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from hipkit.api.errors import BadRequestError, ForbiddenError, UnauthorizedError
from hipkit.server.services.access.authentication import (
    BAD_TOKEN,
    hash_token,
    identify_client,
)
from hipkit.server.services.access.issuing import (
    ACCESS_SECONDS,
    PERSONAL_SECONDS,
    IssuedToken,
    TokenToIssue,
    issue_token,
)
from hipkit.server.services.access.keys import new_token
from hipkit.server.services.access.lookup import find_named_user
from hipkit.server.services.access.passwords import user_with_password
from hipkit.server.services.access.scopes import (
    GROUP_SCOPES,
    check_scopes,
    grantable_scopes,
    split_scopes,
)
from hipkit.server.services.context import Context
from hipkit.server.services.errors import MissingValueError
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.senders.identity import sender_token
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import RefreshRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import Token
from hipkit.v2.oauth_sessions import GenerateToken

__all__ = ["generate_token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant(TokenToIssue):
    """A token to issue, and what it is granted by."""

    seconds: int = ACCESS_SECONDS
    with_refresh: bool = False
    refresh_client_id: str | None = None
    """The client that has to authenticate to refresh the token."""
    grant_id: int | None = None
    """The stored grant that the token belongs to, if there is one already."""


@handles(GenerateToken)
async def generate_token(context: Context, request: GenerateToken) -> Token:
    """Issue a token.

    Raises:
        UnauthorizedError: The credentials are wrong.
        BadRequestError: A parameter is missing, invalid, or asks for more than was granted.
    """
    if context.actor_or_none is not None and context.actor.kind == "sender":
        if request.grant_type != "client_credentials":
            raise UnauthorizedError(BAD_TOKEN)
        return await sender_token(context)
    grant = await GRANTS[request.grant_type](context, request)
    refresh = new_token() if grant.with_refresh else None

    async def command(stores: Stores) -> tuple[IssuedToken, str]:
        await _check_still_valid(stores, grant)
        refresh_id = grant.refresh_id
        if refresh is not None:
            refresh_id = await _add_refresh(stores, grant, refresh, context.now_us)
        wanted = replace(grant, refresh_id=refresh_id)
        issued = await issue_token(stores, context.now_us, wanted)
        group = await stores.groups.get(grant.group_id)
        return issued, "" if group is None else group.name

    issued, group_name = await context.write(command)
    return Token(
        access_token=issued.token,
        expires_in=grant.seconds,
        group_id=grant.group_id,
        group_name=group_name,
        token_type="bearer",  # noqa: S106 - a kind, not a secret
        scope=" ".join(issued.scopes),
        refresh_token=request.refresh_token if grant.refresh_id else refresh,
    )


async def _check_still_valid(stores: Stores, grant: _Grant) -> None:
    """Check within the command that nothing ended which the token would depend on.

    The grant types read outside of it, and checking a password takes a while: a token that was
    revoked or a user who was deleted in the meantime would otherwise live on in the new token.
    """
    stored_id = grant.grant_id or grant.parent_id
    if stored_id is not None and await stores.grants.get(stored_id) is None:
        raise UnauthorizedError(BAD_TOKEN)
    if grant.client_id is not None and not await stores.clients.get(grant.client_id):
        raise UnauthorizedError(BAD_TOKEN)
    if grant.room_id is not None and not await stores.rooms.get(grant.room_id):
        raise UnauthorizedError(BAD_TOKEN)
    if grant.user_id is not None:
        await _active_user(stores, grant.user_id)


async def _add_refresh(stores: Stores, grant: _Grant, refresh: str, now_us: int) -> int:
    if grant.user_id is None:
        raise RuntimeError("only tokens of users are refreshed")
    grant_id = grant.grant_id
    if grant_id is None:
        grant_id = await stores.grants.add(
            parent_id=grant.parent_id,
            user_id=grant.user_id,
            client_id=grant.client_id,
            room_id=grant.room_id,
        )
    return await stores.tokens.add_refresh(
        hash_token(refresh),
        user_id=grant.user_id,
        client_id=grant.refresh_client_id,
        scopes=" ".join(sorted(grant.scopes)),
        expires_us=now_us + PERSONAL_SECONDS * SECOND_US,
        grant_id=grant_id,
    )


async def _client_credentials(context: Context, request: GenerateToken) -> _Grant:
    client = await _required_client(context)
    wanted = request.scope
    if client.room_id is not None and await context.stores.installations.get(client.id):
        if request.username is not None:
            # Whoever administers the room agreed to this, and not for other people.
            raise ForbiddenError("An add-on of one room cannot act for a user by name")
        # Add-ons ask for all scopes of their descriptors, and get what a room's may have.
        wanted = " ".join(split_scopes(wanted or "") - GROUP_SCOPES) or wanted
    scopes = _granted(wanted, client.scopes.split())
    if request.username is None:
        return _Grant(
            kind="group client" if client.room_id is None else "room client",
            group_id=client.group_id,
            scopes=scopes,
            client_id=client.id,
            room_id=client.room_id,
        )
    user = await find_named_user(
        context.stores, client.group_id, "username", request.username
    )
    return _Grant(
        kind="user",
        group_id=client.group_id,
        scopes=scopes & grantable_scopes(user),
        user_id=user.id,
        client_id=client.id,
        room_id=client.room_id,
    )


async def _authorization_code(context: Context, request: GenerateToken) -> _Grant:
    client = await _required_client(context)
    if not request.code:
        raise MissingValueError("code")
    code_hash = hash_token(request.code)
    code = await context.write(lambda stores: stores.clients.take_code(code_hash))
    granted = None
    if code is not None and code.grant_id is not None:
        granted = await context.stores.grants.get(code.grant_id)
    if (
        code is None
        or granted is None
        or code.client_id != client.id
        or code.expires_us <= context.now_us
        or (request.redirect_uri or "") != code.redirect_uri
    ):
        raise BadRequestError(
            "The code is unknown, used, expired, or was sent to another address",
            field="code",
        )
    user = await _active_user(context.stores, code.user_id)
    return _Grant(
        kind="user",
        group_id=client.group_id,
        scopes=_granted(request.scope, code.scopes.split()) & grantable_scopes(user),
        user_id=user.id,
        client_id=client.id,
        room_id=granted.room_id,
        with_refresh=True,
        refresh_client_id=client.id,
        grant_id=granted.id,
    )


async def _refresh_token(context: Context, request: GenerateToken) -> _Grant:
    client = await _client(context)
    if not request.refresh_token:
        raise MissingValueError("refresh_token")
    stores = context.stores
    found = await stores.tokens.refresh_by_hash(hash_token(request.refresh_token))
    if (
        found is None
        or (found.expires_us is not None and found.expires_us <= context.now_us)
        or not _may_refresh(found, client)
    ):
        raise UnauthorizedError("Invalid refresh token")
    user = await _active_user(context.stores, found.user_id)
    return _Grant(
        kind="user",
        group_id=user.group_id,
        scopes=_granted(request.scope, found.scopes.split()) & grantable_scopes(user),
        user_id=user.id,
        client_id=found.granted_client_id,
        room_id=found.room_id,
        refresh_id=found.id,
        grant_id=found.grant_id,
    )


def _may_refresh(refresh: RefreshRecord, client: ClientRecord | None) -> bool:
    """Return whether a client, or a caller without one, may use a refresh token."""
    if client is None:
        return refresh.client_id is None
    return refresh.granted_client_id == client.id


async def _password(context: Context, request: GenerateToken) -> _Grant:
    client = await _client(context)
    if client is None and context.actor_or_none is None:
        raise UnauthorizedError("The grant 'password' needs a client or a token")
    if not request.username:
        raise MissingValueError("username")
    if not request.password:
        raise MissingValueError("password")
    client_id: str | None
    if client is not None:
        group_id, client_id, room_id = client.group_id, client.id, client.room_id
        limits, parent_id = frozenset(client.scopes.split()), None
    else:
        actor = context.actor
        group_id, client_id, room_id = actor.group_id, actor.client_id, actor.room_id
        limits, parent_id = actor.scopes, actor.grant_id
    user = await user_with_password(
        context, group_id, request.username, request.password
    )
    return _Grant(
        kind="user",
        group_id=group_id,
        scopes=_granted(request.scope, limits & grantable_scopes(user)),
        user_id=user.id,
        client_id=client_id,
        room_id=room_id,
        with_refresh=True,
        # A caller with only a token may not know the secret of the client that it was issued to.
        refresh_client_id=None if client is None else client.id,
        parent_id=parent_id,
    )


async def _personal(context: Context, request: GenerateToken) -> _Grant:
    actor = context.actor
    if actor.user is None:
        raise BadRequestError("The grant 'personal' needs a user's token")
    if actor.client_id is not None:
        # The personal token would outlive by a year what the user allowed the client.
        raise ForbiddenError(
            "The grant 'personal' needs a token that was not issued to an OAuth client"
        )
    allowed = actor.scopes & grantable_scopes(actor.user)
    return _Grant(
        kind="user",
        group_id=actor.group_id,
        scopes=_granted(request.scope, allowed),
        seconds=PERSONAL_SECONDS,
        user_id=actor.user.id,
        room_id=actor.room_id,
        name=request.client_name or "",
        parent_id=actor.grant_id,
    )


async def _room_notification(context: Context, request: GenerateToken) -> _Grant:
    # A token is not enough here: it could issue its own replacement before it is revoked.
    client = await _required_client(context)
    if client.room_id is None or "send_notification" not in client.scopes.split():
        raise BadRequestError(
            "The grant 'room_notification' needs a client of one room that has the scope"
            " send_notification"
        )
    return _Grant(
        kind="room notification",
        group_id=client.group_id,
        scopes=("send_notification",),
        seconds=PERSONAL_SECONDS,
        room_id=client.room_id,
        client_id=client.id,
        name=request.client_name or client.name,
    )


GRANTS: dict[str, Callable[[Context, GenerateToken], Awaitable[_Grant]]] = {
    "client_credentials": _client_credentials,
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    "password": _password,
    "personal": _personal,
    "room_notification": _room_notification,
}


async def _client(context: Context) -> ClientRecord | None:
    return await identify_client(context.stores, context.credentials)


async def _required_client(context: Context) -> ClientRecord:
    client = await _client(context)
    if client is None:
        raise UnauthorizedError("This grant needs a client id and secret (Basic)")
    return client


async def _active_user(stores: Stores, user_id: int) -> UserRecord:
    user = await stores.users.get(user_id)
    if user is None or user.is_deleted:
        raise UnauthorizedError("The user was deleted")
    return user


def _granted(wanted: str | None, allowed: Collection[str]) -> frozenset[str]:
    """Return the scopes of a new token: those requested, or else all that are allowed.

    Raises:
        InvalidValueError: One of them does not exist or is not allowed.
    """
    if wanted is None or not wanted.strip():
        return frozenset(allowed)
    return check_scopes(split_scopes(wanted), allowed)
