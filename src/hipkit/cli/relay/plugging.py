"""Plug the routes of a file into a server: before its first request, and anew at SIGHUP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from hipkit.api.errors import StorageError
from hipkit.cli.listening import StartReport
from hipkit.cli.options import Settings
from hipkit.cli.output import write_stderr
from hipkit.cli.relay.loading import NO_LINKS, describe_route, route_facts
from hipkit.cli.relay.printing import PrintingSender
from hipkit.cli.relay.samples import missing_extra, render_sample
from hipkit.relay.config.file import RelayFile, read_relay_file
from hipkit.relay.config.problems import RelayFileError
from hipkit.relay.routes.kind import RouteKind
from hipkit.relay.routes.registration import register_routes, retry_paused
from hipkit.relay.sending.sender import TargetSender
from hipkit.server.app import Server
from hipkit.server.senders import SenderSettings, check_open_door
from hipkit.server.serve import Extension
from hipkit.server.services.messages.signed_links import open_message_links
from hipkit.server.services.senders.policy import SenderPolicy
from hipkit.server.storage.stores.routes import ROUTE

__all__ = ["Plugin", "plug_in", "report_file"]

log = logging.getLogger("hipkit.server")


def plug_in(
    settings: Settings, path: Path, file: RelayFile, report: StartReport
) -> Extension:
    """Return the routes of a file as an extension of a server that is no relay."""
    report_file(file, report)
    if file.senders is not None:
        write_stderr(
            f"{path}: [senders] is for hipkit relay; this server has tokens of its own"
        )
    return Plugin(path.absolute(), file, settings).extend


def report_file(file: RelayFile, report: StartReport) -> None:
    """Add what is shown of a file to the report of the start."""
    report.facts = {"routes": [route_facts(route) for route in file.routes]}
    report.lines = [describe_route(route) for route in file.routes]
    for route in file.routes:
        if (missing := missing_extra(render_sample(route))) is not None:
            report.lines.append(f"route {route.name}: {missing}")
    if report.server_settings.public_url is None:
        report.lines.append(NO_LINKS)


@dataclass
class Plugin:
    """The routes of a file, beside a server.

    Attributes:
        path: The file.
        file: What it says.
        settings: The command line's.
        relay_host: Where the server listens in relay mode; `None` for a server without.
        is_dry: Whether requests to targets are printed in place of being sent.
    """

    path: Path
    file: RelayFile
    settings: Settings
    relay_host: str | None = None
    is_dry: bool = False

    @contextlib.asynccontextmanager
    async def extend(
        self, server: Server
    ) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Register the routes, let the server deliver to them, and yield what reads them anew."""
        runtime = server.runtime
        sender = (
            PrintingSender(lambda: self.file.routes, as_json=self.settings.json)
            if self.is_dry
            else TargetSender(runtime)
        )
        await register_routes(await runtime.operator_context(), self.file.routes)
        await retry_paused(await runtime.operator_context())
        kind = RouteKind(
            runtime,
            self.file.routes,
            sender,
            bridges=_bridges(self.file),
            links=await open_message_links(runtime),
        )
        server.kinds[ROUTE] = lambda _: kind
        server.sections.append("hipkit.relay.page")

        async def reload() -> None:
            await self._reload(server, kind)

        try:
            yield reload
        finally:
            await sender.aclose()
            sender.close()

    async def _reload(self, server: Server, kind: RouteKind) -> None:
        """Read the file again. One that is wrong changes nothing, and is reported."""
        try:
            file = await asyncio.to_thread(read_relay_file, self.path)
            senders = file.senders or SenderSettings()
            if self.relay_host is not None:
                check_open_door(self.relay_host, senders)
            context = await server.runtime.operator_context()
            await register_routes(context, file.routes)
        except RelayFileError as error:
            for line in error.lines():
                log.error("the routes stay as they were: %s", line)
            return
        except (StorageError, ValueError) as error:
            log.error("the routes stay as they were: %s: %s", self.path, error)
            return
        if (file.keep_days, file.public_url) != (
            self.file.keep_days,
            self.file.public_url,
        ):
            log.warning("%s: keep_days and public_url change at a restart", self.path)
        self.file = file
        kind.replace(file.routes, _bridges(file))
        if self.relay_host is not None:
            server.runtime.senders = SenderPolicy(senders)
        # Only now: with the secrets of before they would be paused again.
        with contextlib.suppress(StorageError):  # They are tried once an hour anyway.
            await retry_paused(await server.runtime.operator_context())
        # Whoever sent SIGHUP looks for it, and nothing less is shown without --verbose.
        log.warning("%s was read again, routes: %d", self.path, len(file.routes))


def _bridges(file: RelayFile) -> dict[str, str]:
    """Return the names of bridged routes, by the senders that bridge them."""
    return {} if file.senders is None else file.senders.bridges
