"""`hipkit admin webhook`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import (
    AdminGroup,
    as_operator,
    pass_settings,
    show,
    show_list,
)
from hipkit.cli.options import Settings
from hipkit.server.services.webhooks import management

__all__ = ["webhook"]


@click.group(cls=AdminGroup)
def webhook() -> None:
    """Manage the webhooks that programs have created."""


@webhook.command("list")
@pass_settings
def list_webhooks(settings: Settings, /) -> None:
    """List all webhooks and the state of their deliveries.

    The query strings of their URLs, which may hold secrets, are left out.
    """
    show_list(
        settings,
        [
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
            for one in as_operator(management.list_webhooks)
        ],
    )


@webhook.command("resume")
@click.argument("number", type=int)
@pass_settings
def resume(settings: Settings, /, *, number: int) -> None:
    """Retry a failing or paused webhook now."""
    as_operator(lambda context: management.resume(context, number))
    show(settings, {"id": number, "resumed": True})


@webhook.command("delete")
@click.argument("number", type=int)
@pass_settings
def delete(settings: Settings, /, *, number: int) -> None:
    """Delete a webhook and its pending deliveries."""
    as_operator(lambda context: management.remove_webhook(context, number))
    show(settings, {"id": number, "deleted": True})
