"""`hipkit admin webhook`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import AdminGroup, Shown
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks import management

__all__ = ["webhook"]


@click.group(cls=AdminGroup)
def webhook() -> None:
    """Manage the webhooks that programs have created."""


@webhook.command("list")
async def list_webhooks(context: Context) -> Shown:
    """List all webhooks and the state of their deliveries.

    The query strings of their URLs, which may hold secrets, are left out.
    """
    return [
        {
            "id": one.record.id,
            "room": one.room_name,
            "event": one.record.event,
            "url": one.shown_url,
            "maker": one.owner_name,
            "state": one.state,
            "waiting": one.waiting,
            "problem": one.record.problem,
        }
        for one in await management.list_webhooks(context)
    ]


@webhook.command("resume")
@click.argument("number", type=int)
async def resume(context: Context, number: int) -> Shown:
    """Retry a failing or paused webhook now."""
    await management.resume(context, number)
    return {"id": number, "resumed": True}


@webhook.command("delete")
@click.argument("number", type=int)
async def delete(context: Context, number: int) -> Shown:
    """Delete a webhook and its pending deliveries."""
    await management.remove_webhook(context, number)
    return {"id": number, "deleted": True}
