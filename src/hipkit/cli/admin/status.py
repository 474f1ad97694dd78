"""`hipkit admin status`: whether a server runs, what waits, and how much is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.cells import cell_len, set_cell_size

from hipkit.cli.admin.running import (
    AdminCommand,
    Narrowed,
    Shown,
    Work,
    database_path,
    run_with_context,
)
from hipkit.relay.routes.operating import RouteStatus
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.services.status import ServerStatus, read_status
from hipkit.server.services.webhooks.management import WebhookStatus, list_webhooks
from hipkit.server.storage.lock import RunningServer, announced, is_held
from hipkit.version import VERSION

__all__ = ["status"]

READ_SECONDS = 30.0
MOST_ROWS = 20
LONGEST_CELL = 28
COLUMNS = {
    "processes": ("host", "pid", "hipkit_version", "since"),
    "routes": ("name", "state", "waiting", "oldest"),
    "webhooks_behind": ("id", "room", "event", "state", "waiting"),
}
"""Of the tables, which fit into 80 columns; `--json` has all, and all rows."""


class _StatusCommand(AdminCommand):
    """Looks for a server before the database is opened: that takes locks of its own."""

    def run(self, work: Work, ctx: click.Context) -> Shown:
        path = database_path(ctx)
        processes = [announced(path) or RunningServer()] if is_held(path) else []
        return run_with_context(work, ctx, path=path, processes=processes)


@click.command("status", cls=_StatusCommand)
async def status(
    context: Context, *, path: Path, processes: Sequence[RunningServer]
) -> Shown:
    """Show whether a server runs, what waits for routes and webhooks, and sizes.

    WAITING counts what is behind a route or webhook, before its conditions or pattern are looked
    at. Webhooks are listed if something waits for them, or their receiver fails.
    """
    found = await read_status(context.runtime.database, seconds=READ_SECONDS)
    webhooks = await list_webhooks(context)
    routes = [
        RouteStatus(
            record=route.record,
            waiting=route.waiting.count,
            oldest_us=route.waiting.oldest_us,
        )
        for route in found.routes
        if route.record.name
    ]
    waiting_us = [found.webhooks.oldest_us, *(route.oldest_us for route in routes)]
    shown: dict[str, object] = {
        "hipkit_version": VERSION,
        "schema": context.runtime.database.schema,
        "running": bool(processes),
        "processes": list(map(_process, processes)),
        "oldest_waiting": _time(min(filter(None, waiting_us), default=None)),
        "routes": list(map(_route, routes)),
        "webhooks": _counts(found),
        "webhooks_behind": [
            _webhook(webhook)
            for webhook in sorted(webhooks, key=lambda one: -one.waiting)
            if webhook.waiting or webhook.state != "working"
        ],
        "sizes": _sizes(found, path),
    }
    return Narrowed(shown, {name: _narrow(name, shown[name]) for name in shown})


def _narrow(name: str, value: object) -> object:
    """Return a member as it fits into a terminal."""
    if name not in COLUMNS or not isinstance(value, list):
        return value
    return [
        {column: _cut(item[column]) for column in COLUMNS[name]}
        for item in value[:MOST_ROWS]
    ]


def _cut(value: object) -> object:
    if not isinstance(value, str) or cell_len(value) <= LONGEST_CELL:
        return value
    return set_cell_size(value, LONGEST_CELL - 3).rstrip() + "..."


def _process(process: RunningServer) -> Mapping[str, object]:
    return {
        "host": process.host,
        "pid": process.pid,
        "hipkit_version": process.version,
        "since": _time(process.since_us),
        "url": process.root,
    }


def _route(route: RouteStatus) -> Mapping[str, object]:
    return {
        "name": route.record.name,
        "to": route.record.target,
        "state": route.state,
        "waiting": route.waiting,
        "oldest": _time(route.oldest_us),
        "problem": route.record.last_problem,
    }


def _webhook(webhook: WebhookStatus) -> Mapping[str, object]:
    return {
        "id": webhook.record.id,
        "room": webhook.room_name,
        "event": webhook.record.event,
        "state": webhook.state,
        "waiting": webhook.waiting,
        "problem": webhook.record.problem,
    }


def _counts(found: ServerStatus) -> Mapping[str, object]:
    webhooks = found.webhooks
    return {
        "count": webhooks.count,
        "failing": webhooks.failing,
        "paused": webhooks.paused,
        "behind": webhooks.behind,
        "oldest": _time(webhooks.oldest_us),
    }


def _sizes(found: ServerStatus, path: Path) -> Mapping[str, object]:
    log = path.with_name(f"{path.name}-wal")
    return {
        "tables_bytes": found.database_bytes,
        "database_file_bytes": path.stat().st_size,
        # It goes with the last connection.
        "log_file_bytes": log.stat().st_size if log.exists() else 0,
        "shared_files_bytes": found.file_bytes,
    }


def _time(us: int | None) -> str | None:
    return None if us is None else Timestamp.from_us(us).wire()
