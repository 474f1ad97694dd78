"""Modules as a user sees them in a room: its glances, and what they open.

A glance is shown if its conditions hold for the user, the room, and the metadata that the add-on
sent last. The metadata of a glance that is asked for its content comes from the user's browser,
as the content does. Read next: `signing.py`, which signs the address that is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import NotFoundError
from hipkit.descriptors.conditions import Facts, holds
from hipkit.descriptors.modules import OPENED, Module, target_key
from hipkit.descriptors.templates import expand_url
from hipkit.server.services.access.lookup import find_room, own_user
from hipkit.server.services.addons.modules.modules import read_module
from hipkit.server.services.addons.modules.signing import signed_address
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.signatures import QUERY_SECONDS
from hipkit.server.storage.stores.extensions import ExtensionRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.models import (
    AddonDescriptor,
    Condition,
    ExternalPage,
    Glance,
    GlanceContent,
)

__all__ = [
    "AddonGlances",
    "ShownGlance",
    "ShownModule",
    "find_module",
    "glance_address",
    "is_glance_shown",
    "list_glances",
    "page_address",
]

MOST_GLANCES = 50
"""In a room; older ones go first."""
DEFAULT_WEIGHT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownModule:
    """A module that a user may open in a room, or outside of rooms.

    Attributes:
        room: The room that it is opened in.
        addon: The add-on's name.
        homepage: The address that the add-on's descriptor has for people, if it is one.
    """

    record: ExtensionRecord
    module: Module
    room: RoomRecord | None
    addon: str
    homepage: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGlance:
    """A glance as a user sees it in a room.

    Attributes:
        content: What the add-on pushed last for the fewest people, this user among them.
        pushed_us: When it was pushed; 0 without content.
        target: What it opens.
        is_asked: Whether the user's browser asks the add-on for its content.
        is_hidden: Whether it stays hidden until the answer brings metadata that its conditions
            accept, or fails.
    """

    id: int
    glance: Glance
    content: GlanceContent | None
    pushed_us: int
    target: ExtensionRecord | None
    is_asked: bool
    is_hidden: bool

    @property
    def depends_on_answer(self) -> bool:
        """Whether its conditions have to be looked at once there is an answer."""
        return self.is_asked and _asks_for_metadata(self.glance.conditions or [])


@dataclass(frozen=True, slots=True, kw_only=True)
class AddonGlances:
    """The glances of one add-on, in their order."""

    addon: str
    glances: list[ShownGlance]


async def list_glances(context: Context, room: RoomRecord) -> list[AddonGlances]:
    """Return the glances that the user who acts sees in a room, by add-on.

    A lower weight comes first, as HipChat documented it: add-ons go by their lowest one, and
    those with the same by their names.

    Args:
        context: The context of the user's call.
        room: A room that the user may see.
    """
    records = await context.stores.extensions.glances(
        room.group_id, room.id, MOST_GLANCES
    )
    own_keys = {(one.client_id, one.key) for one in records if one.room_id is not None}
    found: defaultdict[str, list[ShownGlance]] = defaultdict(list)
    for record in records:
        # A room's own glance takes the place of one for all rooms with its key.
        if record.room_id is None and (record.client_id, record.key) in own_keys:
            continue
        shown = await _shown(context, room, record)
        if shown is not None:
            found[record.client_id].append(shown)
    groups = [
        AddonGlances(
            addon=await _addon_name(context, client_id),
            glances=sorted(glances, key=_weight),
        )
        for client_id, glances in found.items()
    ]
    return sorted(
        groups, key=lambda one: (_weight(one.glances[0]), one.addon.casefold())
    )


async def glance_address(context: Context, room: RoomRecord, glance_id: int) -> str:
    """Return the signed address that the user's browser asks for a glance's content.

    Raises:
        NotFoundError: The user sees no such glance in the room, or it is not asked.
    """
    record, shown = await _find_glance(context, room, glance_id)
    address = shown.glance.query_url
    if address is None:
        raise NotFoundError("Glance not found")
    # Asked at once, so a short lifetime will do: servers log addresses.
    return await signed_address(
        context,
        record.client_id,
        expand_url(address, {}),
        room.id,
        good_seconds=QUERY_SECONDS,
    )


async def is_glance_shown(
    context: Context,
    room: RoomRecord,
    glance_id: int,
    metadata: Mapping[str, object] | None,
) -> bool:
    """Return whether a glance's conditions hold with the metadata of an add-on's answer.

    Raises:
        NotFoundError: The user sees no such glance in the room.
    """
    _, shown = await _find_glance(context, room, glance_id)
    return holds(shown.glance.conditions, _facts(context, room, metadata))


async def find_module(
    context: Context, module_id: int, room_reference: int | None
) -> ShownModule:
    """Return a module that the user who acts may open.

    Args:
        context: The context of the user's call.
        module_id: The module's.
        room_reference: The room that it is opened in; `None` outside of rooms, where guests and
            modules of one room have no place.

    Raises:
        NotFoundError: The user may not see it there.
        ForbiddenError: The room is private, and the user not a member.
    """
    record = await context.stores.extensions.get(module_id)
    room = None
    if room_reference is not None:
        room = await find_room(context.stores, context.actor, room_reference)
    elif context.actor.is_guest:
        record = None
    room_id = None if room is None else room.id
    if (
        record is None
        or record.group_id != context.actor.group_id
        or record.room_id not in (None, room_id)
        or not _may_open(context, room, record)
    ):
        raise NotFoundError("Module not found")
    return ShownModule(
        record=record,
        module=read_module(record.kind, record.body),
        room=room,
        addon=await _addon_name(context, record.client_id),
        homepage=await _homepage(context, record.client_id),
    )


async def page_address(context: Context, shown: ShownModule) -> str | None:
    """Return the signed address of an external page; `None` for another module."""
    if not isinstance(shown.module, ExternalPage):
        return None
    room_id = None if shown.room is None else shown.room.id
    # Nothing was said: only actions on a message have values for the variables.
    address = expand_url(shown.module.url, {})
    return await signed_address(context, shown.record.client_id, address, room_id)


async def _find_glance(
    context: Context, room: RoomRecord, glance_id: int
) -> tuple[ExtensionRecord, ShownGlance]:
    record = await context.stores.extensions.get(glance_id)
    if (
        record is not None
        and record.kind == "glance"
        and record.group_id == room.group_id
        and record.room_id in (None, room.id)
    ):
        shown = await _shown(context, room, record)
        if shown is not None:
            return record, shown
    raise NotFoundError("Glance not found")


async def _shown(
    context: Context, room: RoomRecord, record: ExtensionRecord
) -> ShownGlance | None:
    """Return a glance as the user sees it; `None` if its conditions cannot hold."""
    glance = cast("Glance", read_module(record.kind, record.body))
    stored = await context.stores.glances.seen_by(
        record.client_id,
        record.key,
        room_id=room.id,
        user_id=own_user(context.actor).id,
    )
    content = None if stored is None else GlanceContent.from_json(stored.content)
    metadata = None if content is None else content.metadata
    facts = _facts(context, room, metadata)
    is_shown, is_asked = holds(glance.conditions, facts), glance.query_url is not None
    # With a failed query a test of metadata holds, so more than this the answer cannot change.
    best = replace(facts, glance_failed=True)
    if not is_shown and not (is_asked and holds(glance.conditions, best)):
        return None
    return ShownGlance(
        id=record.id,
        glance=glance,
        content=content,
        pushed_us=0 if stored is None else stored.updated_us,
        target=await _target(context, record, glance, room),
        is_asked=is_asked,
        is_hidden=not is_shown,
    )


async def _target(
    context: Context, record: ExtensionRecord, glance: Glance, room: RoomRecord
) -> ExtensionRecord | None:
    """Return the module that a glance opens, if the user may open it."""
    key = target_key(glance.target)
    if key is None:
        return None
    found = await context.stores.extensions.with_key(record.client_id, room.id, key)
    openable = (
        one for one in found if one.kind in OPENED and _may_open(context, room, one)
    )
    return next(openable, None)


def _may_open(
    context: Context, room: RoomRecord | None, record: ExtensionRecord
) -> bool:
    """Return whether a module's conditions hold for the user."""
    conditions = getattr(read_module(record.kind, record.body), "conditions", None)
    return holds(conditions, _facts(context, room, None))


