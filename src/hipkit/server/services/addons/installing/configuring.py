"""Configuration pages of add-ons, whose addresses are signed for the user who opens one.

An add-on of the whole group may offer its page to every room's administrators, too.
"""

from __future__ import annotations

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import NotFoundError
from hipkit.descriptors import read_descriptor
from hipkit.server.services.access.lookup import find_room_to_administer
from hipkit.server.services.addons.installing.listing import find_addon
from hipkit.server.services.addons.installing.reading import capabilities_of
from hipkit.server.services.addons.modules.signing import signed_address
from hipkit.server.services.context import Context
from hipkit.server.storage.stores.installations import InstallationRecord
from hipkit.v2.models import Configurable

__all__ = ["configuration_address", "configuration_of", "list_configurable"]


def configuration_of(installation: InstallationRecord) -> Configurable | None:
    """Return the configuration page of an add-on, if it has one that a browser can open."""
    descriptor = read_descriptor(installation.descriptor.encode())
    page = capabilities_of(descriptor).configurable
    return page if page is not None and is_web_address(page.url) else None


async def list_configurable(
    context: Context, room: str | int
) -> list[InstallationRecord]:
    """Return the group's add-ons that a room's administrators may configure, by name.

    Raises:
        ForbiddenError: The actor may not administer the room.
        NotFoundError: The room does not exist.
    """
    found = await find_room_to_administer(context.stores, context.actor, room)
    installed = await context.stores.installations.with_descriptors(
        found.group_id, None
    )
    return [one for one in installed if _is_for_room_admins(one)]


async def configuration_address(
    context: Context, client_id: str, room: str | int | None = None
) -> str:
    """Return the address of an add-on's configuration page, signed unless it wants none of that.

    Args:
        context: The context of the user's call.
        client_id: The installation's.
        room: The room that an add-on of the group is configured for, by one of its administrators.

    Raises:
        ForbiddenError: The actor may not administer the room.
        NotFoundError: The add-on has no such page, or none that the actor may open.
    """
    if room is None:
        installed = await find_addon(context, client_id)
        room_id = installed.room_id
    else:
        found = await find_room_to_administer(context.stores, context.actor, room)
        offered = await list_configurable(context, found.id)
        by_id = {one.client_id: one for one in offered}
        if client_id not in by_id:
            raise NotFoundError(f"Add-on {client_id} not found")
        installed, room_id = by_id[client_id], found.id
    page = configuration_of(installed)
    if page is None:
        raise NotFoundError(f"{installed.name} has no configuration page")
    if page.authentication == "none":
        return page.url
    return await signed_address(context, client_id, page.url, room_id)


def _is_for_room_admins(installation: InstallationRecord) -> bool:
    page = configuration_of(installation)
    return page is not None and page.allow_access_to_room_admins is True
