"""The user's account: profile, password and sessions, and one-time links that set a password."""

from __future__ import annotations

from hipkit.api.errors import ApiError, BadRequestError
from hipkit.server.http.responses import Answer
from hipkit.server.page.views.sign_in import sign_out, signed_in
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.password_links import (
    PATH,
    PasswordLinkError,
    find_link_user,
    use_password_link,
)
from hipkit.server.services.access.passwords import (
    SHORTEST_PASSWORD,
    change_own_password,
)
from hipkit.server.services.access.web_sessions import (
    end_other_sessions,
    end_session,
    list_sessions,
)

__all__ = ["VIEWS"]


async def show_account(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the account; an error is of the form that was sent."""
    sessions = await list_sessions(visit.context)
    return await visit.page(
        "account.html",
        error=error,
        sessions=[(session, browser_name(session.user_agent)) for session in sessions],
        group=await visit.context.stores.groups.get(visit.user.group_id),
        shortest=SHORTEST_PASSWORD,
    )


async def save_password(visit: Visit) -> Answer:
    """Change the password, and replace all sessions by a new one."""
    try:
        await change_own_password(
            visit.context, visit.field("present"), _new_password(visit)
        )
    except ApiError as error:
        return await show_account(visit, error)
    return await signed_in(visit, visit.user, "/account?done=password")


async def end_one(visit: Visit) -> Answer:
    """End one session; for the current one, that is to sign out."""
    session_id = visit.number("session_id")
    if visit.session is not None and visit.session.record.id == session_id:
        return await sign_out(visit)
    await end_session(visit.context, session_id)
    return visit.redirect("/account", done="session")


async def end_others(visit: Visit) -> Answer:
    """End every session but the current one."""
    if visit.session is not None:
        await end_other_sessions(visit.context, visit.session.record.id)
    return visit.redirect("/account", done="sessions")


async def show_link(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the form of a one-time link, which stays valid: programs open links too."""
    key = visit.field("key", visit.query("key"))
    user = await find_link_user(visit.context.stores, key, visit.context.now_us)
    return await visit.page(
        "set_password.html",
        error=error,
        email=user.email,
        key=key,
        shortest=SHORTEST_PASSWORD,
    )


async def use_link(visit: Visit) -> Answer:
    """Set the password, and sign the user in."""
    try:
        user = await use_password_link(
            visit.context, visit.field("key"), _new_password(visit)
        )
    except PasswordLinkError:
        raise
    except ApiError as error:
        return await show_link(visit, error)
    return await signed_in(visit, user)


def _new_password(visit: Visit) -> str:
    if visit.field("password") != visit.field("again"):
        raise BadRequestError("The new passwords are different")
    return visit.field("password")


def browser_name(user_agent: str) -> str:
    """Return a browser's name and system, as far as its user agent names known ones."""
    found = (
        next((name for mark, name in marks if mark in user_agent), None)
        for marks in (BROWSERS, SYSTEMS)
    )
    return " on ".join(name for name in found if name) or "Unknown browser"


# The first match counts: each browser also claims to be some of those below it.
BROWSERS = (
    ("Firefox/", "Firefox"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

VIEWS = [
    ViewRoute("/account", show_account),
    ViewRoute("/account/password", save_password, method="POST"),
    ViewRoute("/account/sessions/end", end_others, method="POST"),
    ViewRoute("/account/sessions/{session_id}/end", end_one, method="POST"),
    ViewRoute(PATH, show_link, is_public=True),
    ViewRoute(PATH, use_link, method="POST", is_public=True),
]
