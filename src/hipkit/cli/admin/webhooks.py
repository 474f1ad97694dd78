"""`hipkit admin webhook`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import (
    AdminGroup,
    now_us,
    on_database,
    pass_settings,
    show,
    show_list,
)
from hipkit.cli.options import Settings
from hipkit.server.services.access.authentication import identify_operator
from hipkit.server.services.webhooks import management as webhook_care
from hipkit.server.services.webhooks.management import SeenWebhook
from hipkit.server.storage.protocol import Database

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

    async def find(database: Database) -> list[SeenWebhook]:
        operator = await identify_operator(database.stores)
        return await webhook_care.list_webhooks(database.stores, operator.group_id)

    show_list(
        settings,
        [
            {
                "id": one.record.id,
                "room": one.room_name,
                "event": one.record.event,
                "url": one.shown_url,
                "maker": one.maker_name,
                "state": one.state,
                "waiting": one.waiting,
                "problem": one.record.problem,
            }
            for one in on_database(find)
        ],
    )


@webhook.command("resume")
@click.argument("number", type=int)
@pass_settings
def resume(settings: Settings, /, *, number: int) -> None:
    """Retry a failing or paused webhook now."""
    on_database(
        lambda database: database.write(
            lambda stores: webhook_care.resume(stores, None, number, now_us())
        )
    )
    show(settings, {"id": number, "resumed": True})


@webhook.command("delete")
@click.argument("number", type=int)
@pass_settings
def delete(settings: Settings, /, *, number: int) -> None:
    """Delete a webhook and its pending deliveries."""
    on_database(
        lambda database: database.write(
            lambda stores: webhook_care.delete_webhook(stores, None, number)
        )
    )
    show(settings, {"id": number, "deleted": True})
