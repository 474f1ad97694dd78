"""Signing in and out."""

from __future__ import annotations

from hipkit.api.errors import RateLimitError, UnauthorizedError
from hipkit.server.http.responses import Answer
from hipkit.server.page.security import set_cookie
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access import passwords
from hipkit.server.services.access.web_sessions import (
    LONGEST_SECONDS,
    end_session,
    open_session,
)
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["VIEWS", "path_to_go_on", "sign_out", "signed_in"]

HOME = "/"


async def show_sign_in(visit: Visit) -> Answer:
    """Show the sign-in form."""
    wanted = path_to_go_on(visit.query("next"))
    if visit.session is not None:
        return visit.redirect(wanted)
    return await visit.page("sign_in.html", wanted=wanted, name="", problem=None)


async def sign_in(visit: Visit) -> Answer:
    """Sign a user in with their password."""
    wanted, name = path_to_go_on(visit.field("next")), visit.field("name").strip()
    try:
        user = await passwords.sign_in(visit.context, name, visit.field("password"))
    except (UnauthorizedError, RateLimitError) as error:
        return await visit.page(
            "sign_in.html",
            error.status,
            wanted=wanted,
            name=name,
            problem=PROBLEMS[type(error)],
        )
    return await signed_in(visit, user, wanted)


async def sign_out(visit: Visit) -> Answer:
    """End the session, in the browser and in the database."""
    if visit.session is not None:
        await end_session(visit.context, visit.session.record.id)
    answer = visit.redirect("/sign-in")
    set_cookie(answer, "", is_secure=visit.is_secure, seconds=0)
    return answer


async def signed_in(visit: Visit, user: UserRecord, path: str = HOME) -> Answer:
    """Replace the session by a new one of a user, and redirect to `path`."""
    if visit.session is not None:
        await end_session(visit.context, visit.session.record.id)
    user_agent = visit.request.headers.get("user-agent", "")
    secret = await open_session(visit.context, user, user_agent=user_agent)
    answer = visit.redirect(path)
    set_cookie(answer, secret, is_secure=visit.is_secure, seconds=LONGEST_SECONDS)
    return answer


def path_to_go_on(text: str) -> str:
    """Return the path to continue at: the requested one, unless it leads to another host.

    Browsers take two slashes, of either kind, for the beginning of a host.
    """
    is_own = text.startswith("/") and text[1:2] not in ("/", "\\")
    has_odd = any(letter <= " " or letter == "\x7f" for letter in text)
    return text if is_own and not has_odd else HOME


PROBLEMS = {
    UnauthorizedError: "The name or the password is wrong.",
    RateLimitError: (
        "Too many attempts. Wait five minutes and try again, or ask an administrator for a"
        " link to set your password."
    ),
}

VIEWS = [
    ViewRoute("/sign-in", show_sign_in, is_public=True),
    ViewRoute("/sign-in", sign_in, method="POST", is_public=True),
    ViewRoute("/sign-out", sign_out, method="POST", is_public=True),
]
