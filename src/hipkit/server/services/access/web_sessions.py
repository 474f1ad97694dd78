"""Web sessions: signed-in users of the page, by a secret that only their browser has.

A session expires two weeks after its last use, and ninety days after the sign-in at the latest.
"""

from __future__ import annotations

from dataclasses import dataclass

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import Actor, browser_actor
from hipkit.server.services.access.authentication import hash_token, same_secret
from hipkit.server.services.access.keys import new_key
from hipkit.server.services.access.lookup import check_may_read, own_user
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord
from hipkit.server.storage.stores.web_sessions import WebSessionRecord

__all__ = [
    "LONGEST_SECONDS",
    "WebSession",
    "change_password",
    "end_other_sessions",
    "end_session",
    "find_session",
    "list_sessions",
    "may_read",
    "open_session",
    "sweep_sessions",
    "touch_session",
]

DAY_SECONDS = 24 * 60 * 60
IDLE_SECONDS = 14 * DAY_SECONDS
LONGEST_SECONDS = 90 * DAY_SECONDS

TOUCH_SECONDS = 60
"""The use of a session is stored no more often than this."""

LONGEST_USER_AGENT = 300
LONGEST_ADDRESS = 64
"""Characters; a proxy may pass on anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A valid session and its user."""

    record: WebSessionRecord
    user: UserRecord

    @property
    def actor(self) -> Actor:
        """The actor of the signed-in user."""
        return browser_actor(self.user)


async def open_session(context: Context, user: UserRecord, *, user_agent: str) -> str:
    """Store a new session, and return the secret for the browser's cookie."""
    secret = new_key()

    async def command(stores: Stores) -> None:
        await stores.web_sessions.add(
            hash_token(secret),
            user_id=user.id,
            user_agent=user_agent[:LONGEST_USER_AGENT],
            address=_address(context),
            now_us=context.now_us,
        )

    await context.write(command)
    return secret


async def find_session(stores: Stores, secret: str, now_us: int) -> WebSession | None:
    """Return the session of a secret if it is valid."""
    session_hash = hash_token(secret)
    record = await stores.web_sessions.by_hash(session_hash)
    if record is None or not same_secret(record.hash, session_hash):
        return None
    if _has_ended(record, now_us):
        return None
    user = await stores.users.get(record.user_id)
    if user is None or user.is_deleted:
        return None
    return WebSession(record=record, user=user)


async def may_read(context: Context, secret: str, conversation_id: int | None) -> bool:
    """Return whether a secret's session is still valid, and its user may read a conversation.

    Without a conversation only the session counts.

    The time is the present one, not that of the context: a stream asks again and again.
    """
    now_us = context.runtime.now_us()
    session = await find_session(context.stores, secret, now_us)
    if session is None:
        return False
    try:
        if conversation_id is not None:
            await check_may_read(context.stores, session.actor, conversation_id)
    except (ForbiddenError, NotFoundError):
        return False
    return True


async def touch_session(context: Context, session: WebSession) -> None:
    """Store that a session is in use, unless that was stored within the last minute."""
    record, address = session.record, _address(context)
    is_recent = context.now_us - record.last_seen_us < TOUCH_SECONDS * SECOND_US
    if is_recent and record.address == address:
        return
    await context.write(
        lambda stores: stores.web_sessions.touch(record.id, address, context.now_us)
    )


async def list_sessions(context: Context) -> list[WebSessionRecord]:
    """Return the actor's valid sessions, the last used first."""
    user = own_user(context.actor)
    found = await context.stores.web_sessions.of_user(user.id)
    return [record for record in found if not _has_ended(record, context.now_us)]


async def end_session(context: Context, session_id: int) -> None:
    """End one of the actor's sessions; without such a session nothing happens."""
    user = own_user(context.actor)
    await context.write(lambda stores: stores.web_sessions.end(user.id, session_id))


async def end_other_sessions(context: Context, session_id: int) -> None:
    """End all of the actor's sessions but one."""
    user = own_user(context.actor)
    await context.write(
        lambda stores: stores.web_sessions.end_all(user.id, but=session_id)
    )


async def change_password(
    stores: Stores, user_id: int, password_hash: str, *, keep: int | None = None
) -> None:
    """Within a command: change a password, and end all sessions but the one to keep.

    Links to set a password end too, so that the old password and old links are of no use.
    """
    await stores.users.set_password(user_id, password_hash)
    await stores.web_sessions.end_all(user_id, but=keep)
    await stores.web_sessions.remove_links(user_id)


async def sweep_sessions(stores: Stores, before_us: int) -> None:
    """Within a command: delete sessions and links that expired before a time."""
    await stores.web_sessions.sweep(
        created_us=before_us - LONGEST_SECONDS * SECOND_US,
        last_seen_us=before_us - IDLE_SECONDS * SECOND_US,
    )
    # Expired links are kept for a while, so that the page can say why one does not work.
    await stores.web_sessions.sweep_links(before_us - LONGEST_SECONDS * SECOND_US)


def _has_ended(record: WebSessionRecord, now_us: int) -> bool:
    return (
        now_us - record.last_seen_us > IDLE_SECONDS * SECOND_US
        or now_us - record.created_us > LONGEST_SECONDS * SECOND_US
    )


def _address(context: Context) -> str:
    return context.peer[:LONGEST_ADDRESS]
