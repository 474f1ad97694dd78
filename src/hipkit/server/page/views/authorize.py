"""The page at HipChat's address on which a person lets a program act for them."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from hipkit.server.page.security import policy
from hipkit.server.page.visit import Visit, view
from hipkit.server.services.access.consent import Approval, allow, deny, read_approval
from hipkit.server.services.access.scopes import SCOPES

__all__ = ["VIEWS"]


async def ask(visit: Visit) -> Response:
    """Ask whether a program may have what it wants."""
    approval = await read_approval(visit.context, visit.request.query_params)
    if approval.problem is not None:
        return RedirectResponse(deny(approval), 303)
    if visit.session is None:
        return visit.redirect_to_sign_in()
    room = await visit.context.stores.rooms.get(approval.client.room_id or 0)
    response = await visit.page(
        "authorize.html",
        approval=approval,
        scopes={name: SCOPES[name] for name in sorted(approval.scopes)},
        missing=approval.scopes - visit.context.actor.scopes,
        room=room,
    )
    response.headers["Content-Security-Policy"] = policy(
        form_action=_form_targets(approval)
    )
    return response


async def answer(visit: Visit) -> Response:
    """Take the person's yes or no to the program."""
    fields = {name: visit.field(name) for name in visit.fields}
    approval = await read_approval(visit.context, fields)
    if visit.field("answer") != "allow" or approval.problem is not None:
        return RedirectResponse(deny(approval), 303)
    return RedirectResponse(await allow(visit.context, approval), 303)


def _form_targets(approval: Approval) -> str:
    """Return where the form may lead.

    Browsers hold every step of the redirects that follow a form against this, so it names the
    program's address, and what programs do from there: mostly they go on to an address of theirs
    on another host.
    """
    is_plain = approval.origin.startswith("http:")
    return f"'self' https:{' http:' if is_plain else ''}"


VIEWS = [
    view("/users/authorize", ask, is_public=True),
    view("/users/authorize", answer, methods=("POST",)),
]