def _facts(
    context: Context, room: RoomRecord | None, metadata: Mapping[str, object] | None
) -> Facts:
    user = own_user(context.actor)
    return Facts(
        room_is_public=room is not None and room.privacy == "public",
        user_is_admin=user.is_group_admin,
        user_is_guest=user.is_guest,
        user_is_room_owner=room is not None and room.owner_id == user.id,
        glance_metadata=metadata,
    )


async def _addon_name(context: Context, client_id: str) -> str:
    client = await context.stores.clients.get(client_id)
    return "" if client is None else client.name


async def _homepage(context: Context, client_id: str) -> str | None:
    installation = await context.stores.installations.get(client_id)
    if installation is None:
        return None
    descriptor = AddonDescriptor.from_json(installation.descriptor)
    links, vendor = descriptor.links, descriptor.vendor
    addresses = (links and links.homepage, vendor and vendor.url)
    return next((one for one in addresses if one and is_web_address(one)), None)


def _weight(shown: ShownGlance) -> int:
    weight = shown.glance.weight
    return DEFAULT_WEIGHT if weight is None else weight


def _asks_for_metadata(conditions: Sequence[Condition]) -> bool:
    return any(
        one.condition == "glance_matches" or _asks_for_metadata(one.conditions or [])
        for one in conditions
    )
