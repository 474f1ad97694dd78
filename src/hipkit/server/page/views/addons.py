"""Installed add-ons: listed, shown, configured and removed by who may install them."""

from __future__ import annotations

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import ApiError, BadRequestError, NotFoundError
from hipkit.descriptors import read_descriptor
from hipkit.server.http.responses import Answer
from hipkit.server.page.glances import module_title
from hipkit.server.page.security import policy_of_forms_to
from hipkit.server.page.visit import ViewRoute, Visit, redirect_answer
from hipkit.server.services.access.clients import CLIENT_ID
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.addons.installing.configuring import (
    configuration_address,
    configuration_of,
)
from hipkit.server.services.addons.installing.listing import (
    find_addon,
    is_waiting,
    list_managed_addons,
)
from hipkit.server.services.addons.installing.overview import (
    describe_addon,
    describe_addons,
)
from hipkit.server.services.addons.installing.reading import installable_of
from hipkit.server.services.addons.installing.removing import remove
from hipkit.server.services.addons.installing.summary import (
    ShownModule,
    show_module,
    summarize,
)
from hipkit.server.services.addons.modules.modules import read_module

__all__ = ["VIEWS", "client_id_of", "show_addon"]


def client_id_of(visit: Visit) -> str:
    """Return the id of the add-on that the path names.

    Raises:
        NotFoundError: It cannot be one, and is nothing to repeat in an answer.
    """
    client_id = visit.arguments["client_id"]
    if CLIENT_ID.fullmatch(client_id) is None:
        raise NotFoundError("There is no such add-on")
    return client_id


async def show_addons(visit: Visit) -> Answer:
    """Show the add-ons that the user manages: those of the group, then those of each room."""
    managed = await list_managed_addons(visit.context)
    found = await describe_addons(visit.context, managed)
    of_rooms = [one for one in found if one.room_name is not None]
    return await visit.page(
        "addons.html",
        of_group=[one for one in found if one.room_name is None],
        of_rooms=sorted(of_rooms, key=lambda one: (one.room_name or "").casefold()),
    )


async def show_addon(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show an add-on: what it may do, and how it fares."""
    context, client_id = visit.context, client_id_of(visit)
    try:
        installed = await find_addon(context, client_id)
    except NotFoundError:
        if await is_waiting(context, client_id):
            return await visit.page("addon_waiting.html")
        raise
    descriptor = read_descriptor(installed.descriptor.encode())
    answer = await visit.page(
        "addon.html",
        error=error,
        addon=await describe_addon(context, client_id),
        shown=summarize(descriptor, installed.descriptor_url),
        meanings=SCOPES,
        modules=await _modules(visit, client_id),
        is_configurable=configuration_of(installed) is not None,
    )
    # Its form removes the add-on, and may lead there afterwards.
    uninstalled_url = installable_of(descriptor).uninstalled_url
    answer.headers.append(policy_of_forms_to(uninstalled_url))
    return answer


async def open_configuration(visit: Visit) -> Answer:
    """Redirect to an add-on's configuration page, signed for the user just now."""
    room_id = visit.query_number("room") or None
    return redirect_answer(
        await configuration_address(visit.context, client_id_of(visit), room_id)
    )


async def end_addon(visit: Visit) -> Answer:
    """Remove an add-on, and redirect to its page for that if it has one."""
    if not visit.is_checked("sure"):
        return await show_addon(
            visit, BadRequestError("Nothing was removed: check the box first")
        )
    removed = await remove(visit.context, client_id_of(visit))
    if removed.problem is not None:
        return await visit.page("addon_removed.html", removed=removed)
    if removed.next_url is not None and is_web_address(removed.next_url):
        return redirect_answer(removed.next_url)
    return visit.redirect("/addons", done="removed")


async def _modules(
    visit: Visit, client_id: str
) -> list[tuple[str | None, ShownModule]]:
    """Return an add-on's modules, declared ones and others, each with its page's address."""
    found = []
    for record in await visit.context.stores.extensions.of_client(client_id):
        name = module_title(read_module(record.kind, record.body))
        address = None
        if record.kind == "externalPage":
            room = "" if record.room_id is None else f"?room={record.room_id}"
            address = f"/modules/{record.id}{room}"
        found.append((address, show_module(record.kind, name)))
    return found


VIEWS = [
    ViewRoute("/addons", show_addons),
    ViewRoute("/addons/{client_id}", show_addon),
    ViewRoute("/addons/{client_id}/configuration", open_configuration),
    ViewRoute("/addons/{client_id}/remove", end_addon, method="POST"),
]
