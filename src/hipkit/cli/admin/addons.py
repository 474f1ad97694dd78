"""`hipkit admin addon`.

While an add-on is installed, updated or removed, it calls the server's API. So these commands work
beside a server that runs, at its address, or else serve the API themselves meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator

import click

from hipkit.api.errors import StorageError
from hipkit.cli.admin.addon_offers import offer_lines
from hipkit.cli.admin.running import (
    AdminCommand,
    AdminGroup,
    Shown,
    Work,
    database_path,
    open_runtime,
)
from hipkit.cli.listening import DEFAULT_PORT, Network, WebAddress
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
from hipkit.server.services.addons.installing.overview import describe_addons
from hipkit.server.services.addons.installing.reading import (
    capabilities_of,
    installable_of,
    shown_url,
)
from hipkit.server.services.addons.installing.removing import remove
from hipkit.server.services.addons.installing.scopes import granted_scopes
from hipkit.server.services.addons.installing.summary import summarize
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.services.context import Context, Runtime
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.storage.lock import InUseError, announced, hold_lock
from hipkit.server.storage.stores.installations import InstallationRecord
from hipkit.transports.wire import shown_address

__all__ = ["addon"]

SERVED = ("public_url", "host", "port", "webhook_networks", "strict")
"""The options of commands that call add-ons."""

SERVES_ITSELF = "hipkit.serves_itself"
"""The key of that in click's context."""


class AddonCommand(AdminCommand):
    """A command that calls an add-on, which calls the server's API meanwhile."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(
                ["--public-url"],
                type=WebAddress(),
                metavar="URL",
                help="Scheme and host at which add-ons reach the server."
                "  [default: those of the server that runs]",
            ),
            click.Option(
                ["--host"],
                default="127.0.0.1",
                help="Address to listen on while no server runs.",
            ),
            click.Option(
                ["--port"],
                type=click.IntRange(0, 65535),
                default=DEFAULT_PORT,
                help="Port to listen on while no server runs.",
            ),
            click.Option(
                ["--webhook-network", "webhook_networks"],
                type=Network(),
                metavar="NETWORK",
                multiple=True,
                help="Allow add-ons and their webhooks in this private network. Repeatable."
                "  [default: those of the server that runs]",
            ),
            click.Option(
                ["--strict"],
                is_flag=True,
                help="Accept only 200 as an add-on's answer, as HipChat's documentation says.",
            ),
        ]

    def run(self, work: Work, ctx: click.Context) -> Shown:
        """Run the function while the API can be called: by another process, or by this one."""
        params = dict(ctx.params)
        served = {name: params.pop(name) for name in SERVED}
        # The lock is held for as long as this process serves, as any server holds it.
        try:
            with hold_lock(database_path(ctx)):
                ctx.meta[SERVES_ITSELF] = True
                return self._serving(work, ctx, params, served)
        except InUseError:
            return self._beside(work, ctx, params, served)

    def _beside(
        self,
        work: Work,
        ctx: click.Context,
        params: dict[str, object],
        served: dict[str, object],
    ) -> Shown:
        running = announced(database_path(ctx))
        if running is None and served["public_url"] is None:
            raise click.UsageError(
                "the address of the server that runs is not known: use --public-url"
            )
        settings = {
            "public_url": served["public_url"] or (running and running.root),
            "webhook_networks": served["webhook_networks"]
            or tuple(running.webhook_networks if running else ()),
            "strict": served["strict"] or (running is not None and running.strict),
        }
        with _opened(ctx, settings) as runtime:

            async def run() -> Shown:
                try:
                    return await work(await runtime.operator_context(), **params)
                finally:
                    await runtime.close_outgoing()

            return asyncio.run(run())

    def _serving(
        self,
        work: Work,
        ctx: click.Context,
        params: dict[str, object],
        served: dict[str, object],
    ) -> Shown:
        # Loaded late: beside a server, no HTTP server is needed.
        from hipkit.server.app import Server
        from hipkit.server.serve import (
            address_for_others,
            address_of,
            announce_server,
            listen,
            serving,
        )

        host, port = str(served["host"]), int(str(served["port"]))
        try:
            listener = listen(host, port)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{error.strerror}: add-ons call the server while they are installed, and no"
                " server runs on this database, so this command needs the port itself;"
                " choose one with --port, or start hipkit serve",
                shown_address(host, port),
            ) from None
        root = served["public_url"] or address_for_others(address_of(listener))
        settings = {
            "public_url": root,
            "webhook_networks": served["webhook_networks"],
            "strict": served["strict"],
        }
        with contextlib.closing(listener), _opened(ctx, settings) as runtime:
            server = Server(runtime)
            announce_server(server)

            async def run() -> Shown:
                context = await runtime.operator_context()
                async with serving(server, listener, delivers=False):
                    return await work(context, **params)

            return asyncio.run(run())


@contextlib.contextmanager
def _opened(ctx: click.Context, settings: dict[str, object]) -> Iterator[Runtime]:
    runtime = open_runtime(ctx, **settings)
    try:
        yield runtime
    finally:
        runtime.close()


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

    New scopes, events and modules need agreement.
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
    removed = await remove(context, found.client_id)
    shown = {
        **await _brief(context, found),
        "removed": True,
        "problem": removed.problem,
    }
    installable = installable_of(read_descriptor(found.descriptor.encode()))
    if installable.callback_url is None and removed.next_url is not None:
        # Only in a browser does such an add-on learn of it.
        shown["open"] = removed.next_url
    return shown


@addon.command("list")
@room_option
async def list_all(context: Context, *, room_name: str | None) -> Shown:
    """List the add-ons of the group and its rooms."""
    found = await list_addons(context, room=room_name, everywhere=room_name is None)
    return [
        {**await _brief(context, one), "scopes": sorted(granted_scopes(one))}
        for one in found
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
    [status] = await describe_addons(context, [found])
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


async def _agree_and_install(context: Context, offer: Offer, *, yes: bool) -> Shown:
    _check_can_finish(offer)
    if offer.warning is not None:
        write_stderr(f"warning: {offer.warning}")
    if not yes and offer.needs_agreement:
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
    if not click.confirm("Agree?", err=True):
        done = "installed" if offer.installed is None else "updated"
        write_stderr(f"nothing was {done}")
        raise click.Abort


async def _brief(
    context: Context, installation: InstallationRecord
) -> dict[str, object]:
    return {
        "id": installation.client_id,
        "key": installation.addon_key,
        "name": installation.name,
        "room": await _room(context, installation),
    }


async def _room(context: Context, installation: InstallationRecord) -> str | None:
    """Return the name of an installation's room; of the group's, words for people only."""
    if installation.room_id is None:
        settings = click.get_current_context().ensure_object(Settings)
        return None if settings.json else "whole group"
    room = await context.stores.rooms.get(installation.room_id)
    return None if room is None else room.name
