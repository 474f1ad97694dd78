"""The scopes of add-ons: what a descriptor asks for, and what a client has during an update."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from hipkit.descriptors import read_descriptor
from hipkit.server.services.access.scopes import GROUP_SCOPES
from hipkit.server.services.addons.installing.reading import capabilities_of
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.installations import InstallationRecord
from hipkit.v2.models import AddonDescriptor

__all__ = ["granted_scopes", "revert_update", "scopes_in", "widen_scopes"]


def scopes_in(descriptor: AddonDescriptor, room_id: int | None) -> frozenset[str]:
    """Return the scopes that an add-on has in a place; those over the group not in a room."""
    consumer = capabilities_of(descriptor).hipchat_api_consumer
    wanted = frozenset(() if consumer is None else consumer.scopes)
    return wanted if room_id is None else wanted - GROUP_SCOPES


def granted_scopes(installation: InstallationRecord) -> frozenset[str]:
    """Return the scopes that were agreed to."""
    descriptor = read_descriptor(installation.descriptor.encode())
    return scopes_in(descriptor, installation.room_id)


async def widen_scopes(stores: Stores, client_id: str, scopes: Collection[str]) -> None:
    """Within a command: grant a client more scopes."""
    client = await stores.clients.get(client_id)
    if client is not None:
        all_scopes = " ".join(sorted({*client.scopes.split(), *scopes}))
        await stores.clients.change(replace(client, scopes=all_scopes))


async def revert_update(stores: Stores, installation: InstallationRecord) -> None:
    """Within a command: take back what an update that did not succeed has granted."""
    client = await stores.clients.get(installation.client_id)
    if client is not None:
        scopes = granted_scopes(installation)
        await stores.clients.change(replace(client, scopes=" ".join(sorted(scopes))))
        await stores.tokens.end_beyond(client.id, scopes)
    await stores.installations.set_updating(installation.client_id, None)
