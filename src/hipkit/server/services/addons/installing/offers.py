"""Offers: what an add-on would be and may do, for somebody to agree to.

Group administrators install add-ons for the group and in any room, a room's owner and
administrators in that room alone. Read next: `installing.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from hipkit.api.errors import BadRequestError, ConflictError, ForbiddenError
from hipkit.descriptors import read_descriptor
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import (
    check_group_admin,
    find_room_to_administer,
)
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.addons.installing.calling import check_reachable
from hipkit.server.services.addons.installing.listing import find_addon
from hipkit.server.services.addons.installing.reading import (
    ReadDescriptor,
    capabilities_of,
    fetch_descriptor,
    installable_of,
)
from hipkit.server.services.addons.installing.scopes import granted_scopes, scopes_in
from hipkit.server.services.addons.installing.summary import Summary, summarize
from hipkit.server.services.addons.modules.modules import declared_modules
from hipkit.server.services.context import Context
from hipkit.server.services.representations.lines import one_line
from hipkit.server.services.webhooks.declared import check_declared
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.installations import InstallationRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.models import AddonDescriptor

__all__ = ["Offer", "find_place", "read_offer", "read_update"]


LONGEST_RELAY_STATE = 1_000
MOST_NAMED = 5
"""How many rooms a warning names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An add-on that may be installed, or updated.

    Attributes:
        read: The descriptor.
        room: The room that it is for; `None` for the whole group.
        scopes: All scopes that it would have.
        new_scopes: Those of them that somebody has to agree to.
        left_out: Scopes over the group that it asks for, and that an add-on of a room cannot have.
        installed: What is updated; `None` for a new installation.
        relay_state: A text that the add-on gets back in the browser.
        elsewhere: Where the same add-on is installed and receives the same events, in words: for
            an offer of the group its rooms, for one of a room the group.
    """

    read: ReadDescriptor
    room: RoomRecord | None
    scopes: tuple[str, ...]
    new_scopes: tuple[str, ...]
    left_out: tuple[str, ...]
    installed: InstallationRecord | None
    relay_state: str | None
    elsewhere: Sequence[str] = ()

    @property
    def descriptor(self) -> AddonDescriptor:
        """The add-on's descriptor."""
        return self.read.descriptor

    @property
    def place(self) -> str:
        """Where it is installed, in words."""
        if self.room is None:
            return "the whole group"
        return f"the room {one_line(self.room.name)}"

    @property
    def summary(self) -> Summary:
        """What is shown before somebody agrees; what an update adds is marked."""
        if self.installed is None:
            return summarize(self.descriptor, self.read.address)
        return summarize(
            self.descriptor,
            self.read.address,
            installed=read_descriptor(self.installed.descriptor.encode()),
            installed_address=self.installed.descriptor_url,
        )

    @property
    def news(self) -> list[str]:
        """What somebody has not agreed to so far, in words; nothing for a new installation."""
        if self.installed is None:
            return []
        return [*(["scopes"] if self.new_scopes else []), *self.summary.news]

    @property
    def needs_agreement(self) -> bool:
        """Whether it may, receives or shows more than what somebody has agreed to, or elsewhere."""
        return self.installed is None or bool(self.news)

    @property
    def warning(self) -> str | None:
        """What is surprising about a new installation, as a sentence."""
        receives = capabilities_of(self.descriptor).webhook
        if self.installed is not None or not (self.elsewhere and receives):
            return None
        return (
            f"It is installed in {', '.join(self.elsewhere)} already: it would receive what"
            " happens there twice, and answer twice"
        )

    @property
    def digest(self) -> str:
        """A text that differs for every other offer.

        A page shows an offer in one request and gets the agreement in another. The add-on may
        serve another descriptor by then: compare the digest, and show the new offer.
        """
        installed_id = None if self.installed is None else self.installed.client_id
        room_id = None if self.room is None else self.room.id
        parts = [self.read.document, self.read.address, room_id, installed_id]
        return hashlib.sha256(msgspec.json.encode([parts, self.scopes])).hexdigest()


async def read_offer(
    context: Context,
    address: str,
    *,
    room: str | int | None = None,
    relay_state: str | None = None,
) -> Offer:
    """Read what an add-on at an address wants. If it is installed there, this is an update.

    Args:
        context: The context of the call.
        address: The descriptor's address: `http`, `https` or `data`.
        room: The room to install it in; without one, the whole group.
        relay_state: A text that the add-on gets back in the browser.

    Raises:
        BadRequestError: The descriptor cannot be used, or not for this place.
        ForbiddenError: The actor may not install add-ons there.
        NotFoundError: The room does not exist.
        ConflictError: Another address has an add-on with its key there.
    """
    if len(relay_state or "") > LONGEST_RELAY_STATE:
        raise BadRequestError("The relayState is too long", field="relayState")
    # Before anything is called: strangers must not be able to ask for it.
    found = await find_place(context.stores, context.actor, room)
    read = await fetch_descriptor(context, address)
    installed = await context.stores.installations.find(
        context.actor.group_id,
        None if found is None else found.id,
        read.descriptor.key,
    )
    if installed is not None and installed.descriptor_url != read.address:
        raise ConflictError(
            f"The add-on {installed.addon_key} is installed here already, from another address:"
            " remove it first, or update it with its new address"
        )
    return await _offer(context, read, found, installed, relay_state)


