"""Responses of the add-on, and how they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import msgspec

from hipkit.addon.asgi.requests import Send
from hipkit.api.secret import MaskedStruct

__all__ = [
    "NO_CONTENT",
    "Response",
    "json_response",
    "page_response",
    "send_response",
    "text_response",
]

SAFE = {
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
    # Addresses of views hold a signature, which other sites must not learn.
    b"referrer-policy": b"no-referrer",
}
BODILESS = (204, 304)
"""The statuses whose responses end with their headers."""
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


class Response(MaskedStruct, frozen=True):
    """A response to send."""

    secrets = frozenset({"body", "headers"})

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = {}


NO_CONTENT = Response(204)


def text_response(
    status: int, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with a sentence."""
    return Response(status, f"{text}\n".encode(), TEXT, headers or {})


def page_response(status: int, text: str) -> Response:
    """Return a page with a sentence, for a browser."""
    page = f'<!doctype html><meta charset="utf-8"><title>{status}</title><p>{escape(text)}</p>\n'
    return Response(status, page.encode(), HTML)


def json_response(value: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with JSON."""
    return Response(200, msgspec.json.encode(value), "application/json", headers or {})


async def send_response(send: Send, response: Response, *, is_head: bool) -> None:
    """Send a response.

    Args:
        send: ASGI's function.
        response: The response.
        is_head: Whether to leave out the body.

    Raises:
        ValueError: A header holds a line end or another character that it cannot.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.content_type:
        headers["content-type"] = response.content_type
    body = response.body
    if response.status in BODILESS:
        body = b""
    else:
        headers["content-length"] = str(len(body))
    for name, value in headers.items():
        if not (name.isascii() and name.isprintable() and value.isprintable()):
            raise ValueError(f"the header {name!r} holds a character that it cannot")
    encoded = {
        name.encode(): value.encode("latin-1") for name, value in headers.items()
    }
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [*(SAFE | encoded).items()],
        }
    )
    await send({"type": "http.response.body", "body": b"" if is_head else body})
