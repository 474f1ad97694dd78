"""Advice on API calls: why one failed, and what to change in its program (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import parse_qsl

from hipkit.server.services.errors import plain_words
from hipkit.server.shared.recent_calls import RecentCall

__all__ = ["advice_on"]

SCOPE = re.compile(r"u'([a-z_]+)'")

Reason = str | Callable[[RecentCall, Collection[str]], str]
"""Advice, or a function that returns it for a call and the scopes of its token."""


def advice_on(call: RecentCall, scopes: Collection[str]) -> str | None:
    """Return advice on a call; `None` for one that succeeded with everything it sent.

    Args:
        call: The call. One that succeeded may have a note on what was left out.
        scopes: The scopes of its token.
    """
    if call.status < 400:
        return call.note and plain_words(call.note)
    if call.status >= 500 and call.status not in REASONS:
        return (
            "This is an error of the server, not of the program. See the server's log."
        )
    by_status = V1_REASONS if _version(call) == "v1" else REASONS
    reason = by_status.get(call.status) or REASONS.get(call.status)
    return reason(call, scopes) if callable(reason) else reason


def _version(call: RecentCall) -> str:
    return _segments(call)[0]


def _segments(call: RecentCall) -> list[str]:
    """Return the parts of the path, without empty ones; at least one."""
    path = call.target.partition("?")[0]
    return [part for part in path.split("/") if part] or [""]


def _invalid_request(call: RecentCall, scopes: Collection[str]) -> str:
    problem = (call.problem or "").lower()
    for sign, advice in UNREADABLE.items():
        if sign in problem:
            return advice
    if "content type" in problem:
        return (
            "The content type is missing or not supported: send the header"
            " Content-Type: application/json with a JSON body, or"
            " application/x-www-form-urlencoded with a form."
        )
    if not call.request_body and call.method in ("POST", "PUT"):
        return (
            "The body is missing. Programs lose it when they follow a redirect from http to"
            " https: configure the final address."
        )
    return (
        "A field is missing or has an invalid value. The line above names it; open the call to"
        " see the request."
    )


def _invalid_token(call: RecentCall, scopes: Collection[str]) -> str:
    if call.token_id is not None:
        # Version 1 answers 401 also if a token may not do something.
        return _forbidden(call, scopes)
    names = {name for name, _ in call.headers}
    query = {name for name, _ in parse_qsl(call.target.partition("?")[2])}
    has_token = "authorization" in names or "auth_token" in query
    if _version(call) == "v1":
        has_token = has_token or "auth_token" in call.request_body
    if not has_token:
        return (
            "The token is missing. Send it in the header Authorization: Bearer, or as auth_token="
            " in the query. Programs may lose the header when they follow a redirect to another"
            " host or scheme: configure the final address."
        )
    return (
        "The token is unknown to this server, was revoked (or the token that it was created"
        " with), or has expired: personal tokens are valid for a year. Create a new one under"
        " Tokens. To keep a token of the old HipChat, add it with: hipkit admin token add"
        " --value @FILE."
    )


def _forbidden(call: RecentCall, scopes: Collection[str]) -> str:
    problem = call.problem or ""
    needed = SCOPE.findall(problem)
    if needed:
        has = f"has {_listed(sorted(scopes), 'and')}" if scopes else "has no scope"
        return (
            f"The token lacks a scope: it {has}, and this needs {_listed(needed, 'or')}."
            " The scopes of a token cannot be changed: create a new one under Tokens."
        )
    if "one room" in problem:
        return (
            "The token is valid for one room only, and this is another one. Use a personal"
            " token, or one of this room."
        )
    if "of the kinds" in problem:
        return (
            "This operation does not accept this kind of token. If it requires a user's, create"
            " a personal token under Tokens."
        )
    return "The token's owner lacks the permission for this in the room, or is not a member of it."


def _not_found(call: RecentCall, scopes: Collection[str]) -> str:
    version, *rest = _segments(call)
    if version not in VERSIONS:
        return _wrong_version(version, rest)
    if call.operation_id == "unknown":
        first = rest[0] if rest else ""
        if (version, first) in OTHER_VERSION:
            other = OTHER_VERSION[version, first]
            return (
                f"Paths with /{first}/ are of the API's other version: send this to"
                f" /{other}/{'/'.join(rest)}."
            )
        return (
            "The path belongs to no operation. A slash or a space in a name has to be escaped,"
            " as %2F or %20."
        )
    return (
        "What the path names does not exist. Ids differ from those of the old HipChat: names"
        " and e-mail addresses are safer. Users are named by id, e-mail address or @mention."
    )


def _wrong_version(version: str, rest: list[str]) -> str:
    found = next((one for one in rest if one in VERSIONS), None)
    if found is not None:
        path = "/".join(rest[rest.index(found) :])
        return (
            f"The path has something before /{found}: send this to /{path}, or have a"
            " proxy remove it."
        )
    if re.fullmatch(r"(?i)v[0-9.]+", version):
        return f"There is no version {version}: the API has the versions /v2 and /v1."
    is_first = version in ("rooms", "users")
    path = "/".join(["v1" if is_first else "v2", version, *rest])
    return (
        "The path lacks the version: the API is below /v2, the first one below /v1. Send"
        f" this to /{path}."
    )


def _too_many(call: RecentCall, scopes: Collection[str]) -> str:
    return (
        "Too many calls: a token may send 30 messages a minute to one room, and make 100 calls"
        " in 5 minutes (an add-on's 500). Wait until the time in X-Ratelimit-Reset or"
        " X-FloodControl-Reset; hipkit serve --no-rate-limits removes the limits."
    )


def _listed(words: Collection[str], last: str) -> str:
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


VERSIONS = ("v1", "v2")

OTHER_VERSION = {
    ("v2", "rooms"): "v1",
    ("v2", "users"): "v1",
    ("v1", "room"): "v2",
    ("v1", "user"): "v2",
}
"""The version that a path belongs to, by the one that it has and its next segment."""

UNREADABLE = {
    "speaks tls (https)": (
        "The program uses https, and this port is without TLS: configure http:// in the program,"
        " or start the server with TLS: hipkit serve --tls-cert."
    ),
    "invalid http request": (
        "What came is no HTTP request. A program of another protocol, or one that looks for open"
        " ports, sent it."
    ),
    "one host header": (
        "The program, or a proxy before the server, sends no Host header, or two of them: HTTP"
        " needs exactly one."
    ),
    "the host header": (
        "The program, or a proxy before the server, sends the name of another host, or none that"
        " can be one. Check the address that it is configured with."
    ),
    "is compressed": (
        "The body is compressed, which the API does not read: send it as it is, without"
        " Content-Encoding."
    ),
    "decoded as utf-8": (
        "The text is in another encoding, such as Latin-1: send it as UTF-8. The line above"
        " says where it ends to be UTF-8."
    ),
    "is said to be a form": (
        "The body is JSON, but its header says that it is a form, which is curl's default:"
        " send the header Content-Type: application/json."
    ),
    "parsed as valid json": (
        "The body is not valid JSON. The line above says where: often a shell removed the"
        " quotes, or a message holds a quote or a line end that is not escaped."
    ),
}
"""Advice on a body that cannot be read, by the words of the error."""

REASONS: dict[int, Reason] = {
    400: _invalid_request,
    401: _invalid_token,
    403: _forbidden,
    404: _not_found,
    405: "The path exists, but not with this method: compare GET, POST, PUT and DELETE.",
    408: "The body did not arrive in time. Check the network and proxies.",
    413: "The body or file is larger than this server accepts.",
    429: _too_many,
    501: "HipChat had this operation; this server does not implement it yet.",
    503: "The server could not store anything at that time. Try again.",
}

V1_REASONS: dict[int, Reason] = {
    401: _invalid_token,
    403: _too_many,
}
"""In version 1, 403 meant too many calls."""
