"""Advice on API calls: why one failed, and what to change in its program (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl

from hipkit.server.page.advice_on_fields import advice_on_field
from hipkit.server.page.advice_on_paths import advice_on_path, misspelt_path, version_of
from hipkit.server.services.access.missing import Missing
from hipkit.server.services.access.token_calls import SeenCall
from hipkit.server.services.errors import plain_words

__all__ = ["Advice", "advice_on"]

SCOPE = re.compile(r"u'([a-z_]+)'")


@dataclass(frozen=True, slots=True)
class Advice:
    """What to change, and the page on which some of it is done.

    Attributes:
        text: Sentences.
        label: What is done on that page; empty if there is none.
        address: Its path.
    """

    text: str
    label: str = ""
    address: str = ""


Reason = str | Callable[[SeenCall], Advice | str]
"""Advice, or a function that returns it for a call."""


def advice_on(seen: SeenCall) -> Advice | None:
    """Return advice on a call; `None` for one that succeeded with everything it sent.

    Args:
        seen: The call, and what belongs to it. One that succeeded may have a note on what was
            left out.
    """
    call = seen.call
    if call.status < 400:
        return Advice(plain_words(call.note)) if call.note else None
    if call.status >= 500 and call.status not in REASONS:
        return Advice(
            "This is an error of the server, not of the program. See the server's log."
        )
    by_status = V1_REASONS if version_of(call.target) == "v1" else REASONS
    reason = by_status.get(call.status) or REASONS.get(call.status)
    advice = reason(seen) if callable(reason) else reason
    return Advice(advice) if isinstance(advice, str) else advice


def _invalid_request(seen: SeenCall) -> str:
    call = seen.call
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
    return advice_on_field(plain_words(call.problem or "")) or (
        "A field is missing or has an invalid value. The line above names it; open the call to"
        " see the request."
    )


def _invalid_token(seen: SeenCall) -> Advice | str:
    call = seen.call
    if call.token_id is not None:
        # Version 1 answers 401 also if a token may not do something.
        return _forbidden(seen)
    names = {name for name, _ in call.headers}
    query = {name for name, _ in parse_qsl(call.target.partition("?")[2])}
    has_token = "authorization" in names or "auth_token" in query
    if version_of(call.target) == "v1":
        has_token = has_token or "auth_token" in call.request_body
    if not has_token:
        return (
            "The token is missing. Send it in the header Authorization: Bearer, or as auth_token="
            " in the query. Programs may lose the header when they follow a redirect to another"
            " host or scheme: configure the final address."
        )
    return Advice(
        "The token is unknown to this server, was revoked (or the token that it was created"
        " with), or has expired: tokens are valid for a year. Create a new one, or keep one of"
        f" the old HipChat: {KEEP_IN_ROOM}; for a program that looks rooms up, with"
        f" {LOOK_UP_SCOPES} instead of --room.",
        *TOKENS,
    )


def _forbidden(seen: SeenCall) -> Advice | str:
    problem = seen.call.problem or ""
    needed = SCOPE.findall(problem)
    if needed:
        return _lacks_scope(seen, needed)
    if "one room" in problem:
        room = f" {seen.call.room}" if seen.call.room else ""
        own = f" ({seen.token_room.name})" if seen.token_room else ""
        return Advice(
            f"The token is valid for one room only{own}, and this is another one"
            f"{room and ':'}{room}."
            " Use a personal token, or one of this room.",
            *TOKENS,
        )
    if "is archived" in problem:
        return Advice(
            "The room is archived and takes no new messages. Switch off Archived in the room's"
            " settings, or post to another room.",
            *(
                []
                if seen.room is None
                else [SETTINGS, f"/rooms/{seen.room.id}/settings"]
            ),
        )
    if "of the kinds" in problem:
        return Advice(
            "This operation does not accept this kind of token. If it requires a user's, create"
            " a personal token.",
            *TOKENS,
        )
    return "The token's owner lacks the permission for this in the room, or is not a member of it."


def _lacks_scope(seen: SeenCall, needed: Collection[str]) -> Advice:
    token = seen.token
    scopes = [] if token is None else sorted(token.scopes.split())
    if token is not None and token.kind == ROOM_NOTIFICATION:
        wanted = [*scopes, PREFERRED if PREFERRED in needed else next(iter(needed))]
        return Advice(
            "A room notification token can only send notifications to its room, and this needs"
            f" {_listed(needed, 'or')}: many programs look the room up before they post. Create"
            f" a personal token with {_listed(wanted, 'and')}; it posts as its owner."
            f" {_keep_value(token.id, wanted)}",
            *TOKENS,
        )
    has = f"has {_listed(scopes, 'and')}" if scopes else "has no scope"
    lacks = (
        f"The token lacks a scope: it {has}, and this needs {_listed(needed, 'or')}."
    )
    if token is not None and token.client_id is not None:
        return Advice(
            f"{lacks} The program has to request it, and its OAuth client to have it."
        )
    text = f"{lacks} The scopes of a token cannot be changed: create a new one."
    if token is not None:
        wanted = [*scopes, PREFERRED if PREFERRED in needed else next(iter(needed))]
        text += f" {_keep_value(token.id, wanted, token.user_id)}"
    return Advice(text, *TOKENS)


def _keep_value(
    token_id: int, scopes: Collection[str], user_id: int | None = None
) -> str:
    """Return how whoever runs the server gives a token's value other scopes."""
    options = "".join(f" --scope {scope}" for scope in scopes)
    return (
        f"To keep the token's value, run on the server: hipkit admin token revoke {token_id},"
        f" then hipkit admin token add --user {user_id or 'USER'}{options} --value @FILE."
    )


