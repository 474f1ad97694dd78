"""What keeps the page's visitors safe: headers, cookies, and the origin of forms."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hipkit.api.errors import ForbiddenError

__all__ = [
    "SESSION",
    "SafeHeaders",
    "check_origin",
    "drop_cookie",
    "policy",
    "read_cookie",
    "set_cookie",
]

DEFAULT_PORTS = {"http": ":80", "https": ":443"}

SESSION = "session"
"""The cookie of who is signed in."""

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


def check_origin(request: Request, root: str) -> None:
    """Refuse a change that did not come from a page of this very server.

    Browsers set both headers themselves, and no script can change them. `Sec-Fetch-Site` is the
    browser's own comparison, which no proxy disturbs, so it decides where it is there. Browsers
    send it over TLS and to `localhost` only; elsewhere `Origin` decides.

    Args:
        request: What came, signed in or not: a form to sign in is forged as well.
        root: The address that this server has for its caller: the public one, if it is known.

    Raises:
        ForbiddenError: Another site's page sent it, or nothing says which page did.
    """
    # All lines of a header count: two that differ are no browser's.
    sites = request.headers.getlist("sec-fetch-site")
    origins = request.headers.getlist("origin")
    if sites:
        # `none` is no page's doing; a browser says it of a form that it sends again by itself,
        # after a restart perhaps, and then another site's page may have made that form.
        is_own = sites == ["same-origin"]
    elif origins:
        is_own = len(origins) == 1 and _is_own_origin(
            origins[0], root, request.headers.get("host", "")
        )
    else:
        raise ForbiddenError(
            "Your browser does not say which page sent this, so it was not done. Use a newer"
            " browser; a program uses the API, with a token"
        )
    if not is_own:
        raise ForbiddenError(
            "This was sent from another site's page, and was not done. If it was not, open this"
            " server's page anew, and do it there once more"
        )


def _is_own_origin(origin: str, root: str, host: str) -> bool:
    """Compare an origin with the public address, and with the host that the browser asked for.

    A proxy in front may speak TLS without telling, so `https` is taken where we know of `http`;
    not the other way round, because anybody on the way can answer with a page by `http`.
    """
    scheme, _, netloc = origin.lower().partition("://")
    if scheme not in DEFAULT_PORTS or (root.startswith("https:") and scheme == "http"):
        return False
    own = {urlsplit(root).netloc.lower(), host.lower()} - {""}
    # Browsers leave the scheme's port out; what a proxy or the operator wrote may have it.
    return netloc in {one.removesuffix(DEFAULT_PORTS[scheme]) for one in own}


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
