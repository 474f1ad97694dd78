"""Installs add-ons and updates them: what was agreed to, whichever of both it is."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from hipkit.api.errors import ConflictError
from hipkit.server.services.addons.installing.callbacks import notify_installed
from hipkit.server.services.addons.installing.completing import (
    check_room,
    declared_webhooks,
    is_under_way,
)
from hipkit.server.services.addons.installing.installables import browser_url
from hipkit.server.services.addons.installing.installing import (
    Installed,
    client_for,
    install_new,
    installation_data,
    landing,
)
from hipkit.server.services.addons.installing.listing import find_addon_in
from hipkit.server.services.addons.installing.offers import Offer
from hipkit.server.services.addons.installing.reading import (
    capabilities_of,
    installable_of,
)
from hipkit.server.services.addons.installing.scopes import revert_update, widen_scopes
from hipkit.server.services.addons.modules.extensions import replace_extensions
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.declared import replace_declared
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.installations import InstallationRecord

__all__ = ["install"]


async def install(context: Context, offer: Offer) -> Installed:
    """Install or update an add-on, with all the scopes of an offer that somebody agreed to.

    Raises:
        BadRequestError: The add-on did not accept, with a sentence for the administrator.
        ConflictError: It is being installed or updated just now.
        ForbiddenError: The actor may not install add-ons there any more.
        NotFoundError: The room or the installation is gone.
    """
    if offer.installed is None:
        return await install_new(context, offer)
    installable = installable_of(offer.descriptor)
    if installable.callback_url is None or installable.update_callback_url is not None:
        return await _update(context, offer, offer.installed)
    # Without an address for updates an add-on gets new credentials.
    replaced, began_us = offer.installed, context.runtime.now_us()
    try:
        await context.write(lambda stores: _begin(context, stores, replaced, began_us))
        return await install_new(context, offer, replaced=replaced)
    except BaseException:
        await _revert(context, replaced, began_us)
        raise


async def _update(
    context: Context, offer: Offer, installed: InstallationRecord
) -> Installed:
    """Update an add-on that keeps its credentials."""
    descriptor = offer.descriptor
    installable = installable_of(descriptor)
    began_us = context.runtime.now_us()
    try:
        # With its new scopes: it may ask for a token with them while it is called.
        await context.write(
            lambda stores: _begin(
                context, stores, installed, began_us, scopes=offer.scopes
            )
        )
        if installable.update_callback_url is not None:
            data = installation_data(context, installed, None)
            await notify_installed(
                context,
                installable.update_callback_url,
                data,
                name=installed.name,
                what="updated",
            )
        updated = await context.write(
            lambda stores: _complete(context, stores, offer, installed)
        )
    except BaseException:
        await _revert(context, installed, began_us)
        raise
    if installable.updated_url is not None:
        url = await browser_url(
            context, installable.updated_url, updated, "update", offer.relay_state
        )
        return Installed(installation=updated, next_url=url)
    return await landing(context, updated, descriptor, relay_state=offer.relay_state)


async def _begin(
    context: Context,
    stores: Stores,
    installed: InstallationRecord,
    began_us: int,
    *,
    scopes: Collection[str] = (),
) -> None:
    found = await find_addon_in(stores, context.actor, installed.client_id)
    if await is_under_way(stores, found, began_us):
        raise ConflictError(f"{found.name} is being updated just now")
    await stores.installations.set_updating(found.client_id, began_us)
    await widen_scopes(stores, found.client_id, scopes)


async def _complete(
    context: Context, stores: Stores, offer: Offer, installed: InstallationRecord
) -> InstallationRecord:
    found = await stores.installations.get(installed.client_id)
    client = await stores.clients.get(installed.client_id)
    if found is None or client is None:
        raise ConflictError(f"{installed.name} was removed while it was being updated")
    await check_room(stores, found)
    changed = client_for(offer, found, secret_hash=client.secret_hash)
    await stores.clients.change(changed)
    await stores.tokens.end_beyond(client.id, offer.scopes)
    await replace_declared(
        context,
        stores,
        changed,
        before=declared_webhooks(found),
        webhooks=capabilities_of(offer.descriptor).webhook or [],
        root=context.addresses.root or found.root,
    )
    await replace_extensions(context, stores, changed, offer.descriptor.capabilities)
    await stores.installations.change(
        client.id,
        name=offer.descriptor.name.strip(),
        descriptor=offer.read.document,
        descriptor_url=offer.read.address,
        now_us=context.runtime.now_us(),
    )
    updated = await stores.installations.get(client.id)
    return updated or found


async def _revert(
    context: Context, installed: InstallationRecord, began_us: int
) -> None:
    """Revert an update, even if the caller is cancelled or hangs up.

    If another one has begun, it is left alone, as it is if this one has not.
    """

    async def command(stores: Stores) -> None:
        found = await stores.installations.get(installed.client_id)
        if found is not None and found.updating_us == began_us:
            await revert_update(stores, found)

    await asyncio.shield(asyncio.ensure_future(context.write(command)))
