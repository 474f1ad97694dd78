"""Removes add-ons: first their credentials, then the add-on learns of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hipkit.descriptors import read_descriptor
from hipkit.server.services.access.clients import delete_client
from hipkit.server.services.access.keys import new_installable_token
from hipkit.server.services.access.lookup import check_group_admin
from hipkit.server.services.addons.installing.callbacks import notify_removed
from hipkit.server.services.addons.installing.installables import (
    add_installable,
    address_with,
)
from hipkit.server.services.addons.installing.listing import find_addon_in
from hipkit.server.services.addons.installing.reading import installable_of
from hipkit.server.services.context import Context
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.installations import InstallationRecord
from hipkit.v2.models import Installable

__all__ = ["Removed", "end_client", "remove", "remove_from_deleted_rooms"]

MOST_AT_ONCE = 20
"""How many add-ons of deleted rooms are called one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """The result of a removal.

    Attributes:
        installation: What is gone.
        next_url: Where the browser goes now, at the add-on; `None` for nowhere, or if the add-on
            does not answer.
        problem: Why the add-on did not learn of it, as a clause; `None` if it did.
    """

    installation: InstallationRecord
    next_url: str | None = field(repr=False)
    problem: str | None


async def remove(context: Context, client_id: str) -> Removed:
    """Remove an add-on with its credentials, tokens, webhooks and modules.

    The add-on is notified afterwards, so that it can see that its credentials no longer work. It is
    removed whatever it answers.

    Raises:
        NotFoundError: Nothing with this id is installed, or where the actor may not see it.
    """
    token = new_installable_token()

    async def command(stores: Stores) -> tuple[InstallationRecord, Installable]:
        found = await find_addon_in(stores, context.actor, client_id)
        installable = _installable(found)
        await stores.clients.delete(client_id)
        if installable.uninstalled_url is not None:
            # Behind the deletion, which takes along what could be fetched before.
            await add_installable(context, stores, token, found, "remove")
        return found, installable

    found, installable = await context.write(command)
    problem = next_url = None
    if installable.callback_url is not None:
        problem = await notify_removed(context, installable.callback_url, client_id)
    if installable.uninstalled_url is not None and problem is None:
        next_url = address_with(
            context, installable.uninstalled_url, found, "remove", token
        )
    return Removed(installation=found, next_url=next_url, problem=problem)


async def end_client(context: Context, client_id: str) -> Removed | None:
    """Delete an OAuth client of the actor's group; an add-on's is removed as add-ons are.

    An installation that is under way fails, and notifies its add-on itself.

    Returns:
        How an add-on was removed; `None` for another client.

    Raises:
        ForbiddenError: The actor does not administer the group.
        NotFoundError: The group has no client with this id.
    """
    check_group_admin(context.actor)
    found = await context.stores.installations.get(client_id)
    if found is not None and found.state == "installed":
        return await remove(context, client_id)
    await delete_client(context, client_id)
    return None


async def remove_from_deleted_rooms(context: Context) -> None:
    """Remove the add-ons of deleted rooms, and notify them, some at a time.

    Their webhooks get what has happened in the room before.
    """
    for found in await context.stores.installations.in_deleted_rooms(MOST_AT_ONCE):
        await context.runtime.database.write(
            lambda stores, found=found: stores.clients.delete(found.client_id)  # type: ignore[misc]
        )
        url = _installable(found).callback_url
        if url is not None:
            await notify_removed(context, url, found.client_id)


def _installable(installation: InstallationRecord) -> Installable:
    return installable_of(read_descriptor(installation.descriptor.encode()))
