"""What keeps the page's visitors safe: headers, cookies, and proof that a form is our own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hipkit.api.errors import ForbiddenError

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "SESSION",
    "VISITOR",
    "SafeHeaders",
    "check_origin",
    "csrf_token",
    "drop_cookie",
    "is_same_text",
    "policy",
    "read_cookie",
    "set_cookie",
]

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"

SESSION = "session"
"""The cookie of who is signed in."""
VISITOR = "visitor"
"""The cookie of who is not: forms for everybody need a proof as well."""

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy(**more: str) -> str:
    """Return a Content-Security-Policy: the page's, with other sources for some directives.

    `policy(img_src="'self' https:")` changes `img-src`.
    """
    changed = {name.replace("_", "-"): sources for name, sources in more.items()}
    return "; ".join(f"{name} {value}" for name, value in {**POLICY, **changed}.items())


HEADERS = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers send `Origin: null` with every form, ours too. To
    # other sites, which must not see one-time links, neither tells anything.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class SafeHeaders:
    """Adds to every answer the headers that it does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def check_origin(request: Request, roots: Iterable[str]) -> None:
    """Refuse a change that another site's page asks for in a visitor's name.

    Hosts are compared and not schemes: behind a proxy we may not know ours. This comes before
    the form's own proof, and does not take its place: old browsers send neither header.

    Raises:
        ForbiddenError: Another site's page, or one that hides where it is from.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    hosts = {request.headers.get("host", "").lower()}
    hosts |= {urlsplit(root).netloc.lower() for root in roots}
    is_own_site = site in (None, "same-origin", "none")
    is_own_origin = origin is None or urlsplit(origin).netloc.lower() in hosts
    if not is_own_site or not is_own_origin:
        raise ForbiddenError("This was sent from another site's page, and was not done")


def csrf_token(secret: str) -> str:
    """Return the proof that a form was made for the browser that has this cookie."""
    return hmac.new(secret.encode(), b"hipkit csrf", hashlib.sha256).hexdigest()


def is_same_text(one: str, other: str) -> bool:
    """Compare two texts in a time that tells nothing about them."""
    return hmac.compare_digest(one.encode(), other.encode())


def read_cookie(request: Request, name: str, *, is_secure: bool) -> str:
    """Return a cookie's value, or an empty text."""
    return request.cookies.get(_cookie_name(name, is_secure=is_secure), "")


def set_cookie(
    response: Response, name: str, value: str, *, is_secure: bool, seconds: int
) -> None:
    """Leave a cookie that no script can read and no other site's form sends."""
    response.set_cookie(
        _cookie_name(name, is_secure=is_secure),
        value,
        max_age=seconds,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, name: str, *, is_secure: bool) -> None:
    """Take a cookie away."""
    set_cookie(response, name, "", is_secure=is_secure, seconds=0)


def _cookie_name(name: str, *, is_secure: bool) -> str:
    # With this prefix a browser takes the cookie from this very host and over TLS only.
    return f"__Host-hipkit-{name}" if is_secure else f"hipkit-{name}"
