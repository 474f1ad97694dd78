"""What handlers of views and glances receive and return (pure).

A view is a page of the add-on that HipChat shows: a web panel, a dialog, an external page or the
configuration page. A glance is one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from string import printable
from typing import Literal
from urllib.parse import quote

import msgspec

from hipkit.addon.handlers.replies import Html
from hipkit.addon.installations.installation import Installation
from hipkit.api.bodies.reading import read_json
from hipkit.api.secret import MaskedStruct
from hipkit.v2.models import (
    GlanceContent,
    GlanceLabel,
    GlanceStatus,
    GlanceStatusValue,
)

__all__ = [
    "GlanceReply",
    "Lozenge",
    "ViewReply",
    "ViewRequest",
    "ViewResponse",
    "glance_content",
    "to_glance_content",
    "to_view_response",
]

LOWEST_STATUS, HIGHEST_STATUS = 200, 599
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
Lozenge = Literal["default", "success", "error", "current", "new", "moved"]
"""Type of a lozenge, which sets its color."""


class ViewRequest(MaskedStruct, frozen=True, kw_only=True):
    """A signed request for a view or for the content of a glance.

    Attributes:
        installation: The installation whose user sends it.
        user_id: The user; `None` if HipChat did not say.
        room_id: The room that it is shown in; `None` outside of a room.
        timezone: The user's time zone, such as `Europe/Berlin`.
        theme: `light` or `dark`, as the user chose.
        token: A signature for the page's own requests, good for a while longer than that of this
            request: they send it as `Authorization: JWT ...`, or as `signed_request` in a form.
        method: `GET`, or `POST` for what the page itself sends.
        query: Arguments in the address, without the signature.
        form: Fields of a form that the page sent, without the signature.
        body: The body of another request that the page sent.
    """

    secrets = frozenset({"body", "form", "query", "token"})

    installation: Installation
    user_id: int | str | None
    room_id: int | None
    timezone: str | None = None
    theme: Literal["light", "dark"] | None = None
    token: str
    method: str = "GET"
    query: Mapping[str, str] = {}
    form: Mapping[str, str] = {}
    body: bytes = b""

    def json(self) -> object:
        """Return the body, read as JSON.

        Raises:
            UnreadableError: It is not JSON.
        """
        return read_json(self.body, object)


class ViewResponse(MaskedStruct, frozen=True):
    """A response that is not just a page.

    Attributes:
        body: The body.
        status: The status, 200 to 599.
        content_type: Its type.
        headers: Further headers.
    """

    secrets = frozenset({"body", "headers"})

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = {}

    @classmethod
    def json(cls, value: object, *, status: int = 200) -> ViewResponse:
        """Return a response with JSON.

        Args:
            value: What `msgspec` can encode.
            status: The status.
        """
        return cls(msgspec.json.encode(value), status, "application/json")

    @classmethod
    def redirect(cls, url: str) -> ViewResponse:
        """Return a response that sends the browser to another address with GET.

        Args:
            url: The address. Never take it from the request unchecked.
        """
        return cls(b"", 303, headers={"Location": quote(url, safe=printable)})


ViewReply = Html | ViewResponse
"""What a handler of a view may return."""
GlanceReply = str | Html | GlanceContent
"""What a handler of a glance may return: its label, or its whole content."""


def glance_content(
    label: str | Html,
    *,
    lozenge: str | None = None,
    lozenge_type: Lozenge = "default",
    icon: str | None = None,
    icon_2x: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> GlanceContent:
    """Return the content of a glance.

    Args:
        label: A text, or HTML of which clients keep the tags b, strong, em and i. 1 to 1,000
            characters.
        lozenge: Text of a lozenge behind it, 1 to 20 characters.
        lozenge_type: Its type, which sets its color.
        icon: Address of an icon behind it, in place of a lozenge.
        icon_2x: Its address in double density. Defaults to the same.
        metadata: Data for the condition `glance_matches`.

    Raises:
        ValueError: A text is too long or empty, or there are both a lozenge and an icon.
    """
    html = label.value if isinstance(label, Html) else escape(label, quote=False)
    status = None
    if lozenge is not None:
        if icon is not None:
            raise ValueError("a glance has a lozenge or an icon, not both")
        value = GlanceStatusValue(type=lozenge_type, label=lozenge)
        status = GlanceStatus(type="lozenge", value=value)
    elif icon is not None:
        value = GlanceStatusValue(url=icon, url_2x=icon_2x or icon)
        status = GlanceStatus(type="icon", value=value)
    content = GlanceContent(
        label=GlanceLabel(type="html", value=html),
        status=status,
        metadata=None if metadata is None else dict(metadata),
    )
    content.check()
    return content


def to_glance_content(reply: object) -> GlanceContent:
    """Return the content that a handler of a glance returned.

    Raises:
        TypeError: It is something else.
        ValueError: It breaks a limit.
    """
    if isinstance(reply, str | Html):
        return glance_content(reply)
    if isinstance(reply, GlanceContent):
        reply.check()
        return reply
    raise TypeError(
        f"a glance's handler returned {type(reply).__name__}: its content is a str, Html or "
        "GlanceContent"
    )


def to_view_response(reply: object) -> ViewResponse:
    """Return the response for what a handler of a view returned.

    Raises:
        TypeError: It is something else.
        ValueError: Its status or a header cannot be sent.
    """
    if isinstance(reply, Html):
        return ViewResponse(reply.value.encode())
    if isinstance(reply, ViewResponse):
        _check_response(reply)
        return reply
    raise TypeError(
        f"a view's handler returned {type(reply).__name__}: a page is Html or a ViewResponse"
    )


def _check_response(response: ViewResponse) -> None:
    body: object = response.body
    if not isinstance(body, bytes):
        raise TypeError(
            f"the body of a ViewResponse must be bytes, not {type(body).__name__}"
        )
    status: object = response.status
    if not isinstance(status, int) or not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        raise ValueError(f"the status of a ViewResponse is 200 to 599, not {status!r}")
    headers = {"Content-Type": response.content_type, **response.headers}
    items: Iterable[tuple[object, object]] = headers.items()
    for name, value in items:
        if not isinstance(name, str) or HEADER_NAME.fullmatch(name) is None:
            raise ValueError(f"a ViewResponse cannot have a header {name!r}")
        # Latin-1 is all that a header can hold; a line end would begin another one.
        if not isinstance(value, str) or not (value.isprintable() and _is_latin(value)):
            raise ValueError(f"the header {name} holds something that it cannot")


def _is_latin(text: str) -> bool:
    return not text or max(text) <= "\xff"
