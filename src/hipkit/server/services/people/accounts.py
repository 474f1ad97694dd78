"""Accounts inside a command: made, changed and removed, whoever asks.

Programs do so through `users.py` and `invites.py`, administrators on the machine itself through
`operator.py`, and the first start through `setup.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.keys import new_version
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.messages.markup import (
    clean_mention_name,
    is_mention_name,
    make_mention_name,
)
from hipkit.server.services.people.names import NAME_CHARACTERS, check_email, clean_name
from hipkit.server.services.representations.timestamps import find_zone
from hipkit.server.services.webhooks.publishing import leave_every_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "ADMIN_ROLES",
    "NewUser",
    "add_user",
    "bring_back",
    "changed_rights",
    "check_taken",
    "owns_group",
    "remove_user",
    "roles_to_json",
]

ADMIN_ROLES = frozenset({"admin", "administrator", "owner"})
"""Names of roles that make an administrator."""
MOST_TRIES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A person to be added."""

    name: str
    email: str
    mention_name: str | None = None
    title: str = ""
    roles: list[str] | None = None
    is_group_admin: bool = False
    is_guest: bool = False
    timezone: str = "UTC"
    password_hash: str | None = None
    id: int | None = None
    """The number that old programs know; the next if left out."""


async def add_user(stores: Stores, group_id: int, user: NewUser, now_us: int) -> int:
    """Within a command: add a person to a group, and return the id.

    Where no mention name is given, one is made of the name.

    Raises:
        BadRequestError: A member is no good, or somebody else has it, or had the number.
    """
    if user.id is not None and await stores.users.get(user.id) is not None:
        raise InvalidValueError("id", "unique", "is another person's number", user.id)
    email, mention_name = check_email(user.email), user.mention_name
    if mention_name is not None:
        mention_name = clean_mention_name(mention_name)
    find_zone(user.timezone)
    await check_taken(stores, group_id, email, mention_name, None)
    if mention_name is None:
        mention_name = await _free_mention_name(stores, group_id, user.name)
    is_admin = user.is_group_admin or not ADMIN_ROLES.isdisjoint(user.roles or ())
    roles = user.roles or ["admin" if is_admin else "user"]
    if user.is_guest:
        is_admin, roles = False, ["guest"]
    return await stores.users.add(
        group_id=group_id,
        name=clean_name(user.name, most_characters=NAME_CHARACTERS),
        mention_name=mention_name,
        email=email,
        title=user.title,
        roles=roles_to_json(roles),
        is_group_admin=is_admin,
        is_guest=user.is_guest,
        timezone=user.timezone,
        password_hash=user.password_hash,
        user_id=user.id,
        version=new_version(),
        now_us=now_us,
    )


async def remove_user(context: Context, stores: Stores, user: UserRecord) -> None:
    """Within a command: delete an account, with everything that acts for it.

    What was said stays, and so does the picture's file until the command is committed.
    """
    await stores.grants.end_of_user(user.id)
    await stores.web_sessions.end_all(user.id)
    await stores.web_sessions.remove_links(user.id)
    await stores.web_sessions.remove_networks(user.id)
    await stores.webhooks.delete_of_user(user.id)
    await leave_every_room(context, stores, user.id)
    await stores.users.delete(user.id, new_version())
    if user.photo_key is not None:
        await stores.files.remove(user.photo_key)


async def bring_back(stores: Stores, user: UserRecord) -> None:
    """Within a command: lift the mark of a deleted account.

    Nothing else comes back: no token, session, password, picture or membership.

    Raises:
        BadRequestError: Somebody else has the address or the mention name by now.
    """
    email, mention_name = user.email, user.mention_name
    await check_taken(stores, user.group_id, email, mention_name, user.id)
    await stores.users.undelete(user, new_version())


def changed_rights(user: UserRecord, *, is_admin: bool) -> UserRecord:
    """Return a person as an administrator, or as one no longer."""
    return msgspec.structs.replace(
        user,
        is_group_admin=is_admin,
        roles=roles_to_json(["admin" if is_admin else "user"]),
        version=new_version(),
    )


async def check_taken(
    stores: Stores,
    group_id: int,
    email: str,
    mention_name: str | None,
    own_id: int | None,
) -> None:
    """Refuse an address or mention name that somebody else than the person of `own_id` has.

    Raises:
        BadRequestError: In HipChat's words.
        InvalidValueError: Nobody can be called so.
    """
    other = await stores.users.by_email(group_id, email)
    if other is not None and other.id != own_id:
        raise BadRequestError("Another user has that email.", field="email")
    if mention_name is None:
        return
    mention_name = clean_mention_name(mention_name)
    if not is_mention_name(mention_name):
        problem = "is not a name of letters, digits and underscores"
        raise InvalidValueError("mention_name", "pattern", problem, mention_name)
    other = await stores.users.by_mention(group_id, mention_name)
    if other is not None and other.id != own_id:
        raise BadRequestError(
            "Another user has that mention name.", field="mention_name"
        )


async def owns_group(stores: Stores, user: UserRecord) -> bool:
    """Say whether somebody owns their group, which always has to have an owner."""
    group = await stores.groups.get(user.group_id)
    return group is not None and group.owner_id == user.id


async def _free_mention_name(stores: Stores, group_id: int, name: str) -> str:
    for number in range(MOST_TRIES):
        mention_name = make_mention_name(name, number)
        if await stores.users.by_mention(group_id, mention_name) is None:
            return mention_name
    raise BadRequestError("Too many users have that name.", field="name")


def roles_to_json(roles: list[str]) -> str:
    """Return roles as they are stored."""
    return msgspec.json.encode(roles).decode()