def _not_found(seen: SeenCall) -> Advice | str:
    call = seen.call
    if call.operation_id == "unknown":
        return advice_on_path(call.target)
    if seen.missing is None:
        return (
            "What the call names does not exist. Ids differ from those of the old HipChat: names"
            " and e-mail addresses are safer. Users are named by id, e-mail address or @mention."
        )
    if seen.missing.kind == "user":
        return _no_user(seen.missing)
    return _no_room(seen, seen.missing)


def _wrong_method(seen: SeenCall) -> str:
    return misspelt_path(seen.call.target) or (
        "The path exists, but not with this method: compare GET, POST, PUT and DELETE."
    )


def _no_room(seen: SeenCall, missing: Missing) -> Advice:
    misspelt = misspelt_path(seen.call.target) if "/" in missing.reference else None
    if misspelt is not None:
        return Advice(misspelt)
    if seen.room is not None:
        return Advice(
            f"A room {missing.reference} exists now: it was created after this call, or the"
            " token's owner is a guest and not a member of it."
        )
    if missing.id is not None:
        return Advice(
            f"No room has the id {missing.id}. Ids differ from those of the old HipChat: use the"
            " room's name in the program, or create a room with this id: hipkit admin room add"
            f" NAME --id {missing.id}."
        )
    near = f" Did you mean {missing.near}?" if missing.near else ""
    return Advice(
        f"No room is called {missing.reference}.{near} Change the room in the program, or"
        " create it.",
        *NEW_ROOM,
    )


def _no_user(missing: Missing) -> Advice:
    if missing.id is not None:
        return Advice(
            f"No user has the id {missing.id}. Ids differ from those of the old HipChat: use an"
            " e-mail address or an @mention in the program, or create a user with this id:"
            f" hipkit admin user add NAME --id {missing.id}.",
            *PEOPLE,
        )
    near = f" Did you mean {missing.near}?" if missing.near else ""
    return Advice(
        f"No user is called {missing.reference}.{near} Users are named by id, e-mail address or"
        " @mention.",
        *PEOPLE,
    )


def _too_many(seen: SeenCall) -> str:
    return (
        "Too many calls: a token may send 30 messages a minute to one room, and make 100 calls"
        " in 5 minutes (an add-on's 500). Wait until the time in X-Ratelimit-Reset or"
        " X-FloodControl-Reset; hipkit serve --no-rate-limits removes the limits."
    )


def _listed(words: Collection[str], last: str) -> str:
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


TOKENS = "Tokens", "/tokens"
NEW_ROOM = "New room", "/rooms/new"
PEOPLE = "People", "/people"
SETTINGS = "Room settings"
"""Pages, by what their links say."""

KEEP_IN_ROOM = "hipkit admin token add --room 'ROOM' --name NAME --value @FILE"
LOOK_UP_SCOPES = "--scope view_room --scope send_notification"
"""Never all scopes: whoever has a program's token could then do whatever the owner may."""

ROOM_NOTIFICATION = "room notification"
PREFERRED = "view_room"
"""Of several scopes that suffice, the one that permits least."""

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
    405: _wrong_method,
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
