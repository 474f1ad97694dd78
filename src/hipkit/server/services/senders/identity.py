"""As whom senders act: each name is a user of the group, made when it first sends."""

from __future__ import annotations

import hashlib
import logging

from hipkit.api.errors import ForbiddenError, UnauthorizedError
from hipkit.server.senders import sender_id
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.authentication import BAD_TOKEN
from hipkit.server.services.access.issuing import ACCESS_SECONDS
from hipkit.server.services.access.keys import new_token
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import insert_user
from hipkit.server.services.senders.operations import SENDER_SCOPES
from hipkit.server.services.senders.people import NO_DOMAIN, first_free_id
from hipkit.server.services.senders.policy import Origin, SenderPolicy
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import Token
from hipkit.v2.users import CreateUser

__all__ = ["SENDER_EMAILS", "identify_sender", "sender_token"]

log = logging.getLogger("hipkit.server")

SENDER_EMAILS = f"sender-%{NO_DOMAIN}"
"""The addresses of senders, as a pattern of SQL."""


async def identify_sender(
    context: Context, policy: SenderPolicy, token: str, origin: Origin
) -> Actor:
    """Return the actor of a token that the database does not know.

    Raises:
        UnauthorizedError: It is unknown, and not any token is taken.
        ForbiddenError: It may not be sent from there; the log says so.
    """
    try:
        name = policy.find(token, origin)
    except ForbiddenError:
        log.warning(
            "a program was refused: its address %s may not send", origin.address
        )
        raise
    if name is None:
        raise UnauthorizedError(BAD_TOKEN)
    # The number comes first: see `ActorCache`.
    version = await context.stores.access_changes.actor_version()
    known = policy.actors.get(name)
    if known is not None and version is not None and known[0] == version:
        return known[1]
    actor = _actor(await _find_user(context, name), name)
    policy.actors[name] = version, actor
    return actor


def _actor(user: UserRecord, name: str) -> Actor:
    return Actor(
        kind="sender",
        token_kind="user",  # noqa: S106 - a kind, no token
        group_id=user.group_id,
        scopes=SENDER_SCOPES,
        name=user.name,
        limit_key=("sender", user.id),
        user=user,
        sender_id=sender_id(name),
    )


async def _find_user(context: Context, name: str) -> UserRecord:
    group = await context.stores.groups.first()
    if group is None:
        raise UnauthorizedError(BAD_TOKEN)
    group_id, email = group.id, _email(name)
    found = await context.stores.users.by_email(group_id, email)
    if found is not None:
        return found

    async def command(stores: Stores) -> UserRecord | None:
        # Another call may have been first.
        if await stores.users.by_email(group_id, email) is None:
            new = CreateUser(name, email=email, title="Sends for old programs")
            user_id = await first_free_id(stores)
            await insert_user(stores, group_id, new, context.now_us, user_id=user_id)
        return await stores.users.by_email(group_id, email)

    made = await context.write(command)
    if made is None:
        raise RuntimeError("a user was added and is not there")
    return made


def _email(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return SENDER_EMAILS.replace("%", digest)


async def sender_token(context: Context) -> Token:
    """Return what an OAuth client gets that only the settings know: its own secret, as a token.

    So it works as long as the secret does, and nothing has to be stored.
    """
    actor, secret = context.actor, context.bearer or ""
    group = await context.stores.groups.get(actor.group_id)
    is_sendable = all("!" <= letter <= "~" for letter in secret)
    return Token(
        access_token=secret if is_sendable else new_token(),
        expires_in=ACCESS_SECONDS,
        group_id=actor.group_id,
        group_name="" if group is None else group.name,
        token_type="bearer",  # noqa: S106 - a kind, not a secret
        scope=" ".join(sorted(SENDER_SCOPES)),
    )
