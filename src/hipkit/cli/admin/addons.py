"""`hipkit admin addon`."""

from __future__ import annotations

import sys

import click

from hipkit.api.errors import StorageError
from hipkit.cli.admin.addon_command import SERVES_ITSELF, AddonCommand
from hipkit.cli.admin.addon_offers import news_lines, offer_lines
from hipkit.cli.admin.interrupting import ended_by_signals
from hipkit.cli.admin.running import AdminGroup, Shown
from hipkit.cli.options import Settings
from hipkit.cli.output import is_terminal, write_stderr
from hipkit.descriptors import read_descriptor
from hipkit.server.services.addons.installing.listing import (
    find_named_addon,
    list_addons,
)
from hipkit.server.services.addons.installing.offers import (
    Offer,
    read_offer,
    read_update,
)
from hipkit.server.services.addons.installing.overview import describe_addon
from hipkit.server.services.addons.installing.reading import (
    capabilities_of,
    installable_of,
    shown_url,
)
from hipkit.server.services.addons.installing.removing import Removed, remove
from hipkit.server.services.addons.installing.scopes import granted_scopes
from hipkit.server.services.addons.installing.summary import summarize
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.storage.stores.installations import (
    InstallationRecord,
    ListedInstallation,
)

__all__ = ["addon", "removed_addon"]

room_option = click.option(
    "--room", "room_name", metavar="ROOM", help="Only in this room."
)
yes_option = click.option(
    "--yes", is_flag=True, help="Agree to what it asks for, without being asked."
)


@click.group(cls=AdminGroup)
def addon() -> None:
    """Install add-ons, update and remove them. ADDON is an id or a key."""


@addon.command("install", cls=AddonCommand)
@click.argument("url")
@click.option(
    "--room",
    "room_name",
    metavar="ROOM",
    help="Install it in this room only.  [default: the whole group]",
)
@yes_option
async def install_addon(
    context: Context, *, url: str, room_name: str | None, yes: bool
) -> Shown:
    """Install an add-on, whose descriptor is at URL.

    Shows what the add-on may do, what it receives of rooms, what it shows and where it
    runs, and asks for agreement. If it is installed there already, it is
    updated.
    """
    offer = await read_offer(context, url, room=room_name)
    return await _agree_and_install(context, offer, yes=yes)


@addon.command("update", cls=AddonCommand)
@click.argument("reference", metavar="ADDON")
@room_option
@click.option(
    "--url", metavar="URL", help="Where its descriptor is now.  [default: where it was]"
)
@yes_option
async def update_addon(
    context: Context,
    *,
    reference: str,
    room_name: str | None,
    url: str | None,
    yes: bool,
) -> Shown:
    """Read an add-on's descriptor again, and update it.

    New scopes, events, modules and servers need agreement, and a configuration page.
    """
    found = await find_named_addon(context, reference, room=room_name)
    offer = await read_update(context, found.client_id, address=url)
    return await _agree_and_install(context, offer, yes=yes)


@addon.command("remove", cls=AddonCommand)
@click.argument("reference", metavar="ADDON")
@room_option
async def remove_addon(
    context: Context, *, reference: str, room_name: str | None
) -> Shown:
    """Remove an add-on with its credentials, tokens, webhooks and modules.

    The add-on is notified; it is removed whatever it answers.
    """
    found = await find_named_addon(context, reference, room=room_name)
    brief = await _brief(context, found)
    removed = removed_addon(await remove(context, found.client_id))
    return {**brief, "removed": True, **removed}


@addon.command("list")
@room_option
async def list_all(context: Context, *, room_name: str | None) -> Shown:
    """List the add-ons of the group and its rooms."""
    found = await list_addons(context, room=room_name, everywhere=room_name is None)
    return [
        {**await _brief(context, one), "scopes": one.scopes.split()} for one in found
    ]


