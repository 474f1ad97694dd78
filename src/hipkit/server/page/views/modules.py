"""A module that a glance or an add-on's link opens.

External pages open. What HipChat's client showed in itself, as web panels and dialogs, has a
page that says so.
"""

from __future__ import annotations

from hipkit.server.http.responses import Answer
from hipkit.server.page.glances import module_title
from hipkit.server.page.visit import ViewRoute, Visit, redirect_answer
from hipkit.server.services.addons.modules.showing import find_module, page_address

__all__ = ["VIEWS"]

KINDS = {
    "action": "an action",
    "dialog": "a dialog",
    "glance": "a glance",
    "webPanel": "a web panel",
}


async def open_module(visit: Visit) -> Answer:
    """Redirect to an external page, signed for the user, or show what another module needs."""
    room_id = visit.query_number("room") or None
    shown = await find_module(visit.context, visit.number("module_id"), room_id)
    address = await page_address(visit.context, shown)
    if address is not None:
        return redirect_answer(address)
    return await visit.page(
        "module.html",
        shown=shown,
        name=module_title(shown.module),
        kind=KINDS[shown.record.kind],
    )


VIEWS = [ViewRoute("/modules/{module_id}", open_module, for_guests=True)]
