"""The list of conversations by itself, and how it is sorted."""

from __future__ import annotations

from hipkit.server.http.responses import Answer, header
from hipkit.server.page.sidebar import (
    BY_NAME,
    NEWEST_FIRST,
    SORT_COOKIE,
    load_sidebar,
    sorting_of,
)
from hipkit.server.page.views.sign_in import path_to_go_on
from hipkit.server.page.visit import ViewRoute, Visit

__all__ = ["VIEWS"]

YEAR_SECONDS = 365 * 24 * 60 * 60


async def show_sidebar(visit: Visit) -> Answer:
    """Show the list as it is now, beside the page with the path in the query."""
    sidebar = await load_sidebar(visit.context, sorting_of(visit.request))
    return visit.part(
        "conversations.html", sidebar=sidebar, path=visit.query("path", "/")
    )


async def sort_rooms(visit: Visit) -> Answer:
    """Store in the browser how rooms are sorted, and go back to its page."""
    sorting = NEWEST_FIRST if visit.field("sorting") == NEWEST_FIRST else BY_NAME
    answer = visit.redirect(path_to_go_on(visit.field("back")))
    cookie = f"{SORT_COOKIE}={sorting}; Max-Age={YEAR_SECONDS}; Path=/; SameSite=lax"
    answer.headers.append(header("Set-Cookie", f"{cookie}; HttpOnly"))
    return answer


VIEWS = [
    ViewRoute("/sidebar", show_sidebar, for_guests=True),
    ViewRoute("/sidebar/sort", sort_rooms, method="POST", for_guests=True),
]
