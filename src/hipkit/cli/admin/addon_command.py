"""Commands that call add-ons, which call the server's API meanwhile.

They work beside a server that runs, at its address, or else serve the API themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from hipkit.cli.admin.interrupting import run_until_signal
from hipkit.cli.admin.running import (
    AdminCommand,
    Shown,
    Work,
    database_path,
    open_runtime,
)
from hipkit.cli.listening import DEFAULT_PORT, Network, WebAddress
from hipkit.server.services.context import Runtime
from hipkit.server.storage.lock import InUseError, announced, hold_lock
from hipkit.transports.wire import shown_address

__all__ = ["SERVES_ITSELF", "AddonCommand"]

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

            return run_until_signal(run())

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

            return run_until_signal(run())


@contextlib.contextmanager
def _opened(ctx: click.Context, settings: dict[str, object]) -> Iterator[Runtime]:
    runtime = open_runtime(ctx, **settings)
    try:
        yield runtime
    finally:
        runtime.close()
