"""The first start of an empty database."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hipkit.server.services.access.grants import PERSONAL_SECONDS
from hipkit.server.services.access.keys import hash_token
from hipkit.server.services.access.password_links import add_password_link
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.people.accounts import NewUser, add_user
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.tokens import NewToken

__all__ = ["FirstGroup", "is_empty", "make_first_group"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstGroup:
    """What the first start makes."""

    group_name: str
    admin_name: str
    admin_email: str


async def is_empty(database: Database) -> bool:
    """Say whether nobody has used a database yet."""
    return await database.stores.groups.first() is None


async def make_first_group(
    database: Database, first: FirstGroup, token: str, link_key: str, now_us: int
) -> None:
    """Make a group, its owner and administrator, and a token of theirs with every scope.

    The key is for the link with which the administrator sets a password.
    """

    async def command(stores: Stores) -> None:
        if await stores.groups.first() is not None:
            raise RuntimeError("the database is not empty")
        group_id = await stores.groups.add(
            name=first.group_name, subdomain=_subdomain(first.group_name), now_us=now_us
        )
        admin = NewUser(
            name=first.admin_name,
            email=first.admin_email,
            roles=["owner"],
            is_group_admin=True,
        )
        user_id = await add_user(stores, group_id, admin, now_us)
        await stores.groups.set_owner(group_id, user_id)
        new = NewToken(
            hash=hash_token(token),
            kind="user",
            group_id=group_id,
            user_id=user_id,
            scopes=" ".join(sorted(SCOPES)),
            name="First administrator",
            expires_us=now_us + PERSONAL_SECONDS * SECOND_US,
        )
        await stores.tokens.add(new, now_us)
        await add_password_link(stores, link_key, user_id, now_us)

    await database.write(command)


def _subdomain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "group"