@addon.command("show")
@click.argument("reference", metavar="ADDON")
@room_option
async def show_addon(
    context: Context, *, reference: str, room_name: str | None
) -> Shown:
    """Show an add-on: where it comes from, what it may do, receives and shows."""
    found = await find_named_addon(context, reference, room=room_name)
    descriptor = read_descriptor(found.descriptor.encode())
    capabilities = capabilities_of(descriptor)
    status = await describe_addon(context, found.client_id)
    summary = summarize(descriptor, found.descriptor_url)
    vendor = descriptor.vendor
    return {
        **await _brief(context, found),
        "description": descriptor.description or None,
        "vendor": None if vendor is None else vendor.name,
        "descriptor": shown_url(found.descriptor_url),
        "scopes": sorted(granted_scopes(found)),
        "configuration": capabilities.configurable and capabilities.configurable.url,
        "installed_by": status.installed_by or "the operator",
        "installed": Timestamp.from_us(found.created_us).date().isoformat(),
        "receives": [one.in_words for one in summary.listened],
        "webhooks": [
            f"{one.record.event} {one.state}"
            + (f": {one.record.problem}" if one.record.problem else "")
            for one in status.webhooks
        ],
        "modules": [f"{one.kind} {one.name}" for one in summary.modules],
        "servers": [one.origin for one in summary.servers],
    }


def removed_addon(removed: Removed) -> dict[str, object]:
    """Return what is shown of a removal: whether the add-on learnt of it, or where it can."""
    found = removed.installation
    shown: dict[str, object] = {"id": found.client_id, "problem": removed.problem}
    installable = installable_of(read_descriptor(found.descriptor.encode()))
    if installable.callback_url is None and removed.next_url is not None:
        # Only in a browser does such an add-on learn of it.
        shown["open"] = removed.next_url
    return shown


async def _agree_and_install(context: Context, offer: Offer, *, yes: bool) -> Shown:
    _check_can_finish(offer)
    if offer.warning is not None:
        write_stderr(f"warning: {offer.warning}")
    if yes:
        for line in news_lines(offer):
            write_stderr(line)
    elif offer.needs_agreement:
        _ask(offer)
    installed = await install(context, offer)
    shown = {
        **await _brief(context, installed.installation),
        "scopes": list(offer.scopes),
        "state": "waits for the add-on" if installed.is_pending else "installed",
    }
    if installed.is_pending and installed.next_url is not None:
        shown["open"] = installed.next_url
    return shown


def _check_can_finish(offer: Offer) -> None:
    """Check that an add-on that is visited in a browser finds a server afterwards."""
    installable = installable_of(offer.descriptor)
    needs_browser = installable.callback_url is None and installable.installed_url
    if needs_browser and click.get_current_context().meta.get(SERVES_ITSELF):
        raise StorageError(
            f"{offer.descriptor.name} is installed in a browser, and fetches its data from the"
            " server then: start hipkit serve first"
        )


def _ask(offer: Offer) -> None:
    for line in offer_lines(offer):
        write_stderr(line)
    if not is_terminal(sys.stdin):
        raise click.UsageError("use --yes to agree to this without a terminal")
    with ended_by_signals():
        agreed = click.confirm("Agree?", err=True)
    if not agreed:
        done = "installed" if offer.installed is None else "updated"
        write_stderr(f"nothing was {done}")
        raise click.Abort


async def _brief(
    context: Context, installation: InstallationRecord | ListedInstallation
) -> dict[str, object]:
    return {
        "id": installation.client_id,
        "key": installation.addon_key,
        "name": installation.name,
        "room": await _room(context, installation),
    }


async def _room(
    context: Context, installation: InstallationRecord | ListedInstallation
) -> str | None:
    """Return the name of an installation's room; of the group's, words for people only."""
    if installation.room_id is None:
        settings = click.get_current_context().ensure_object(Settings)
        return None if settings.json else "whole group"
    room = await context.stores.rooms.get(installation.room_id)
    return None if room is None else room.name
