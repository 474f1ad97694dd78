"""The two pages by which users allow the add-on to act for them.

`authorize` sends a browser to the host's consent page, `authorized` is where it comes back. A
cookie makes sure that it is the same browser.
"""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from hipkit.addon.asgi.requests import HttpRequest, read_fields
from hipkit.addon.asgi.responses import Response, page_response
from hipkit.addon.descriptor.identity import Identity
from hipkit.addon.installations.user_tokens import CONSENT_SECONDS, UserTokens
from hipkit.addon.installations.verification import SignedRequest
from hipkit.api.errors import (
    ForbiddenError,
    HipkitError,
    NotFoundError,
    SignatureError,
    StorageError,
)

__all__ = ["begin_consent", "finish_consent"]

COOKIE = "hipkit-consent"


async def begin_consent(
    users: UserTokens, identity: Identity, signed: SignedRequest, *, base_url: str
) -> Response:
    """Send a browser to the host's consent page."""
    session = secrets.token_urlsafe(32)
    try:
        address = await users.begin(signed, session=session, scopes=identity.scopes)
    except NotFoundError:
        return page_response(404, "This HipChat server has no page for that.")
    headers = {"Location": address, "Set-Cookie": _cookie(session, base_url)}
    return Response(302, headers=headers)


async def finish_consent(
    users: UserTokens, identity: Identity, request: HttpRequest, *, base_url: str
) -> Response:
    """Fetch the token for the code with which a browser has come back."""
    fields = read_fields(request.query)
    try:
        await users.finish(fields, session=_session(request))
    except SignatureError as error:
        return page_response(error.status, "Begin again in HipChat: this did not work.")
    except ForbiddenError:
        return page_response(403, f"{identity.name} may not act for you.")
    except StorageError:
        raise
    except HipkitError:
        return page_response(502, "HipChat gave no token. Begin again in HipChat.")
    page = page_response(
        200, f"{identity.name} may act for you. You can close this page."
    )
    over = {"Set-Cookie": _cookie("", base_url, seconds=0)}
    return Response(page.status, page.body, page.content_type, over)


def _cookie(session: str, base_url: str, *, seconds: float = CONSENT_SECONDS) -> str:
    parts = urlsplit(base_url)
    secure = "; Secure" if parts.scheme == "https" else ""
    # Lax: the browser comes back by a link from another site.
    return (
        f"{COOKIE}={session}; Path={parts.path or '/'}; Max-Age={seconds:.0f}"
        f"; HttpOnly; SameSite=Lax{secure}"
    )


def _session(request: HttpRequest) -> str:
    try:
        morsel = SimpleCookie(request.header("cookie")).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value
