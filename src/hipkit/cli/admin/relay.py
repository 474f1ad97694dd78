"""`hipkit admin relay`.

Works beside a running relay, which notices within a second, and without one.
"""

from __future__ import annotations

from typing import cast

import click

from hipkit.api.errors import NotFoundError
from hipkit.cli.admin.running import AdminGroup, Narrowed, Shown
from hipkit.cli.output import one_line
from hipkit.cli.table import align
from hipkit.relay.routes.operating import (
    RouteStatus,
    find_route,
    list_deliveries,
    list_routes,
    pause_route,
    read_delivered,
    resume_route,
    send_again,
)
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.storage.stores.deliveries import MOST_UNDELIVERED, DeliveryRecord

__all__ = ["relay"]

MOST_SHOWN = 20
LONGEST_TEXT = 200
NO_ROUTE_NAME = "(no route took it)"
COLUMNS = ("name", "to", "state", "waiting", "delivered")
"""Of the list's table, which fits into 80 columns; `--json` has all."""
DELIVERY_COLUMNS = ("number", "state", "tried", "problem", "text")
SECONDS = len("2026-11-30T12:00:00")
WIDTH = 78
"""Of the deliveries of a route, which are indented."""


@click.group(cls=AdminGroup)
def relay() -> None:
    """See the relay's routes, pause them, and send again. NAME is a route's in the file."""


@relay.command("list")
async def list_all(context: Context) -> Shown:
    """List the routes, what waits for each and what became of messages.

    UNDELIVERED counts what was refused, set aside or too old for the route: show has each, and why
    a route fails. One that is "paused, failing" is tried once an hour, and when it is resumed. The
    last row counts the messages that no route took, as delivered.
    """
    found = await list_routes(context)
    ordered = sorted(found, key=lambda status: status.is_no_route)
    items = [_row(status) for status in ordered]
    rows = [
        {name: item[name] for name in COLUMNS}
        | {"state": _state(status), "undelivered": status.undelivered}
        for item, status in zip(items, ordered, strict=True)
    ]
    return Narrowed(items, rows)


@relay.command("show")
@click.argument("name")
async def show_route(context: Context, *, name: str) -> Shown:
    """Show a route, and its newest deliveries.

    The numbers before refused messages, and those set aside, are for resend.
    """
    status = await find_route(context, name)
    record = status.record
    whole: dict[str, object] = {
        **_row(status),
        "since": _time(record.created_us),
        "paused_by": status.paused_by,
        "paused_since": _time(status.paused_us),
        "removed_since": _time(record.removed_us),
        "last_answer": _time(record.last_us),
        "last_status": record.last_status,
        "next_try": _time(record.next_try_us),
        "deliveries": [
            _delivery(each) for each in await list_deliveries(context, name, MOST_SHOWN)
        ],
    }
    return Narrowed(whole, _narrow(whole))


@relay.command("pause")
@click.argument("name")
async def pause(context: Context, *, name: str) -> Shown:
    """Pause a route: what comes waits until it is resumed."""
    await pause_route(context, name)
    return {"name": name, "paused": True}


@relay.command("resume")
@click.argument("name")
async def resume(context: Context, *, name: str) -> Shown:
    """Resume a route that was paused, or try one now that fails."""
    await resume_route(context, name)
    return {"name": name, "resumed": True}


@relay.command("resend")
@click.argument("name")
@click.argument("number", type=int)
async def resend(context: Context, *, name: str, number: int) -> Shown:
    """Send a message again that was refused or set aside; show lists their numbers."""
    listed = await list_deliveries(context, name, MOST_UNDELIVERED)
    if number not in {delivery.id for delivery in listed}:
        raise NotFoundError(f"Route '{name}' has no delivery {number}")
    await send_again(context, number)
    return {"name": name, "number": number, "sent_again": True}


def _state(status: RouteStatus) -> str | None:
    """Return a route's state for people: a pause by failures ends by itself."""
    if status.is_no_route:
        return None
    return "paused, failing" if status.paused_by == "failures" else status.state


def _narrow(route: dict[str, object]) -> dict[str, object]:
    """Return a route with what there is to say of it, and its deliveries as wrapped lines."""
    said = {name: value for name, value in route.items() if value is not None}
    deliveries = cast("list[dict[str, object]]", route["deliveries"])
    rows = [[name.upper() for name in DELIVERY_COLUMNS]]
    rows += [
        [_cell(name, row[name]) for name in DELIVERY_COLUMNS] for row in deliveries
    ]
    return said | {"deliveries": "\n".join(align(rows, WIDTH)) if deliveries else None}


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    text = one_line(str(value))
    return text[:SECONDS].replace("T", " ") if name == "tried" else text


def _row(status: RouteStatus) -> dict[str, object]:
    record = status.record
    return {
        "name": NO_ROUTE_NAME if status.is_no_route else record.name,
        "to": record.target or None,
        "host": record.host or None,
        "state": None if status.is_no_route else status.state,
        "waiting": status.waiting,
        "oldest": _time(status.oldest_us),
        "delivered": record.delivered,
        "refused": record.refused,
        "set_aside": record.set_aside,
        "summarised": record.summarised,
        "dropped": record.dropped,
        "problem": record.last_problem,
    }


def _delivery(delivery: DeliveryRecord) -> dict[str, object]:
    return {
        "number": delivery.id,
        "state": delivery.state,
        "tried": _time(delivery.tried_us),
        "status": delivery.status,
        "problem": delivery.problem,
        "text": _text(delivery),
    }


def _text(delivery: DeliveryRecord) -> str | None:
    """Return the beginning of a message's text, where it is kept and may be seen."""
    posted = read_delivered(delivery)
    if posted is None:
        return None
    return f"{posted.sender}: {posted.body}"[:LONGEST_TEXT]


def _time(us: int | None) -> str | None:
    return None if us is None else Timestamp.from_us(us).wire()
