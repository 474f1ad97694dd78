"""What a view is, what it is given, and how it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hipkit.api.errors import BadRequestError
from hipkit.server.app import Server
from hipkit.server.page.sidebar import list_sidebar
from hipkit.server.services.access.web_sessions import WebSession
from hipkit.server.services.context import Context
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["View", "ViewRoute", "Visit", "view"]


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request of the page: who makes it, what they sent, and ways to answer it.

    Attributes:
        context: For the services. Its caller is the person who is signed in.
        session: Their session; `None` only in a view that is for everybody.
        secret: The session's secret, out of the cookie; empty without a session.
        fields: The form's fields. Where the form came from was checked before.
    """

    request: Request
    server: Server
    environment: jinja2.Environment
    context: Context
    session: WebSession | None
    secret: str = field(repr=False)
    is_secure: bool
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    @property
    def user(self) -> UserRecord:
        """Who is signed in."""
        if self.session is None:
            raise RuntimeError("this view is for everybody, so nobody is signed in")
        return self.session.user

    @property
    def is_htmx(self) -> bool:
        """Whether a script asks, for a piece of a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def peer(self) -> str:
        """The address that the request came from."""
        host = "" if self.request.client is None else self.request.client.host
        return host[:LONGEST_PEER]

    def query(self, name: str, default: str = "") -> str:
        """Return an argument of the address."""
        return self.request.query_params.get(name, default)

    def field(self, name: str, default: str = "") -> str:
        """Return a field of the form, or the last of several."""
        values = self.fields.get(name)
        return values[-1] if values else default

    def number(self, name: str) -> int:
        """Return a number out of the path or the form.

        Raises:
            BadRequestError: It is none.
        """
        return _number(name, str(self.request.path_params.get(name, self.field(name))))

    def query_number(self, name: str) -> int:
        """Return a number out of the address, 0 if it is not there.

        Raises:
            BadRequestError: It is none.
        """
        return _number(name, self.query(name, "0"))

    async def page(
        self, template: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Answer with a whole page, the rooms on its left."""
        sidebar = None
        if self.session is not None:
            sidebar = await list_sidebar(self.context)
        return self.part(template, status, sidebar=sidebar, **values)

    def part(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Answer with a piece of a page, for htmx to put in place."""
        return HTMLResponse(self.text(template, **values), status)

    def text(self, template: str, **values: object) -> str:
        """Render a template, which knows `visit`, `user` and `path` besides."""
        return self.environment.get_template(template).render(
            visit=self,
            user=None if self.session is None else self.session.user,
            path=self.request.url.path,
            **{
                "sidebar": None,
                "title": None,
                "notice": NOTICES.get(self.query("done")),
                **values,
            },
        )

    def redirect(self, path: str, **query: str) -> Response:
        """Answer by sending the browser to a path of the page, to be read anew."""
        address = f"{path}?{urlencode(query)}" if query else path
        if self.is_htmx:
            # Headers hold no other letters; the other kind of answer does this by itself.
            safe = quote(address, safe=":/%#?=@[]!$&'()*+,;")
            return Response(status_code=204, headers={"HX-Redirect": safe})
        return RedirectResponse(address, 303)

    def redirect_to_sign_in(self) -> Response:
        """Answer by asking who it is; once they signed in they come back to where this is."""
        url = self.request.url
        is_piece = self.request.method != "GET" or self.is_htmx
        if is_piece or url.path == "/":
            return self.redirect("/sign-in")
        wanted = f"{url.path}?{url.query}" if url.query else url.path
        return self.redirect("/sign-in", next=wanted)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise BadRequestError(f"{name} is not a number")
    return int(text)


NOTICES = {
    "password": "Your password is changed. You are signed in here and nowhere else.",
    "session": "That session is ended.",
    "sessions": "You are signed in here and nowhere else.",
    "token": "The token is revoked: it is good for nothing from now on.",
    "approval": "The program can act for you no longer.",
    "client": "The client is deleted, with every token that it had.",
    "route": "The webhook is sending again.",
    "sent": "The delivery is queued, to be sent at once.",
    "webhook": "The webhook is deleted.",
}
"""What a page says at its top after a redirect with `done=`."""

View = Callable[[Visit], Awaitable[Response]]

LONGEST_PEER = 64
"""Letters; a proxy may hand on anything for an address."""

LONGEST_NUMBER = 18
"""Digits; longer numbers are no ids, and too large for a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRoute:
    """A view and its address. A module lists its own in `VIEWS`."""

    path: str
    view: View
    methods: tuple[str, ...]
    is_public: bool
    for_guests: bool


def view(
    path: str,
    view: View,
    *,
    methods: Sequence[str] = ("GET",),
    is_public: bool = False,
    for_guests: bool = False,
) -> ViewRoute:
    """Give a view its address.

    Args:
        path: With names in braces for its changing parts.
        view: What answers there.
        methods: What it answers.
        is_public: Whether people get there who are not signed in.
        for_guests: Whether guests get there, who have a room and no account.
    """
    return ViewRoute(
        path=path,
        view=view,
        methods=tuple(methods),
        is_public=is_public,
        for_guests=for_guests or is_public,
    )
