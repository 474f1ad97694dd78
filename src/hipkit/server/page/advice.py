"""Says in words why a call failed, and what to change in the program that made it (pure).

Of a call that went well it says what was left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import parse_qsl

from hipkit.server.shared.recent_calls import RecentCall

__all__ = ["explain"]

SCOPE = re.compile(r"u'([a-z_]+)'")
FIRST_SEGMENT = re.compile(r"/*([^/?]*)")


def explain(call: RecentCall, scopes: Collection[str]) -> str | None:
    """Return what to do about a call; `None` for one that went well, with all that it sent.

    Args:
        call: The call.
        scopes: Those of the token that it came with.
    """
    if call.status < 400:
        return call.note
    if call.status >= 500 and call.status not in REASONS:
        return "The fault is this server's, not the program's. Its log tells more."
    by_status = V1_REASONS if _version(call) == "v1" else REASONS
    reason = by_status.get(call.status) or REASONS.get(call.status)
    return None if reason is None else reason(call, scopes)


def _version(call: RecentCall) -> str:
    match = FIRST_SEGMENT.match(call.target)
    return "" if match is None else match.group(1)


def _wrong_value(call: RecentCall, scopes: Collection[str]) -> str:
    if "content type" in (call.problem or "").lower():
        return (
            "The body's kind was not told or not understood: send the header"
            " Content-Type: application/json with a JSON body, or"
            " application/x-www-form-urlencoded with a form."
        )
    if not call.request_body and call.method in ("POST", "PUT"):
        return (
            "No body arrived. A program that follows a redirect from http to https loses it:"
            " give it the final address."
        )
    return (
        "A field is missing, or holds what this operation does not take. The line above names"
        " it; what was sent is below."
    )


def _bad_token(call: RecentCall, scopes: Collection[str]) -> str:
    if call.token_id is not None:
        # Version 1 has no other word for a token that may not do something.
        return _refused(call, scopes)
    names = {name for name, _ in call.headers}
    query = {name for name, _ in parse_qsl(call.target.partition("?")[2])}
    has_token = "authorization" in names or "auth_token" in query
    if _version(call) == "v1":
        has_token = has_token or "auth_token" in call.request_body
    if not has_token:
        return (
            "No token came along. Send the header Authorization: Bearer and the token, or"
            " auth_token= in the query. A program that follows a redirect to another host or"
            " scheme may lose the header: give it the final address."
        )
    return (
        "The token is not one of this server's, was revoked (or the one that it was made with),"
        " or is over: those made by people are good for a year. Make a new one under Tokens; a"
        " token of the old HipChat can be kept with: hipkit admin token add --value @FILE."
    )


def _refused(call: RecentCall, scopes: Collection[str]) -> str:
    problem = call.problem or ""
    needed = SCOPE.findall(problem)
    if needed:
        has = f"has {_listed(sorted(scopes), 'and')}" if scopes else "has no scope"
        return (
            f"The token lacks a scope: it {has}, and this needs {_listed(needed, 'or')}."
            " The scopes of a token do not change: make a new one under Tokens."
        )
    if "one room" in problem:
        return (
            "The token is bound to a room and good for that room alone. Use a personal token,"
            " or one made for this room."
        )
    if "of the kinds" in problem:
        return (
            "This operation is not for this kind of token. Where it says user, make a personal"
            " token under Tokens."
        )
    return "The token's owner may not do that in this room, or is no member of it."


def _not_found(call: RecentCall, scopes: Collection[str]) -> str:
    if _version(call) not in ("v1", "v2"):
        return "The path has no version: the API is below /v2, the old one below /v1."
    if call.operation_id == "unknown":
        return (
            "There is no such operation: look at the path. Names with a slash or a space"
            " need escapes, such as %2F and %20."
        )
    return (
        "What the path names is not here. Ids differ from those of the old HipChat: names and"
        " e-mail addresses are safer. Users are named by id, e-mail address or @mention."
    )


def _too_many(call: RecentCall, scopes: Collection[str]) -> str:
    return (
        "Too many at once: a token may send 30 messages a minute to one room, and make 100"
        " calls in 5 minutes (an add-on's 500). Wait for what X-Ratelimit-Reset or"
        " X-FloodControl-Reset says; hipkit serve --no-rate-limits takes the limits away."
    )


def _listed(words: Collection[str], last: str) -> str:
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


def _said(text: str) -> Callable[[RecentCall, Collection[str]], str]:
    return lambda call, scopes: text


REASONS: dict[int, Callable[[RecentCall, Collection[str]], str]] = {
    400: _wrong_value,
    401: _bad_token,
    403: _refused,
    404: _not_found,
    405: _said(
        "The path is right and the method is not: compare GET, POST, PUT and DELETE."
    ),
    408: _said("The body did not arrive in time. Look at the network and at proxies."),
    413: _said("The body or file is larger than this server takes."),
    429: _too_many,
    501: _said("HipChat had this operation; this server does not have it yet."),
    503: _said("The server could not store anything just then. Trying again is right."),
}

V1_REASONS: dict[int, Callable[[RecentCall, Collection[str]], str]] = {
    401: _bad_token,
    403: _too_many,
}
"""In version 1 too many calls were a 403."""