async def read_update(
    context: Context, client_id: str, *, address: str | None = None
) -> Offer:
    """Read the descriptor of an installed add-on again.

    Args:
        context: The context of the call.
        client_id: The installation's.
        address: Where the descriptor is now; by default where it was.

    Raises:
        BadRequestError: The descriptor cannot be used, or is that of another add-on.
        ForbiddenError: The actor may not update it.
        NotFoundError: Nothing with this id is installed.
    """
    installed = await find_addon(context, client_id)
    room = await find_place(context.stores, context.actor, installed.room_id)
    read = await fetch_descriptor(context, address or installed.descriptor_url)
    if read.descriptor.key != installed.addon_key:
        raise BadRequestError(
            f"The descriptor is that of the add-on {read.descriptor.key}, not of"
            f" {installed.addon_key}",
            field="url",
        )
    return await _offer(context, read, room, installed, None)


async def find_place(
    stores: Stores, actor: Actor, room: str | int | None
) -> RoomRecord | None:
    """Return the room to install in, or `None` for the group.

    Raises:
        ForbiddenError: The actor may not install add-ons there.
        NotFoundError: The room does not exist.
    """
    if actor.kind not in ("browser", "operator"):
        raise ForbiddenError("Add-ons are installed at the page, or by the operator")
    if room is None:
        check_group_admin(actor)
        return None
    found = await find_room_to_administer(stores, actor, room)
    if found.is_archived:
        raise ForbiddenError(
            "This room is archived: add-ons can only be removed from it"
        )
    return found


async def _offer(
    context: Context,
    read: ReadDescriptor,
    room: RoomRecord | None,
    installed: InstallationRecord | None,
    relay_state: str | None,
) -> Offer:
    descriptor = read.descriptor
    _check_place(descriptor, room)
    capabilities = capabilities_of(descriptor)
    declared_modules(capabilities)
    await check_declared(context, capabilities.webhook or [])
    for url in _called(descriptor):
        await check_reachable(context, url)
    room_id = None if room is None else room.id
    scopes = scopes_in(descriptor, room_id)
    unknown = sorted(scopes - SCOPES.keys())
    if unknown:
        raise BadRequestError(
            f"The descriptor asks for a scope that does not exist: {unknown[0][:100]!r}",
            field="url",
        )
    granted: frozenset[str] = frozenset()
    if installed is not None:
        granted = granted_scopes(installed)
    return Offer(
        read=read,
        room=room,
        scopes=tuple(sorted(scopes)),
        new_scopes=tuple(sorted(scopes - granted)),
        left_out=tuple(sorted(scopes_in(descriptor, None) - scopes)),
        installed=installed,
        relay_state=relay_state,
        elsewhere=await _elsewhere(context, descriptor.key, room),
    )


async def _elsewhere(
    context: Context, key: str, room: RoomRecord | None
) -> Sequence[str]:
    """Return where an add-on would receive what happens once more."""
    group_id, stores = context.actor.group_id, context.stores
    if room is not None:
        found = await stores.installations.find(group_id, None, key)
        return [] if found is None else ["the whole group"]
    names = [
        room.name
        for one in await stores.installations.of_group(group_id)
        if one.addon_key == key and one.room_id is not None
        if (room := await stores.rooms.get(one.room_id)) is not None
    ]
    shown = [f"the room {one_line(name)}" for name in names[:MOST_NAMED]]
    more = len(names) - len(shown)
    return [*shown, f"{more} more rooms"] if more else shown


def _check_place(descriptor: AddonDescriptor, room: RoomRecord | None) -> None:
    installable = installable_of(descriptor)
    if room is None and installable.allow_global is False:
        raise BadRequestError(
            f"{descriptor.name} can only be installed in a room", field="room"
        )
    if room is not None and installable.allow_room is False:
        raise BadRequestError(
            f"{descriptor.name} can only be installed for the whole group", field="room"
        )


def _called(descriptor: AddonDescriptor) -> list[str]:
    """Return the URLs that this server calls, besides webhooks."""
    installable = installable_of(descriptor)
    urls = (installable.callback_url, installable.update_callback_url)
    return [url for url in urls if url is not None]
