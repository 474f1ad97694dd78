"""The first start: the group, its owner and the first token in an empty database."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hipkit.server.services.access.issuing import issue_token
from hipkit.server.services.access.password_links import add_password_link
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import NewUser, insert_user
from hipkit.server.storage.protocol import Stores

__all__ = ["FirstGroup", "create_first_group", "is_empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstGroup:
    """The names of the group and administrator that the first start creates."""

    group_name: str
    admin_name: str
    admin_email: str


async def is_empty(stores: Stores) -> bool:
    """Return whether a database has had no first start yet."""
    return await stores.groups.first() is None


async def create_first_group(
    context: Context, first: FirstGroup, *, token: str, link_key: str
) -> None:
    """Create a group, its owner, and a token of theirs with every scope.

    Args:
        context: A context without an actor: there is no group yet that one could belong to.
        first: The names.
        token: The token's value, which the caller has saved already.
        link_key: The key of a link with which the owner sets a password.
    """
    now_us = context.now_us

    async def command(stores: Stores) -> None:
        if not await is_empty(stores):
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
        user_id = await insert_user(stores, group_id, admin, now_us)
        await stores.groups.set_owner(group_id, user_id)
        await issue_token(
            stores,
            now_us,
            kind="user",
            group_id=group_id,
            user_id=user_id,
            scopes=SCOPES,
            name="First administrator",
            value=token,
        )
        await add_password_link(stores, link_key, user_id, now_us)

    await context.write(command)


def _subdomain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "group"
