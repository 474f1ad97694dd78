"""Installing add-ons and updating them, with what they ask for shown before.

`/addons/install?url=...` is HipChat's address for links to install an add-on; `key=`, `room=` and
`relayState=` are its other arguments.
"""

from __future__ import annotations

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import ApiError, BadRequestError, ConflictError
from hipkit.server.http.responses import Answer
from hipkit.server.page.security import policy_of_forms_to
from hipkit.server.page.views.addons import client_id_of, show_addon
from hipkit.server.page.visit import ViewRoute, Visit, redirect_answer
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.access.tokens import list_rooms_to_administer
from hipkit.server.services.addons.installing.installing import Installed
from hipkit.server.services.addons.installing.listing import find_known_address
from hipkit.server.services.addons.installing.offers import (
    Offer,
    read_offer,
    read_update,
)
from hipkit.server.services.addons.installing.reading import installable_of
from hipkit.server.services.addons.installing.updating import install

__all__ = ["VIEWS"]

CHANGED = (
    "The add-on's descriptor has changed since it was shown to you. This is what it asks for now:"
    " look again before you agree"
)


async def show_install(visit: Visit) -> Answer:
    """Show what an add-on asks for, or without an address the form for one."""
    if not (visit.query("url") or visit.query("key")):
        return await _show_form(visit)
    try:
        offer = await _read(visit)
    except ApiError as error:
        return await _show_form(visit, error)
    return await _show_offer(visit, offer)


async def install_addon(visit: Visit) -> Answer:
    """Install what was shown; show it first if it was not, or if it is another by now."""
    try:
        offer = await _read(visit)
    except ApiError as error:
        return await _show_form(visit, error)
    return await _agree(visit, offer)


async def show_update(visit: Visit) -> Answer:
    """Show what an installed add-on asks for now."""
    try:
        offer = await read_update(visit.context, client_id_of(visit))
    except ApiError as error:
        return await show_addon(visit, error)
    return await _show_offer(visit, offer)


async def update_addon(visit: Visit) -> Answer:
    """Update an add-on to what was shown, or show what it asks for at another address."""
    client_id, address = client_id_of(visit), visit.field("url") or None
    try:
        offer = await read_update(visit.context, client_id, address=address)
    except ApiError as error:
        return await show_addon(visit, error)
    return await _agree(visit, offer)


async def _read(visit: Visit) -> Offer:
    """Read the add-on that the form or the address names."""
    context = visit.context
    address, key = _value(visit, "url").strip(), _value(visit, "key").strip()
    if not address and key:
        address = await find_known_address(context, key)
    if not address:
        raise BadRequestError(
            "Give the address of the add-on's descriptor", field="url"
        )
    return await read_offer(
        context,
        address,
        room=_value(visit, "room") or None,
        relay_state=_value(visit, "relayState") or None,
    )


async def _agree(visit: Visit, offer: Offer) -> Answer:
    digest = visit.field("digest")
    if not digest:
        return await _show_offer(visit, offer)
    if digest != offer.digest:
        return await _show_offer(visit, offer, ConflictError(CHANGED))
    try:
        installed = await install(visit.context, offer)
    except ApiError as error:
        return await _show_offer(visit, offer, error)
    return _go_on(visit, offer, installed)


def _go_on(visit: Visit, offer: Offer, installed: Installed) -> Answer:
    """Redirect to the add-on's own page if it has one for this, else to the page about it."""
    if installed.next_url is not None and is_web_address(installed.next_url):
        return redirect_answer(installed.next_url)
    done = "addon" if offer.installed is None else "updated"
    if installed.has_configuration and offer.installed is None:
        done = "configure"
    return visit.redirect(f"/addons/{installed.installation.client_id}", done=done)


async def _show_form(visit: Visit, error: ApiError | None = None) -> Answer:
    rooms = await list_rooms_to_administer(visit.context)
    chosen = _value(visit, "room")
    return await visit.page(
        "new_addon.html",
        error=error,
        values={"url": _value(visit, "url")},
        relay_state=_value(visit, "relayState"),
        rooms=rooms,
        room_id=next(
            (one.id for one in rooms if chosen in (str(one.id), one.name)), None
        ),
    )


async def _show_offer(
    visit: Visit, offer: Offer, error: ApiError | None = None
) -> Answer:
    installed = offer.installed
    action = "/addons/install"
    if installed is not None and "client_id" in visit.arguments:
        action = f"/addons/{installed.client_id}/update"
    answer = await visit.page(
        "addon_offer.html",
        error=error,
        offer=offer,
        shown=offer.summary,
        meanings=SCOPES,
        action=action,
    )
    installable = installable_of(offer.descriptor)
    answer.headers.append(
        policy_of_forms_to(installable.installed_url, installable.updated_url)
    )
    return answer


def _value(visit: Visit, name: str) -> str:
    """Return a field of the form that was sent, or an argument of the address."""
    if visit.request.method == "POST":
        return visit.field(name)
    return visit.query(name)


VIEWS = [
    ViewRoute("/addons/install", show_install),
    ViewRoute("/addons/install", install_addon, method="POST"),
    ViewRoute("/addons/{client_id}/update", show_update),
    ViewRoute("/addons/{client_id}/update", update_addon, method="POST"),
]
