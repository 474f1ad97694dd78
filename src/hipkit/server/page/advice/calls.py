"""Advice on API calls: why one failed, and what to change in its program (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable

from hipkit.server.page.advice.access import (
    advice_on_limits,
    advice_on_permission,
    advice_on_token,
)
from hipkit.server.page.advice.fields import advice_on_field
from hipkit.server.page.advice.paths import advice_on_path, misspelt_path, version_of
from hipkit.server.page.advice.text import NEW_ROOM, PEOPLE, TOKENS, Advice, codes
from hipkit.server.page.formatting import code, plain
from hipkit.server.services.access.missing import Missing
from hipkit.server.services.access.token_calls import SeenCall
from hipkit.server.services.errors import plain_words

__all__ = ["Advice", "advice_on"]

METHODS = re.compile(r"this path takes ([A-Z, ]+)")

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
        return Advice(plain(plain_words(call.note))) if call.note else None
    if call.status >= 500 and call.status not in REASONS:
        return Advice(
            "This is an error of the server, not of the program. See the server's log."
        )
    for sign, text in OF_SENDERS.items():
        if sign in (call.problem or ""):
            return Advice(text, *TOKENS)
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
            f" {code('Content-Type: application/json')} with a JSON body, or"
            f" {code('application/x-www-form-urlencoded')} with a form."
        )
    if not call.request_body and call.method in ("POST", "PUT"):
        return (
            "The body is missing. Programs lose it when they follow a redirect from"
            f" {code('http')} to {code('https')}: configure the final address."
        )
    is_v1 = version_of(call.target) == "v1"
    return advice_on_field(plain_words(call.problem or ""), is_v1=is_v1) or (
        "A field is missing or has an invalid value. The line above names it; open the call to"
        " see the request."
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
    misspelt = misspelt_path(seen.call.target)
    if misspelt is not None:
        return misspelt
    listed = METHODS.search(seen.call.problem or "")
    allowed = listed[1].split(", ") if listed else ["GET", "POST", "PUT", "DELETE"]
    return (
        f"The path exists, but not with the method {code(seen.call.method)}: send"
        f" {codes(allowed, 'or')}."
    )


def _no_room(seen: SeenCall, missing: Missing) -> Advice:
    misspelt = misspelt_path(seen.call.target) if "/" in missing.reference else None
    if misspelt is not None:
        return Advice(misspelt)
    if seen.room is not None:
        return Advice(
            f"A room {code(missing.reference)} exists now: it was created after this call, or the"
            " token's owner is a guest and not a member of it."
        )
    if missing.id is not None:
        return Advice(
            f"No room has the id {code(missing.id)}. Ids differ from those of the old HipChat:"
            " use the room's name in the program, or create a room with this id:",
            commands=(f"hipkit admin room add NAME --id {missing.id}",),
        )
    near = f" Did you mean {code(missing.near)}?" if missing.near else ""
    return Advice(
        f"No room is called {code(missing.reference)}.{near} Change the room in the program, or"
        " create it.",
        *NEW_ROOM,
    )


def _no_user(missing: Missing) -> Advice:
    if missing.id is not None:
        return Advice(
            f"No user has the id {code(missing.id)}. Ids differ from those of the old HipChat:"
            " use an e-mail address or an @mention in the program, or create a user with this id:",
            *PEOPLE,
            commands=(f"hipkit admin user add NAME --id {missing.id}",),
        )
    near = f" Did you mean {code(missing.near)}?" if missing.near else ""
    return Advice(
        f"No user is called {code(missing.reference)}.{near} Users are named by id, e-mail"
        " address or @mention.",
        *PEOPLE,
    )


UNREADABLE = {
    "speaks tls (https)": (
        "The program uses https, and this port is without TLS: configure `http://` in the"
        " program, or start the server with TLS: `hipkit serve --tls-cert`."
    ),
    "invalid http request": (
        "What came is no HTTP request. A program of another protocol, or one that looks for open"
        " ports, sent it."
    ),
    "one host header": (
        "The program, or a proxy before the server, sends no `Host` header, or two of them: HTTP"
        " needs exactly one."
    ),
    "the host header": (
        "The program, or a proxy before the server, sends the name of another host, or none that"
        " can be one. Check the address that it is configured with."
    ),
    "is compressed": (
        "The body is compressed, which the API does not read: send it as it is, without"
        " `Content-Encoding`."
    ),
    "decoded as utf-8": (
        "The text is in another encoding, such as Latin-1: send it as UTF-8. The line above"
        " says where it ends to be UTF-8."
    ),
    "is said to be a form": (
        "The body is JSON, but its header says that it is a form, which is curl's default:"
        " send the header `Content-Type: application/json`."
    ),
    "parsed as valid json": (
        "The body is not valid JSON. The line above says where: often a shell removed the"
        " quotes, or a message holds a quote or a line end that is not escaped."
    ),
}
"""Advice on a body that cannot be read, by the words of the error."""

OF_SENDERS = {
    "Programs may not send from": (
        "The token is not stored here, and in relay mode such tokens are taken from some addresses"
        " only. Add the program's network to `accept` in `[senders]` of the relay's file, list its"
        " token there, or create one here. Behind a proxy, `--trusted-proxy` is needed too."
    ),
    "Programs that are not set up here": (
        "The token is not stored here: in relay mode such a program may send, and read lists of"
        " rooms and users. If it needs more, create a token for it."
    ),
}
"""Advice on calls of senders in relay mode, by the words of the error."""

REASONS: dict[int, Reason] = {
    400: _invalid_request,
    401: advice_on_token,
    403: advice_on_permission,
    404: _not_found,
    405: _wrong_method,
    408: "The body did not arrive in time. Check the network and proxies.",
    413: "The body or file is larger than this server accepts.",
    429: advice_on_limits,
    501: "HipChat had this operation; this server does not implement it yet.",
    503: "The server could not store anything at that time. Try again.",
    507: "A limit of relay mode is reached. The line above says which setting raises it.",
}

V1_REASONS: dict[int, Reason] = {
    401: advice_on_token,
    403: advice_on_limits,
}
"""In version 1, 403 meant too many calls."""
