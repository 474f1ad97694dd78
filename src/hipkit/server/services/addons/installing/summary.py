"""What an add-on is and asks for, in words, by its descriptor, which anybody may have written.

Everything is shortened and in one line here; templates escape it. Addresses become links only if
they are web addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from hipkit.api.addresses import is_web_address, origin_of
from hipkit.server.services.addons.installing.reading import (
    capabilities_of,
    installable_of,
    shown_url,
)
from hipkit.server.services.representations.lines import one_line, shortened
from hipkit.v2.models import AddonCapabilities, AddonDescriptor

__all__ = ["ShownModule", "Summary", "show_module", "summarize"]

T = TypeVar("T")

NAME_CHARACTERS = 100
DESCRIPTION_CHARACTERS = 400
PATTERN_CHARACTERS = 200
MOST_LISTED = 30
"""How many webhooks, or servers, of one add-on are listed."""

EVENTS = {
    "room_archived": "when a room is archived",
    "room_created": "when a room is created",
    "room_deleted": "when a room is deleted",
    "room_enter": "who enters",
    "room_exit": "who leaves",
    "room_file_upload": "every file that is shared",
    "room_message": "every message of people",
    "room_notification": "every notification of programs",
    "room_topic_change": "every change of the topic",
    "room_unarchived": "when a room is no longer archived",
}
"""What a webhook sends, in plain words, by its event."""

NEEDS_CLIENT = "needs a HipChat client: this page does not show it"
MODULES = {
    "glance": ("Glance", "shown in the head of rooms"),
    "webPanel": ("Web panel", NEEDS_CLIENT),
    "dialog": ("Dialog", NEEDS_CLIENT),
    "action": ("Action", NEEDS_CLIENT),
    "externalPage": ("External page", "opens in a window of its own"),
}
"""What the page calls a module, and does with it, by the module's kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """What an add-on receives by one of its webhooks, or by several alike."""

    what: str
    pattern: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownModule:
    """A module of an add-on: what it is, its name, and what the page does with it."""

    kind: str
    name: str
    use: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A descriptor as templates show it.

    Attributes:
        vendor: Who made the add-on, as it says itself.
        from_name: The name that it posts under, if that is not its own.
        address: Where the descriptor was read, without secrets.
        listened: What it receives of rooms.
        modules: What it shows.
        servers: The servers that are called by this one, or by a reader's browser.
        has_configuration: Whether it has a configuration page.
    """

    name: str
    key: str
    description: str
    vendor: str | None
    vendor_url: str | None
    homepage: str | None
    from_name: str | None
    address: str
    listened: tuple[Listened, ...]
    modules: tuple[ShownModule, ...]
    servers: tuple[str, ...]
    has_configuration: bool


def summarize(descriptor: AddonDescriptor, address: str) -> Summary:
    """Return what templates show of a descriptor."""
    capabilities = capabilities_of(descriptor)
    consumer, vendor = capabilities.hipchat_api_consumer, descriptor.vendor
    from_name = None if consumer is None else consumer.from_name
    if from_name == descriptor.name:
        from_name = None
    return Summary(
        name=shortened(descriptor.name, NAME_CHARACTERS) or "An add-on without a name",
        key=shortened(descriptor.key, NAME_CHARACTERS),
        description=shortened(descriptor.description, DESCRIPTION_CHARACTERS),
        vendor=None if vendor is None else shortened(vendor.name, NAME_CHARACTERS),
        vendor_url=_linked(None if vendor is None else vendor.url),
        homepage=_linked(descriptor.links.homepage),
        from_name=shortened(from_name or "", NAME_CHARACTERS) or None,
        address=one_line(shown_url(address)),
        listened=_first(_listened(capabilities)),
        modules=_first(_modules(capabilities)),
        servers=_first(_servers(descriptor, address)),
        has_configuration=capabilities.configurable is not None,
    )


def _first(items: Iterable[T]) -> tuple[T, ...]:
    """Return what differs, as much of it as is shown."""
    return tuple(dict.fromkeys(items))[:MOST_LISTED]


def _linked(address: str | None) -> str | None:
    return address if address is not None and is_web_address(address) else None


def _listened(capabilities: AddonCapabilities) -> Iterator[Listened]:
    for webhook in capabilities.webhook or ():
        what = EVENTS.get(webhook.event, f"the event {one_line(webhook.event)}")
        pattern = webhook.pattern
        if pattern is not None:
            pattern = shortened(pattern, PATTERN_CHARACTERS)
        yield Listened(what=what, pattern=pattern)


def _modules(capabilities: AddonCapabilities) -> Iterator[ShownModule]:
    named = (
        ("glance", capabilities.glance),
        ("webPanel", capabilities.web_panel),
        ("action", capabilities.action),
        ("externalPage", capabilities.external_page),
    )
    for kind, modules in named:
        for module in modules or ():
            yield show_module(
                kind, module.key if module.name is None else module.name.value
            )
    for dialog in capabilities.dialog or ():
        yield show_module("dialog", dialog.title.value)


def show_module(kind: str, name: str) -> ShownModule:
    """Return a module as templates show it."""
    shown, use = MODULES[kind]
    return ShownModule(kind=shown, name=shortened(name, NAME_CHARACTERS), use=use)


def _servers(descriptor: AddonDescriptor, address: str) -> Iterator[str]:
    capabilities, installable = capabilities_of(descriptor), installable_of(descriptor)
    configurable = capabilities.configurable
    found = (
        address,
        installable.callback_url,
        installable.update_callback_url,
        installable.installed_url,
        installable.updated_url,
        installable.uninstalled_url,
        None if configurable is None else configurable.url,
        *(webhook.url for webhook in capabilities.webhook or ()),
        *(glance.query_url for glance in capabilities.glance or ()),
        *(page.url for page in capabilities.external_page or ()),
    )
    for url in found:
        origin = None if url is None else origin_of(url)
        if origin is not None:
            yield origin
