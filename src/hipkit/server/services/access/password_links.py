"""One-time links to set a user's password, which expire after a day."""

from __future__ import annotations

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_key
from hipkit.server.services.access.lookup import check_group_admin, find_active_user
from hipkit.server.services.access.passwords import hash_new_password, remember_network
from hipkit.server.services.access.web_sessions import change_password
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import find_changeable_user
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "PATH",
    "PasswordLinkError",
    "add_password_link",
    "create_password_link",
    "find_link_user",
    "password_link",
    "use_password_link",
]

LINK_SECONDS = 24 * 60 * 60

PATH = "/set-password"
"""The page's path of links; the key follows as `?key=`."""

NEXT_STEP = "Ask an administrator for a new one (hipkit admin user password-link)"


class PasswordLinkError(BadRequestError):
    """A link is not valid, or no longer; the message says why and what to do."""

    default_status = 410


def password_link(root: str, key: str) -> str:
    """Return the URL of a link on the server at `root`, such as `https://chat.example.com`."""
    return f"{root.rstrip('/')}{PATH}?key={key}"


async def add_password_link(
    stores: Stores, key: str, user_id: int, now_us: int
) -> None:
    """Within a command: store a link's key, in place of the user's earlier link."""
    expires_us = now_us + LINK_SECONDS * SECOND_US
    await stores.web_sessions.add_link(hash_token(key), user_id, expires_us)


async def create_password_link(context: Context, reference: str | int) -> str:
    """Create a link for a user as an administrator, and return its key.

    Raises:
        ForbiddenError: The actor is not an administrator, or may not change this user.
        NotFoundError: The user does not exist.
        BadRequestError: The user is a guest, who has no password.
    """
    check_group_admin(context.actor)
    key = new_key()

    async def command(stores: Stores) -> None:
        user = await find_active_user(stores, context.actor, reference)
        if user.is_guest:
            raise BadRequestError("A guest has no password")
        await find_changeable_user(context, stores, user.id)
        await add_password_link(stores, key, user.id, context.now_us)

    await context.write(command)
    return key


async def find_link_user(stores: Stores, key: str, now_us: int) -> UserRecord:
    """Return the user of a link.

    Raises:
        PasswordLinkError: The link was used, has expired, or is unknown.
    """
    link = await stores.web_sessions.link_by_hash(hash_token(key))
    if link is None:
        raise PasswordLinkError(
            f"This link is incomplete, or was replaced by a newer one. {NEXT_STEP}"
        )
    if link.used_us is not None:
        raise PasswordLinkError(
            "This link was used already. If that was you, sign in with the password that"
            f" you set. If not, inform an administrator. {NEXT_STEP}"
        )
    user = await stores.users.get(link.user_id)
    if link.expires_us <= now_us or user is None or user.is_deleted:
        raise PasswordLinkError(f"This link is older than a day. {NEXT_STEP}")
    return user


async def use_password_link(context: Context, key: str, password: str) -> UserRecord:
    """Set the password of a link's user, and end all their sessions.

    Raises:
        PasswordLinkError: The link is not valid, or was used in the meantime.
        InvalidValueError: The password is too short, too long, or holds a control character.
    """
    await find_link_user(context.stores, key, context.now_us)
    password_hash = await hash_new_password(password)

    async def command(stores: Stores) -> UserRecord:
        user = await find_link_user(stores, key, context.now_us)
        await stores.web_sessions.use_link(hash_token(key), context.now_us)
        await change_password(stores, user.id, password_hash)
        await remember_network(context, stores, user)
        return user

    return await context.write(command)
