"""Completes installations that were accepted, and removes those that nobody completed."""

from __future__ import annotations

from hipkit.api.errors import ConflictError, NotFoundError
from hipkit.descriptors import read_descriptor
from hipkit.server.services.addons.installing.reading import capabilities_of
from hipkit.server.services.addons.installing.scopes import revert_update
from hipkit.server.services.addons.modules.extensions import replace_extensions
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.webhooks.declared import hand_over, replace_declared
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.installations import InstallationRecord
from hipkit.v2.models import AddonWebhook

__all__ = [
    "PENDING_SECONDS",
    "check_room",
    "complete_installation",
    "declared_webhooks",
    "is_under_way",
    "sweep_pending",
]

PENDING_SECONDS = 60
"""How long an add-on may take to be installed or updated; more than its call may."""


async def complete_installation(
    context: Context,
    stores: Stores,
    pending: InstallationRecord,
    client: ClientRecord,
    *,
    replaced: InstallationRecord | None = None,
) -> InstallationRecord:
    """Within a command: complete an installation that its add-on has accepted.

    Raises:
        ConflictError: It was removed meanwhile, or another one took its place.
        NotFoundError: Its room was deleted meanwhile.
    """
    await check_room(stores, pending)
    before: list[AddonWebhook] = []
    if replaced is not None:
        before = declared_webhooks(replaced)
        old = await stores.clients.get(replaced.client_id)
        if old is None:
            raise ConflictError(
                f"{pending.name} was removed while it was being updated"
            )
        await hand_over(stores, old, client.id, before)
        await stores.clients.delete(old.id)
    place = (pending.group_id, pending.room_id, pending.addon_key)
    is_taken = await stores.installations.find(*place) is not None
    if is_taken or not await stores.installations.complete(
        client.id, context.runtime.now_us()
    ):
        raise ConflictError(f"{pending.name} was removed while it was being installed")
    await replace_declared(
        context,
        stores,
        client,
        before=before,
        webhooks=declared_webhooks(pending),
        root=pending.root,
    )
    descriptor = read_descriptor(pending.descriptor.encode())
    await replace_extensions(context, stores, client, descriptor.capabilities)
    installed = await stores.installations.get(client.id)
    if installed is None:
        raise ConflictError(f"{pending.name} was removed while it was being installed")
    return installed


async def check_room(stores: Stores, installation: InstallationRecord) -> None:
    """Within a command: check that an installation's room was not deleted meanwhile.

    Raises:
        NotFoundError: It was.
    """
    room_id = installation.room_id
    if room_id is not None and await stores.rooms.get(room_id) is None:
        raise NotFoundError(f"The room of {installation.name} was deleted")


def declared_webhooks(installation: InstallationRecord) -> list[AddonWebhook]:
    """Return the webhooks of an installation's descriptor."""
    descriptor = read_descriptor(installation.descriptor.encode())
    return capabilities_of(descriptor).webhook or []


async def is_under_way(
    stores: Stores, installation: InstallationRecord, now_us: int
) -> bool:
    """Return whether a pending installation or an update may still be completed by its program.

    One that waits for an add-on to fetch its data may be replaced at any time.
    """
    if installation.state == "pending":
        if await stores.installations.has_installable(installation.client_id, now_us):
            return False
        began_us: int | None = installation.created_us
    else:
        began_us = installation.updating_us
    return began_us is not None and 0 <= now_us - began_us < PENDING_SECONDS * SECOND_US


async def sweep_pending(database: Database, now_us: int) -> None:
    """Remove installations that were never completed, with their tokens, and undo such updates.

    A program that is interrupted while it installs an add-on leaves one.
    """
    before_us = now_us - PENDING_SECONDS * SECOND_US
    store = database.stores.installations
    if not (
        await store.pending_before(before_us)
        or await store.updating_before(before_us)
        or await store.has_expired_installable(now_us)
    ):
        return

    async def command(stores: Stores) -> None:
        await stores.installations.sweep_installables(now_us)
        for client_id in await stores.installations.pending_before(before_us):
            await stores.clients.delete(client_id)
        for installation in await stores.installations.updating_before(before_us):
            await revert_update(stores, installation)

    await database.write(command)
