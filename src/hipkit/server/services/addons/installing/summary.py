"""What an add-on is and asks for, in words, by its descriptor, which anybody may have written.

Everything is shortened and in one line here; templates escape it. Addresses become links only if
they are web addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from hipkit.api.addresses import is_loopback, is_web_address, origin_of
from hipkit.server.services.addons.installing.reading import (
    capabilities_of,
    installable_of,
    shown_url,
)
from hipkit.server.services.representations.lines import one_line, shortened
from hipkit.v2.models import AddonCapabilities, AddonDescriptor

__all__ = [
    "Listened",
    "ShownModule",
    "ShownServer",
    "Summary",
    "show_module",
    "summarize",
]

T = TypeVar("T")
N = TypeVar("N", bound="ShownModule | ShownServer")

NAME_CHARACTERS = 100
DESCRIPTION_CHARACTERS = 400
PATTERN_CHARACTERS = 200
MOST_LISTED = 30
"""How many modules, or servers, of one add-on are listed; new ones first where there are more."""

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
    """What an add-on receives by one of its webhooks, or by several alike.

    Attributes:
        what: The event, in words.
        pattern: The pattern that messages match; `None` for all of them.
        is_new: Whether the add-on does not receive this so far.
    """

    what: str
    pattern: str | None
    is_new: bool = False

    @property
    def in_words(self) -> str:
        """The event and the pattern."""
        return self.what + (f" that matches {self.pattern}" if self.pattern else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownModule:
    """A module of an add-on: what it is, its name, and what the page does with it."""

    kind: str
    name: str
    use: str
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownServer:
    """A server of an add-on, by its origin."""

    origin: str
    is_new: bool = False

    @property
    def warning(self) -> str | None:
        """What is wrong with calling it, if anything is. Within a machine, TLS is not needed."""
        if self.origin.startswith("https:") or is_loopback(self.origin):
            return None
        return "without TLS: others can read what is sent there"


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
        is_configuration_new: Whether that is one which it did not have.
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
    servers: tuple[ShownServer, ...]
    has_configuration: bool
    is_configuration_new: bool

    @property
    def news(self) -> list[str]:
        """What an update has that is not installed, in words."""
        found = {
            "events": any(one.is_new for one in self.listened),
            "modules": any(one.is_new for one in self.modules),
            "servers": any(one.is_new for one in self.servers),
            "a configuration page": self.is_configuration_new,
        }
        return [words for words, is_new in found.items() if is_new]


def summarize(
    descriptor: AddonDescriptor,
    address: str,
    *,
    installed: AddonDescriptor | None = None,
    installed_address: str = "",
) -> Summary:
    """Return what is shown of a descriptor, before somebody agrees to it and later.

    Args:
        descriptor: The descriptor.
        address: Where it was read.
        installed: The descriptor that it takes the place of: what that lacks is new.
        installed_address: Where that one was read.
    """
    capabilities = capabilities_of(descriptor)
    before = None if installed is None else capabilities_of(installed)
    known = None if installed is None else set(_origins(installed, installed_address))
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
        # All of them: nobody agrees to what is not shown.
        listened=tuple(_distinct(_listened(capabilities, before))),
        modules=_first(_modules(capabilities, before)),
        servers=_first(
            ShownServer(origin=one, is_new=known is not None and one not in known)
            for one in _origins(descriptor, address)
        ),
        has_configuration=capabilities.configurable is not None,
        is_configuration_new=before is not None
        and before.configurable is None
        and capabilities.configurable is not None,
    )


def _distinct(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def _first(items: Iterable[N]) -> tuple[N, ...]:
    """Return what differs, as much of it as is shown."""
    found: list[N] = list(dict.fromkeys(items))
    if len(found) > MOST_LISTED:
        found.sort(key=attrgetter("is_new"), reverse=True)
    return tuple(found[:MOST_LISTED])


def _linked(address: str | None) -> str | None:
    return address if address is not None and is_web_address(address) else None


def _listened(
    capabilities: AddonCapabilities, before: AddonCapabilities | None
) -> Iterator[Listened]:
    known = [] if before is None else before.webhook or []
    received = {(one.event, one.pattern) for one in known}
    for webhook in capabilities.webhook or ():
        what = EVENTS.get(webhook.event, f"the event {one_line(webhook.event)}")
        pattern = webhook.pattern
        if pattern is not None:
            pattern = shortened(pattern, PATTERN_CHARACTERS)
        is_new = before is not None and (webhook.event, webhook.pattern) not in received
        yield Listened(what=what, pattern=pattern, is_new=is_new)


def _modules(
    capabilities: AddonCapabilities, before: AddonCapabilities | None
) -> Iterator[ShownModule]:
    known = None if before is None else {named[:2] for named in _named(before)}
    for kind, key, name in _named(capabilities):
        is_new = known is not None and (kind, key) not in known
        yield show_module(kind, name, is_new=is_new)


def _named(capabilities: AddonCapabilities) -> Iterator[tuple[str, str, str]]:
    """Yield the kind, key and name of each module."""
    named = (
        ("glance", capabilities.glance),
        ("webPanel", capabilities.web_panel),
        ("action", capabilities.action),
        ("externalPage", capabilities.external_page),
    )
    for kind, modules in named:
        for module in modules or ():
            name = module.key if module.name is None else module.name.value
            yield kind, module.key, name
    for dialog in capabilities.dialog or ():
        yield "dialog", dialog.key, dialog.title.value


def show_module(kind: str, name: str, *, is_new: bool = False) -> ShownModule:
    """Return a module in words."""
    shown, use = MODULES[kind]
    return ShownModule(
        kind=shown, name=shortened(name, NAME_CHARACTERS), use=use, is_new=is_new
    )


def _origins(descriptor: AddonDescriptor, address: str) -> Iterator[str]:
    capabilities, installable = capabilities_of(descriptor), installable_of(descriptor)
    configurable, oauth = capabilities.configurable, capabilities.oauth2_consumer
    found = (
        address,
        installable.callback_url,
        installable.update_callback_url,
        installable.installed_url,
        installable.updated_url,
        installable.uninstalled_url,
        None if configurable is None else configurable.url,
        *(() if oauth is None else oauth.redirection_urls),
        *(webhook.url for webhook in capabilities.webhook or ()),
        *(glance.query_url for glance in capabilities.glance or ()),
        *(page.url for page in capabilities.external_page or ()),
    )
    for url in found:
        origin = None if url is None else origin_of(url)
        if origin is not None:
            yield origin
