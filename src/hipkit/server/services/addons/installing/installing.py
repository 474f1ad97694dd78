"""Installs an add-on: its client is there, as pending, while the add-on is called.

The add-on asks for a token with its new credentials before it answers. So they are committed
before the call, no transaction is open during it, and they are removed if it fails. What a crash
leaves is removed later, see `completing.py`. Read next: `updating.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import msgspec

from hipkit.api.errors import BadRequestError, ConflictError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_client_id, new_token
from hipkit.server.services.addons.installing.callbacks import (
    notify_installed,
    notify_removed,
)
from hipkit.server.services.addons.installing.completing import (
    complete_installation,
    is_under_way,
)
from hipkit.server.services.addons.installing.installables import browser_url
from hipkit.server.services.addons.installing.offers import Offer, find_place
from hipkit.server.services.addons.installing.reading import (
    capabilities_of,
    installable_of,
)
from hipkit.server.services.context import Context
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.installations import InstallationRecord
from hipkit.v2.models import AddonDescriptor, Installation

__all__ = [
    "Installed",
    "client_for",
    "install_new",
    "installation_data",
    "landing",
]

MOST_INSTALLATIONS = 1_000
"""Of a group and its rooms together."""
MOST_OF_USER = 100
"""By one user who does not administer the group: everybody may create rooms, and fill the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The result of an installation or update.

    Attributes:
        installation: What is stored.
        next_url: Where the browser goes now, at the add-on; `None` for nowhere.
        is_pending: Whether the installation waits for the add-on, which fetches its data when the
            browser gets to `next_url`.
        has_configuration: Whether the add-on has a configuration page, which is shown next where
            there is no `next_url`.
    """

    installation: InstallationRecord
    next_url: str | None = field(repr=False)
    is_pending: bool = False
    has_configuration: bool = False


async def install_new(
    context: Context, offer: Offer, *, replaced: InstallationRecord | None = None
) -> Installed:
    """Install an add-on that somebody agreed to, with new credentials.

    Args:
        context: The context of the call.
        offer: What was agreed to.
        replaced: An installation of the same add-on that goes once the new one was accepted.

    Raises:
        BadRequestError: The add-on did not accept.
        ConflictError: The add-on is installed there already, or being installed just now.
    """
    if not context.addresses.root:
        raise BadRequestError("The address of this server is not known: set public_url")
    secret = new_token()
    new = _new_record(context, offer)
    client = client_for(offer, new, secret_hash=hash_token(secret))
    try:
        await context.write(
            lambda stores: _add_pending(context, stores, offer, new, client, secret)
        )
        return await _offer_to_addon(context, offer, new, client, secret, replaced)
    except BaseException:
        await _withdraw(context, client.id)
        raise


async def _offer_to_addon(
    context: Context,
    offer: Offer,
    new: InstallationRecord,
    client: ClientRecord,
    secret: str,
    replaced: InstallationRecord | None,
) -> Installed:
    descriptor = offer.descriptor
    installable = installable_of(descriptor)
    if installable.callback_url is None and installable.installed_url is not None:
        url = await browser_url(
            context, installable.installed_url, new, "install", offer.relay_state
        )
        return Installed(installation=new, next_url=url, is_pending=True)
    if installable.callback_url is not None:
        data = installation_data(context, new, secret)
        await notify_installed(
            context,
            installable.callback_url,
            data,
            name=new.name,
            what="installed" if replaced is None else "updated",
        )
    try:
        installed = await context.write(
            lambda stores: complete_installation(
                context, stores, new, client, replaced=replaced
            )
        )
    except BaseException:
        # First the credentials: add-ons believe a removal only if they no longer work.
        is_gone = await _withdraw(context, client.id)
        if is_gone and installable.callback_url is not None:
            await notify_removed(context, installable.callback_url, client.id)
        raise
    return await landing(context, installed, descriptor, relay_state=offer.relay_state)


async def landing(
    context: Context,
    installed: InstallationRecord,
    descriptor: AddonDescriptor,
    *,
    relay_state: str | None,
) -> Installed:
    """Return what comes after an add-on was called: its configuration, or its own page."""
    has_configuration = capabilities_of(descriptor).configurable is not None
    url = installable_of(descriptor).installed_url
    if url is None or has_configuration:
        return Installed(
            installation=installed, next_url=None, has_configuration=has_configuration
        )
    next_url = await browser_url(context, url, installed, "install", relay_state)
    return Installed(installation=installed, next_url=next_url)


def installation_data(
    context: Context, installation: InstallationRecord, secret: str | None
) -> Installation:
    """Return what an add-on is sent about an installation."""
    return Installation(
        oauth_id=installation.client_id,
        oauth_secret=secret,
        capabilities_url=context.addresses.capabilities,
        group_id=installation.group_id,
        room_id=installation.room_id,
    )


def client_for(
    offer: Offer, installation: InstallationRecord, *, secret_hash: bytes
) -> ClientRecord:
    """Return the OAuth client of an installation, with the scopes that were agreed to."""
    capabilities = capabilities_of(offer.descriptor)
    consumer, oauth = capabilities.hipchat_api_consumer, capabilities.oauth2_consumer
    from_name = None if consumer is None else consumer.from_name
    redirects = [] if oauth is None else oauth.redirection_urls
    return ClientRecord(
        id=installation.client_id,
        group_id=installation.group_id,
        room_id=installation.room_id,
        name=installation.name,
        secret_hash=secret_hash,
        scopes=" ".join(offer.scopes),
        redirect_uris=msgspec.json.encode(redirects).decode(),
        from_name=(from_name or "").strip() or None,
    )


def _new_record(context: Context, offer: Offer) -> InstallationRecord:
    return InstallationRecord(
        client_id=new_client_id(),
        group_id=context.actor.group_id,
        room_id=None if offer.room is None else offer.room.id,
        addon_key=offer.descriptor.key,
        name=offer.descriptor.name.strip(),
        descriptor=offer.read.document,
        descriptor_url=offer.read.address,
        state="pending",
        installed_by=context.actor.user_id,
        root=context.addresses.root,
        created_us=context.runtime.now_us(),
        updated_us=context.runtime.now_us(),
    )


async def _add_pending(
    context: Context,
    stores: Stores,
    offer: Offer,
    new: InstallationRecord,
    client: ClientRecord,
    secret: str,
) -> None:
    # Again, since time has passed: rights may be gone by now, or the room.
    await find_place(stores, context.actor, new.room_id)
    place = (new.group_id, new.room_id, new.addon_key)
    store = stores.installations
    installed = await store.find(*place)
    if installed is not None and offer.installed is None:
        raise ConflictError(f"{new.name} is installed there already")
    pending = await store.find(*place, "pending")
    if pending is not None:
        if await is_under_way(stores, pending, new.created_us):
            raise ConflictError(f"{new.name} is being installed there just now")
        await stores.clients.delete(pending.client_id)
    if installed is None:
        await _check_count(context, stores)
    # The secret itself, since add-ons verify with it what this server signs.
    await stores.clients.add(client, new.created_us, signing_secret=secret)
    await store.add(new)


async def _check_count(context: Context, stores: Stores) -> None:
    """Check that there may be one more."""
    actor, store = context.actor, stores.installations
    if await store.count(actor.group_id) >= MOST_INSTALLATIONS:
        raise BadRequestError(
            f"The group has {MOST_INSTALLATIONS} add-ons, and cannot have more:"
            " remove one that is not needed"
        )
    if actor.is_group_admin:
        return
    own = await store.count(actor.group_id, installed_by=actor.user_id)
    if own >= MOST_OF_USER:
        raise BadRequestError(
            f"You have installed {MOST_OF_USER} add-ons, and cannot install more: remove one"
            " that is not needed, or ask an administrator of the group"
        )


async def _withdraw(context: Context, client_id: str) -> bool:
    """Delete a client, unless its installation is complete, and return whether it is gone."""

    async def command(stores: Stores) -> bool:
        found = await stores.installations.get(client_id)
        if found is not None and found.state == "installed":
            return False
        await stores.clients.delete(client_id)
        return True

    # In a task of its own: the caller may be cancelled, or hang up, and the add-on would keep
    # credentials that nobody knows of.
    return await asyncio.shield(asyncio.ensure_future(context.write(command)))
