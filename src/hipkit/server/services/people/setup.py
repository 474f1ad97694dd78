"""The first start: the group, its owner and the first token in an empty database."""

from __future__ import annotations

import re

from hipkit.server.services.access.issuing import TokenToIssue, issue_token
from hipkit.server.services.access.password_links import add_password_link
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import insert_user
from hipkit.server.storage.protocol import Stores
from hipkit.v2.users import CreateUser

__all__ = ["create_first_group", "is_empty"]


async def is_empty(stores: Stores) -> bool:
    """Return whether a database has had no first start yet."""
    return await stores.groups.first() is None


async def create_first_group(context: Context, *, token: str, link_key: str) -> None:
    """Create the settings' group, its owner, and a token of theirs with every scope.

    Args:
        context: A context without an actor: there is no group yet that one could belong to.
        token: The token's value, which the caller has saved already.
        link_key: The key of a link with which the owner sets a password.
    """
    settings, now_us = context.runtime.settings, context.now_us
    name = settings.group_name
    subdomain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")

    async def command(stores: Stores) -> None:
        if not await is_empty(stores):
            raise RuntimeError("the database is not empty")
        group_id = await stores.groups.add(
            name=name, subdomain=subdomain or "group", now_us=now_us
        )
        admin = CreateUser(
            name=settings.admin_name,
            email=settings.admin_email,
            roles=["owner"],
            is_group_admin=True,
        )
        user_id = await insert_user(stores, group_id, admin, now_us)
        await stores.groups.set_owner(group_id, user_id)
        first = TokenToIssue(
            kind="user",
            group_id=group_id,
            user_id=user_id,
            scopes=SCOPES,
            name="First administrator",
            value=token,
        )
        await issue_token(stores, now_us, first)
        await add_password_link(stores, link_key, user_id, now_us)

    await context.write(command)
