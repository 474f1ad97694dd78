"""OAuth's consent page, at HipChat's address: a user allows a program to act for them."""

from __future__ import annotations

from hipkit.server.http.responses import Answer
from hipkit.server.page.security import policy_of_forms_to
from hipkit.server.page.visit import ViewRoute, Visit, redirect_answer
from hipkit.server.services.access.consent import (
    allow,
    deny,
    read_authorization_request,
)
from hipkit.server.services.access.lookup import find_seen_room
from hipkit.server.services.access.scopes import SCOPES

__all__ = ["VIEWS"]


async def ask(visit: Visit) -> Answer:
    """Show what a program asks for, and the buttons to allow or deny it."""
    query = {name: visit.query(name) for name in visit.request.query}
    authorization = await read_authorization_request(visit.context, query)
    if authorization.problem is not None:
        return redirect_answer(deny(authorization))
    if visit.session is None:
        return visit.redirect_to_sign_in()
    context, room_id = visit.context, authorization.client.room_id or 0
    answer = await visit.page(
        "authorize.html",
        authorization=authorization,
        scopes={name: SCOPES[name] for name in sorted(authorization.scopes)},
        missing=authorization.scopes - context.actor.scopes,
        room=await find_seen_room(context.stores, context.actor, room_id),
    )
    answer.headers.append(policy_of_forms_to(authorization.origin))
    return answer


async def answer_program(visit: Visit) -> Answer:
    """Redirect to the program with the user's answer."""
    fields = {name: visit.field(name) for name in visit.fields}
    authorization = await read_authorization_request(visit.context, fields)
    if visit.field("answer") != "allow":
        return redirect_answer(deny(authorization))
    return redirect_answer(await allow(visit.context, authorization))


VIEWS = [
    ViewRoute("/users/authorize", ask, is_public=True),
    ViewRoute("/users/authorize", answer_program, method="POST"),
]
