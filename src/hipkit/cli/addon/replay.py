"""`hipkit addon replay`: a delivery that was recorded, once more."""

from __future__ import annotations

import click

from hipkit.api.errors import NotFoundError
from hipkit.cli.admin.running import AdminCommand, Shown
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.management import list_all_deliveries, send_again

__all__ = ["replay"]

MOST_SHOWN = 50


class _DeliveryId(click.ParamType[str]):
    """The number of a delivery, or its header `X-Hipkit-Delivery`."""

    name = "id"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        text = str(value)
        if not all(part.isdecimal() for part in text.split("-", 1)):
            self.fail(
                "must be a number, or the header X-Hipkit-Delivery such as 17-3",
                param,
                ctx,
            )
        return text


@click.command(cls=AdminCommand)
@click.argument("reference", metavar="[ID]", type=_DeliveryId(), required=False)
async def replay(context: Context, *, reference: str | None) -> Shown:
    """Send a recorded delivery to its webhook again; without ID, list the deliveries.

    ID is the number in that list, or the value of the header X-Hipkit-Delivery with which
    the add-on received it. It is sent by the server that runs on the database, as a new
    event, so that the add-on does not take it for a repeat.
    """
    found: list[dict[str, object]] = [
        {
            "id": delivery.id,
            "delivery": f"{delivery.event_id}-{webhook.id}",
            "event": delivery.event,
            "url": webhook.url.partition("?")[0],
            "state": delivery.state,
            "status": delivery.status,
            "problem": delivery.problem,
        }
        for webhook, delivery in await list_all_deliveries(context)
    ]
    if reference is None:
        return found[-MOST_SHOWN:][::-1]
    for shown in found:
        if reference in (str(shown["id"]), shown["delivery"]):
            await send_again(context, int(str(shown["id"])))
            return {
                "id": shown["id"],
                "event": shown["event"],
                "url": shown["url"],
                "sent_again": True,
            }
    raise NotFoundError(
        f"there is no delivery {reference}; hipkit addon replay lists those that are kept"
    )
