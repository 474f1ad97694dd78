"""Protects the page's visitors: security headers, cookies, and the origin of forms."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from hipkit.api.addresses import DEFAULT_PORTS
from hipkit.api.errors import ForbiddenError
from hipkit.server.http.requests import Request
from hipkit.server.http.responses import NO_SNIFFING, Answer, Header, header

__all__ = [
    "add_safe_headers",
    "check_origin",
    "policy",
    "policy_of_forms_to",
    "read_cookie",
    "read_cookies",
    "set_cookie",
]


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


def policy(**more: str) -> Header:
    """Return the page's Content-Security-Policy, with other sources for some directives.

    `policy(img_src="'self' https:")` changes `img-src`.
    """
    changed = {name.replace("_", "-"): sources for name, sources in more.items()}
    directives = {**POLICY, **changed}.items()
    text = "; ".join(f"{name} {sources}" for name, sources in directives)
    return header("Content-Security-Policy", text)


def policy_of_forms_to(*addresses: str | None) -> Header:
    """Return the policy of a page whose form is answered with a redirect to one of the addresses.

    Browsers check every redirect that follows a form against `form-action`: to the address, and
    from there mostly to another host of the same owner.
    """
    given = [address for address in addresses if address]
    sources = "'self' https:" if given else "'self'"
    if any(address.lower().startswith("http:") for address in given):
        sources += " http:"
    return policy(form_action=sources)


SAFE_HEADERS = (
    policy(),
    NO_SNIFFING,
    # With `no-referrer` browsers would send `Origin: null` with every form, ours too. Other
    # sites, which must not see one-time links, get no referrer either way.
    header("Referrer-Policy", "same-origin"),
    header("X-Frame-Options", "DENY"),
    header("Cache-Control", "no-store"),
)


def add_safe_headers(answer: Answer) -> None:
    """Add the security headers that an answer does not set itself."""
    present = {name for name, _ in answer.headers}
    answer.headers += [one for one in SAFE_HEADERS if one[0] not in present]


def check_origin(headers: Iterable[Header], root: str) -> None:
    """Refuse a change that was not sent by a page of this server.

    Browsers set both headers themselves, and no script can change them. `Sec-Fetch-Site` is the
    browser's own comparison, which no proxy disturbs, so it decides where it is there. Browsers
    send it over TLS and to `localhost` only; elsewhere `Origin` decides.

    Args:
        headers: The request's, signed in or not: forms to sign in are forged as well.
        root: The server's address as its caller knows it: the public one, if it is set.

    Raises:
        ForbiddenError: Another site's page sent it, or nothing says which page did.
    """
    # All lines of a header count: no browser sends two.
    found: dict[bytes, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value.decode("latin-1"))
    sites, origins = found.get(b"sec-fetch-site"), found.get(b"origin")
    if sites:
        # `none` is what a browser says of a form that it sends again by itself, after a restart
        # perhaps: another site's page may have made that form.
        is_own = sites == ["same-origin"]
    elif origins:
        is_own = len(origins) == 1 and _is_own_origin(
            origins[0], root, "".join(found.get(b"host", ())[:1])
        )
    else:
        raise ForbiddenError(
            "Nothing was changed: your browser does not say which page sent this. Use a newer"
            " browser; programs use the API with a token"
        )
    if not is_own:
        raise ForbiddenError(
            "Nothing was changed: this was sent by a page of another site. If that is wrong,"
            " reload this server's page and try again there"
        )


def _is_own_origin(origin: str, root: str, host: str) -> bool:
    """Return whether an origin is the public address, or the host that the browser asked for.

    A proxy may speak TLS without saying so, so `https` is accepted where the server knows of
    `http`; not the other way round, because by `http` anybody in between can answer with a page.
    """
    scheme, _, netloc = origin.lower().partition("://")
    if scheme not in DEFAULT_PORTS or (root.startswith("https:") and scheme == "http"):
        return False
    own = {urlsplit(root).netloc.lower(), host.lower()} - {""}
    # Browsers leave out the default port; a proxy or the operator may write it.
    return netloc in {one.removesuffix(f":{DEFAULT_PORTS[scheme]}") for one in own}


def read_cookie(request: Request, *, is_secure: bool) -> str:
    """Return the secret of a session from its cookie; empty if the browser has none."""
    return read_cookies(request).get(_cookie_name(is_secure=is_secure), "")


def read_cookies(request: Request) -> dict[str, str]:
    """Return the browser's cookies."""
    pairs = request.headers.get("cookie", "").split(";")
    split = (pair.strip().partition("=") for pair in pairs)
    return {cookie: value for cookie, _, value in split}


def set_cookie(answer: Answer, secret: str, *, is_secure: bool, seconds: int) -> None:
    """Set a session's cookie; 0 seconds delete it.

    Scripts cannot read it, and forms of other sites do not send it.
    """
    cookie = f"{_cookie_name(is_secure=is_secure)}={secret}; HttpOnly"
    cookie += f"; Max-Age={seconds}; Path=/; SameSite=lax"
    cookie += "; Secure" if is_secure else ""
    answer.headers.append(header("Set-Cookie", cookie))


def _cookie_name(*, is_secure: bool) -> str:
    # Browsers accept this prefix from this host and over TLS only.
    return "__Host-hipkit-session" if is_secure else "hipkit-session"
