"""Lists what is installed, for those who may install it."""

from __future__ import annotations

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import (
    check_group_admin,
    find_room_to_administer,
)
from hipkit.server.services.context import Context
from hipkit.server.services.representations.lines import one_line
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.installations import (
    InstallationRecord,
    ListedInstallation,
)

__all__ = [
    "find_addon",
    "find_addon_in",
    "find_known_address",
    "find_named_addon",
    "is_waiting",
    "list_addons",
    "list_managed_addons",
]


async def list_addons(
    context: Context, *, room: str | int | None = None, everywhere: bool = False
) -> list[ListedInstallation]:
    """Return what is installed in a room or, without one, for the whole group, by name.

    Args:
        context: The context of the call.
        room: The room.
        everywhere: Return what is installed in all rooms, too.

    Raises:
        ForbiddenError: The actor may not install add-ons there.
        NotFoundError: The room does not exist.
    """
    actor, store = context.actor, context.stores.installations
    if room is None:
        check_group_admin(actor)
        if everywhere:
            return await store.of_group(actor.group_id)
        return await store.of_room(actor.group_id, None)
    found = await find_room_to_administer(context.stores, actor, room)
    return await store.of_room(actor.group_id, found.id)


async def list_managed_addons(context: Context) -> list[ListedInstallation]:
    """Return every installation that the actor may update and remove, by name."""
    actor = context.actor

    async def query(stores: Stores) -> list[ListedInstallation]:
        found = await stores.installations.of_group(actor.group_id)
        return [one for one in found if await _may_manage(stores, actor, one)]

    return await context.runtime.database.scan(query)


async def find_known_address(context: Context, key: str) -> str:
    """Return where the descriptor of an add-on is that the actor manages somewhere.

    Raises:
        NotFoundError: The actor manages no add-on with this key.
    """
    found = [one for one in await list_managed_addons(context) if one.addon_key == key]
    if not found:
        raise NotFoundError(
            f"No add-on with the key {key[:100]} is known here, and this server has no"
            " Marketplace to look it up: install it by the address of its descriptor"
        )
    return max(found, key=lambda one: one.updated_us).descriptor_url


async def is_waiting(context: Context, client_id: str) -> bool:
    """Return whether an installation that the actor began still waits for its add-on."""
    found = await context.stores.installations.get(client_id)
    return (
        found is not None
        and found.state == "pending"
        and found.group_id == context.actor.group_id
        and found.installed_by == context.actor.user_id is not None
    )


async def find_named_addon(
    context: Context, reference: str, *, room: str | int | None = None
) -> InstallationRecord:
    """Return an installation by its id, or by the add-on's key and room.

    Raises:
        NotFoundError: Nothing with this id or key is installed.
        BadRequestError: The add-on is installed in several places; the message names them.
    """
    listed = await list_addons(context, room=room, everywhere=room is None)
    # Ids first: an add-on may have chosen the id of another one as its key.
    found = [one for one in listed if one.client_id == reference] or [
        one for one in listed if one.addon_key == reference
    ]
    if not found:
        raise NotFoundError(f"Add-on {reference} not found")
    if len(found) > 1:
        places = ", ".join([await _place(context, one) for one in found])
        raise BadRequestError(
            f"The add-on {reference} is installed several times: name it by --room ROOM or by"
            f" its id, one of {places}"
        )
    complete = await context.stores.installations.get(found[0].client_id)
    if complete is None:
        raise NotFoundError(f"Add-on {reference} not found")
    return complete


async def _place(context: Context, installation: ListedInstallation) -> str:
    """Return an installation's id and where it is."""
    place = "the whole group"
    if installation.room_id is not None:
        room = await context.stores.rooms.get(installation.room_id)
        place = "a deleted room" if room is None else f"the room {one_line(room.name)}"
    return f"{installation.client_id} ({place})"


async def find_addon(context: Context, client_id: str) -> InstallationRecord:
    """Return an installation that the actor may update and remove.

    Raises:
        NotFoundError: Nothing with this id is installed, or where the actor may not see it.
    """
    return await find_addon_in(context.stores, context.actor, client_id)


async def find_addon_in(
    stores: Stores, actor: Actor, client_id: str
) -> InstallationRecord:
    """Return an installation as `find_addon` does, within a command.

    Raises:
        NotFoundError: Nothing with this id is installed, or where the actor may not see it.
    """
    found = await stores.installations.get(client_id)
    if (
        found is None
        or found.group_id != actor.group_id
        or found.state != "installed"
        or not await _may_manage(stores, actor, found)
    ):
        raise NotFoundError(f"Add-on {client_id} not found")
    return found


async def _may_manage(
    stores: Stores, actor: Actor, installation: InstallationRecord | ListedInstallation
) -> bool:
    if actor.kind not in ("browser", "operator"):
        return False
    if actor.is_group_admin:
        return True
    if installation.room_id is None:
        return False
    try:
        await find_room_to_administer(stores, actor, installation.room_id)
    except (ForbiddenError, NotFoundError):
        return False
    return True
