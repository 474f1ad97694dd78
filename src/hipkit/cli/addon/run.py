"""`hipkit addon run`: an add-on and a server, together on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvicorn

from hipkit.addon.addon import AddOn
from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import Storage
from hipkit.addon.storage.sqlite import SqliteStorage
from hipkit.api.errors import ConflictError, NotFoundError, StorageError
from hipkit.cli.addon.loading import load_addon
from hipkit.cli.listening import DEFAULT_PORT
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json
from hipkit.server.app import Server, open_server
from hipkit.server.dispatch import Dispatcher
from hipkit.server.logs import set_up_log
from hipkit.server.runner import Runner
from hipkit.server.serve import (
    address_of,
    announce_server,
    listen,
    serving,
)
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.access.password_links import password_link
from hipkit.server.services.addons.installing.listing import find_named_addon
from hipkit.server.services.addons.installing.offers import read_offer
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.services.context import Context
from hipkit.server.services.rooms.changes import create_room
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.lock import hold_lock
from hipkit.transports.wire import shown_address
from hipkit.v2.rooms import CreateRoom

__all__ = ["run"]

HOST = "127.0.0.1"
ADDON_PORT = 8071
DATABASE = "hipkit.db"
THIS_MACHINE = ("127.0.0.0/8", "::1/128")


@click.command(cls=Command)
@click.argument("name", metavar="MODULE:ADDON")
@click.option(
    "--room",
    default="Room",
    help="Room to install it in; created if it does not exist.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Keep the data of server and add-on here.  [default: throw it away in the end]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    help="Port of the server; 0 picks a free port.",
)
@click.option(
    "--addon-port",
    type=click.IntRange(0, 65535),
    default=ADDON_PORT,
    help="Port of the add-on; 0 picks a free port.",
)
@click.pass_obj
def run(
    settings: Settings,
    /,
    *,
    name: str,
    room: str,
    folder: Path | None,
    port: int,
    addon_port: int,
) -> None:
    """Run an add-on together with a HipChat server that it is installed on.

    MODULE:ADDON is the AddOn of a Python module in the current folder or the environment,
    such as karma:addon. Both listen on this machine only. The add-on is installed in a
    room, whose address is printed; with --folder it is updated at the next start.

    Ctrl-C stops both.
    """
    addon = load_addon(name)
    set_up_log(verbose=settings.verbose)
    with contextlib.ExitStack() as closing:
        listeners = [
            closing.enter_context(_listener(one)) for one in (port, addon_port)
        ]
        place = closing.enter_context(_place(folder))
        asyncio.run(_run(addon, room, place, *listeners, settings=settings))


@dataclass(frozen=True)
class _Place:
    """Where data is kept."""

    folder: Path
    is_kept: bool

    def server_settings(self, root: str) -> ServerSettings:
        return ServerSettings(
            database=self.folder / DATABASE,
            public_url=root,
            webhook_networks=THIS_MACHINE,
            durable=self.is_kept,
        )

    def storage(self, addon: AddOn) -> Storage:
        if not self.is_kept:
            return MemoryStorage()
        return SqliteStorage(self.folder / f"{addon.identity.key}.sqlite3")


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[_Place]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="hipkit-") as made:
            yield _Place(Path(made), is_kept=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    yield _Place(folder.absolute(), is_kept=True)


@contextlib.contextmanager
def _listener(port: int) -> Iterator[socket.socket]:
    try:
        listener = listen(HOST, port)
    except OSError as error:
        address = shown_address(HOST, port)
        problem = f"{error.strerror}: choose another port, see hipkit addon run --help"
        raise OSError(error.errno, problem, address) from None
    with contextlib.closing(listener):
        yield listener


async def _run(
    addon: AddOn,
    room: str,
    place: _Place,
    listener: socket.socket,
    addon_listener: socket.socket,
    *,
    settings: Settings,
) -> None:
    """Serve both until a signal comes; a second one ends what is under way."""
    stop, at_once = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (at_once if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    root = address_of(listener)
    app = addon.asgi(
        base_url=address_of(addon_listener),
        storage=place.storage(addon),
        allowed_hosts=[root],
    )
    made = place.server_settings(root)
    with hold_lock(made.database):
        server = await open_server(made)
        with contextlib.closing(server):
            # The add-on ends first: what its handlers answer meets a server that still listens.
            # What the server sends it before it has started waits in its listener.
            async with (
                serving(server, listener, Dispatcher(server), at_once=at_once),
                _serving_addon(app, addon_listener),
            ):
                announce_server(server)
                room_id = await _install(server, app, addon.identity.key, room)
                _report(settings, server, app, room, room_id)
                await stop.wait()


@contextlib.asynccontextmanager
async def _serving_addon(app: AddOnApp, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,  # Addresses hold signatures.
        server_header=False,
        ws="none",
    )
    runner = Runner(config)
    task = asyncio.create_task(runner.serve(sockets=[listener]))
    task.add_done_callback(lambda _: runner.ready.set())
    await runner.ready.wait()
    try:
        if task.done():  # The log says why.
            raise StorageError("the add-on could not start")
        yield
    finally:
        runner.end()
        await task


async def _install(server: Server, app: AddOnApp, key: str, room: str) -> int:
    """Install the add-on in a room, or update it there; return the room's id.

    Raises:
        StorageError: It is installed there with other ports.
    """
    context = await server.runtime.operator_context()
    room_id = await _find_or_create(context, room)
    try:
        offer = await read_offer(context, app.descriptor_url, room=room_id)
    except ConflictError:
        installed = await find_named_addon(context, key, room=room_id)
        port = urlsplit(installed.descriptor_url).port
        raise StorageError(
            f"the add-on was installed in the room {room} with another port: use --addon-port"
            f" {port}, or another --room or --folder"
        ) from None
    await install(context, offer)
    return room_id


async def _find_or_create(context: Context, room: str) -> int:
    try:
        return (await find_room(context.stores, context.actor, room)).id
    except NotFoundError:
        return (await create_room(context, CreateRoom(name=room))).id


def _report(
    settings: Settings, server: Server, app: AddOnApp, room: str, room_id: int
) -> None:
    root = server.settings.public_url or server.own_root
    key, email = server.new_link_key, server.settings.admin_email
    link = None if key is None else password_link(root, key)
    shown = {
        "room": f"{root}/rooms/{room_id}",
        "email": email,
        "password_link": link,
        "descriptor": app.descriptor_url,
        "base_url": f"{root}/v2",
        "token_file": str(server.settings.token_file),
        "database": str(server.settings.database),
    }
    if settings.json:
        write_json(shown)
        return
    name = app.descriptor.name
    sign_in = "" if link is None else f"; choose a password at {link}"
    write(f"{name} is installed in the room {room}: {shown['room']}")
    write(f"sign in there as {email}{sign_in}")
    write(f"the add-on's descriptor: {shown['descriptor']}")
    write(f"the API: {shown['base_url']}, with the token in {shown['token_file']}")
    write("Ctrl-C stops server and add-on")
