"""The page at HipChat's address on which a person lets a program act for them."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from hipkit.server.page.security import policy
from hipkit.server.page.visit import Visit, view
from hipkit.server.services.access.consent import (
    AuthorizationRequest,
    allow,
    deny,
    read_authorization_request,
)
from hipkit.server.services.access.scopes import SCOPES

__all__ = ["VIEWS"]


async def ask(visit: Visit) -> Response:
    """Ask whether a program may have what it wants."""
    query = visit.request.query_params
    authorization = await read_authorization_request(visit.context, query)
    if authorization.problem is not None:
        return RedirectResponse(deny(authorization), 303)
    if visit.session is None:
        return visit.redirect_to_sign_in()
    room = await visit.context.stores.rooms.get(authorization.client.room_id or 0)
    response = await visit.page(
        "authorize.html",
        authorization=authorization,
        scopes={name: SCOPES[name] for name in sorted(authorization.scopes)},
        missing=authorization.scopes - visit.context.actor.scopes,
        room=room,
    )
    response.headers["Content-Security-Policy"] = policy(
        form_action=_form_targets(authorization)
    )
    return response


async def answer(visit: Visit) -> Response:
    """Take the person's yes or no to the program."""
    fields = {name: visit.field(name) for name in visit.fields}
    authorization = await read_authorization_request(visit.context, fields)
    if visit.field("answer") != "allow":
        return RedirectResponse(deny(authorization), 303)
    return RedirectResponse(await allow(visit.context, authorization), 303)


def _form_targets(authorization: AuthorizationRequest) -> str:
    """Return where the form may lead.

    Browsers hold every step of the redirects that follow a form against this, so it names the
    program's address, and what programs do from there: mostly they go on to an address of theirs
    on another host.
    """
    is_plain = authorization.origin.startswith("http:")
    return f"'self' https:{' http:' if is_plain else ''}"


VIEWS = [
    view("/users/authorize", ask, is_public=True),
    view("/users/authorize", answer, methods=("POST",)),
]
