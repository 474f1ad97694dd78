"""What a view receives, and how it answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlencode

import jinja2

from hipkit.api.errors import ApiError, BadRequestError
from hipkit.server.http.requests import Request
from hipkit.server.http.responses import Answer, header
from hipkit.server.page.sidebar import load_sidebar, sorting_of
from hipkit.server.page.streams.feed import Feeds
from hipkit.server.services.access.web_sessions import WebSession
from hipkit.server.services.context import Context
from hipkit.server.services.errors import plain_words
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["View", "ViewRoute", "Visit", "redirect_answer", "text_answer"]

HTML = header("Content-Type", "text/html; charset=utf-8")
PLAIN_TEXT = header("Content-Type", "text/plain; charset=utf-8")


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request of the page, and ways to answer it.

    Attributes:
        path: Decoded, as templates show and compare it.
        arguments: The variable parts of the path.
        context: For the services. Its actor is the user who is signed in.
        session: `None` only in a public view.
        secret: The session's secret, from the cookie; empty without a session.
        fields: The form's fields. The form's origin was checked before.
    """

    request: Request
    path: str
    arguments: Mapping[str, str]
    feeds: Feeds
    environment: jinja2.Environment
    context: Context
    session: WebSession | None = None
    secret: str = field(default="", repr=False)
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    @property
    def user(self) -> UserRecord:
        """The user who is signed in."""
        if self.session is None:
            raise RuntimeError("this view is public, so nobody is signed in")
        return self.session.user

    @property
    def is_secure(self) -> bool:
        """Whether the browser uses TLS, as far as the server knows."""
        return self.context.addresses.root.startswith("https:")

    @property
    def is_htmx(self) -> bool:
        """Whether htmx asks, for a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    def query(self, name: str, default: str = "") -> str:
        """Return an argument of the query, or the last of several."""
        return self.request.query.get(name, [default])[-1]

    def field(self, name: str, default: str = "") -> str:
        """Return a field of the form, or the last of several."""
        return self.fields.get(name, [default])[-1]

    def is_checked(self, name: str) -> bool:
        """Return whether a checkbox of the form is checked: browsers leave out others."""
        return bool(self.field(name))

    def number(self, name: str) -> int:
        """Return a number from the path or the form.

        Raises:
            BadRequestError: It is not a number.
        """
        return _number(name, self.arguments.get(name) or self.field(name))

    def query_number(self, name: str) -> int:
        """Return a number from the query, 0 if it is left out.

        Raises:
            BadRequestError: It is not a number.
        """
        return _number(name, self.query(name, "0"))

    async def page(
        self,
        template: str,
        status: int = 200,
        *,
        error: ApiError | None = None,
        **values: object,
    ) -> Answer:
        """Answer with a whole page, beside the conversations; an error is as for a part."""
        sidebar = None
        if self.session is not None:
            sidebar = await load_sidebar(self.context, sorting_of(self.request))
        return self.part(template, status, error=error, sidebar=sidebar, **values)

    def part(
        self,
        template: str,
        status: int = 200,
        *,
        error: ApiError | None = None,
        **values: object,
    ) -> Answer:
        """Answer with a part of a page, for htmx to insert.

        An error gives the answer its status, and the template its message as `problem` and
        the field of the form as `wrong`.
        """
        if error is not None:
            problem = plain_words(error.message)
            shown = {"problem": problem, "wrong": error.field}
            status, values = error.status, {**shown, **values}
        return Answer(status, [HTML], self.text(template, **values).encode())

    def text(self, template: str, **values: object) -> str:
        """Render a template; it also gets `visit`, `user` and `path`."""
        return self.environment.get_template(template).render(
            visit=self,
            user=None if self.session is None else self.session.user,
            **{
                "path": self.path,
                "sidebar": None,
                "title": None,
                "problem": None,
                "wrong": None,
                "notice": NOTICES.get(self.query("done")),
                **values,
            },
        )

    def redirect(self, path: str, **query: str) -> Answer:
        """Answer with a redirect to a path of the page."""
        address = f"{path}?{urlencode(query)}" if query else path
        if not self.is_htmx:
            return redirect_answer(address)
        # htmx would follow an HTTP redirect itself, and insert the page as a part.
        return Answer(204, [header("HX-Redirect", _in_ascii(address))])

    def redirect_to_sign_in(self) -> Answer:
        """Answer with a redirect to the sign-in page, which leads back to this one."""
        if self.request.method != "GET" or self.is_htmx or self.path == "/":
            return self.redirect("/sign-in")
        query = urlencode(self.request.query, doseq=True)
        wanted = f"{self.path}?{query}" if query else self.path
        return self.redirect("/sign-in", next=wanted)


def redirect_answer(address: str) -> Answer:
    """Return a redirect, which browsers follow with GET."""
    return Answer(303, [header("Location", _in_ascii(address))])


def _in_ascii(address: str) -> str:
    """Return an address as a header may hold it."""
    return quote(address, safe=":/%#?=@[]!$&'()*+,;")


def text_answer(status: int, text: str) -> Answer:
    """Return plain text."""
    return Answer(status, [PLAIN_TEXT], text.encode())


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise BadRequestError(f"{name} is not a number")
    return int(text)


NOTICES = {
    "password": "Your password was changed. You are signed out everywhere else.",
    "session": "The session was ended.",
    "sessions": "You are signed out everywhere else.",
    "token": "The token was revoked.",
    "approval": "The program's access was revoked.",
    "client": "The client and its tokens were deleted.",
    "route": "The webhook is being retried.",
    "paused": "The route is paused. What comes waits.",
    "resumed": "The route goes on, and is tried at once.",
    "sent": "The delivery is queued and will be sent at once.",
    "webhook": "The webhook was deleted.",
    "created": "The webhook was created. It gets the events from now on.",
    "saved": "The changes were saved.",
    "person": "The person was deleted. Their messages stay.",
    "restored": "The person was restored. They need a new link to set a password.",
    "room": "The room was deleted.",
    "addon": "The add-on is installed.",
    "updated": "The add-on is up to date.",
    "configure": "The add-on is installed. Its configuration comes next.",
    "removed": "The add-on was removed, with its credentials, webhooks and modules.",
}
"""The notices at the top of a page, after a redirect with `done=`."""

View = Callable[[Visit], Awaitable[Answer]]

LONGEST_NUMBER = 18
"""Digits; longer numbers are no ids, and too large for a database."""


@dataclass(frozen=True)
class ViewRoute:
    """A view, and the requests that it answers. A module lists its own in `VIEWS`.

    Attributes:
        path: With names in braces for its variable parts.
        view: The function that answers.
        method: The method that it answers; `GET` includes `HEAD`.
        is_public: Whether it answers visitors who are not signed in.
        for_guests: Whether it answers guests, who use rooms and public views only.
    """

    path: str
    view: View
    method: str = "GET"
    is_public: bool = False
    for_guests: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths that it answers."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))
