"""OAuth clients, for administrators."""

from __future__ import annotations

import msgspec

from hipkit.api.errors import ApiError
from hipkit.server.http.responses import Answer
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.clients import add_client, list_clients
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.access.tokens import list_rooms_to_administer
from hipkit.server.services.addons.installing.listing import list_managed_addons
from hipkit.server.services.addons.installing.removing import end_client

__all__ = ["VIEWS"]


async def show_clients(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the group's clients."""
    context = visit.context
    clients = await list_clients(context)
    rooms = await list_rooms_to_administer(context)
    return await visit.page(
        "clients.html",
        error=error,
        clients=clients,
        installed={one.client_id for one in await list_managed_addons(context)},
        redirect_uris={
            client.id: msgspec.json.decode(client.redirect_uris, type=list[str])
            for client in clients
        },
        rooms=rooms,
        room_names={room.id: room.name for room in rooms},
        scopes=dict(sorted(SCOPES.items())),
    )


async def create_client(visit: Visit) -> Answer:
    """Create a client, and show its secret once."""
    context = visit.context
    try:
        added = await add_client(
            context,
            name=visit.field("name"),
            scopes=visit.fields.get("scope", ()),
            room=visit.number("room") if visit.field("room") else None,
            redirect_uris=visit.field("redirect_uris").split(),
        )
    except ApiError as error:
        return await show_clients(visit, error)
    return await visit.page(
        "new_client.html", client=added, addresses=context.addresses
    )


async def remove_client(visit: Visit) -> Answer:
    """Delete a client with its tokens; one of an add-on with the add-on."""
    removed = await end_client(visit.context, visit.field("client_id"))
    if removed is not None and removed.problem is not None:
        return await visit.page("addon_removed.html", removed=removed)
    return visit.redirect("/clients", done="client")


VIEWS = [
    ViewRoute("/clients", show_clients),
    ViewRoute("/clients", create_client, method="POST"),
    ViewRoute("/clients/delete", remove_client, method="POST"),
]
