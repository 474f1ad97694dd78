"""Advice on calls refused for their token: unknown, too weak, or used too often (pure)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection
from urllib.parse import parse_qsl

from hipkit.api.secret import HIDDEN
from hipkit.server.page.advice.paths import version_of
from hipkit.server.page.advice.text import (
    PEOPLE,
    TOKENS,
    Advice,
    codes,
    link_to_settings,
)
from hipkit.server.page.formatting import code
from hipkit.server.services.access.token_calls import SeenCall
from hipkit.server.services.representations.lines import one_line
from hipkit.server.shared.recent_calls import Limit
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = ["advice_on_limits", "advice_on_permission", "advice_on_token"]

SCOPE = re.compile(r"u'([a-z_]+)'")
NO_TOKEN = re.compile("Authenticated requests only|Auth token not found")
"""How the two versions say that no token came."""


def advice_on_token(seen: SeenCall) -> Advice:
    """Return advice on a call without a valid token, or in version 1 with one too weak."""
    call = seen.call
    if call.token_id is not None:
        # Version 1 answers 401 also if a token may not do something.
        return advice_on_permission(seen)
    header = next(
        (text for name, text in call.headers if name == "authorization"), None
    )
    query = {name for name, _ in parse_qsl(call.target.partition("?")[2])}
    has_token = "auth_token" in query
    if version_of(call.target) == "v1":
        has_token = has_token or "auth_token" in call.request_body
    if not has_token and header is not None:
        scheme = header.removesuffix(HIDDEN).strip()
        if scheme.lower() != "bearer":
            return _wrong_scheme(scheme)
        has_token = NO_TOKEN.search(call.problem or "") is None
    if not has_token:
        return Advice(
            "The token is missing. Send it in the header"
            f" {code('Authorization: Bearer TOKEN')}, or as {code('auth_token=TOKEN')} in the"
            " query. Programs may lose the header when they follow a redirect to another host or"
            " scheme: configure the final address."
        )
    return Advice(
        "The token is unknown to this server, was revoked (or the token that it was created"
        " with), or has expired: tokens are valid for a year. Create a new one, or keep one of"
        " the old HipChat with the command below; for a program that looks rooms up, with"
        f" {code(LOOK_UP_SCOPES)} instead of {code('--room')}.",
        *TOKENS,
        commands=(KEEP_IN_ROOM,),
    )


def _wrong_scheme(scheme: str) -> Advice:
    wanted = f"send {code('Authorization: Bearer TOKEN')}"
    if not scheme:
        return Advice(
            f"The header {code('Authorization')} has no scheme before the token: {wanted}."
        )
    if scheme.lower() == "basic":
        return Advice(
            f"The header's scheme is {code(scheme)}, for a name and a password, and this needs a"
            f" token: {wanted}. An OAuth client's id and secret are for"
            f" {code('POST /v2/oauth/token')} only."
        )
    return Advice(
        f"The header's scheme is {code(scheme)}, and HipChat's is {code('Bearer')}: {wanted}."
    )


def advice_on_permission(seen: SeenCall) -> Advice:
    """Return advice on a call whose token does not permit it."""
    problem = seen.call.problem or ""
    needed = SCOPE.findall(problem)
    if needed:
        return _lacks_scope(seen, needed)
    for sign, advise in REFUSALS.items():
        if sign in problem:
            return advise(seen)
    return Advice("The token's owner may not do this: the line above says why.")


def _other_room(seen: SeenCall) -> Advice:
    """Return advice on a call with the token of one room that names another, or none."""
    own = f" {code(one_line(seen.token_room.name))}" if seen.token_room else ""
    missing = seen.missing
    if missing is not None:
        named = "has the id" if missing.id is not None else "is called"
        return Advice(
            f"No room {named} {code(missing.reference)}, and the token is for the room{own} only:"
            " change the room in the program."
        )
    if not seen.call.room:
        return Advice(
            f"The token is valid for the room{own} only, and this concerns all rooms: use a"
            " personal token.",
            *TOKENS,
        )
    return Advice(
        f"The token is valid for the room{own} only, and the program names another one:"
        f" {code(seen.call.room)}. Change the room in the program, or use a personal token, or one"
        " of that room.",
        *TOKENS,
    )


def _archived(seen: SeenCall) -> Advice:
    return Advice(
        "The room is archived and takes no new messages. Switch off Archived in the room's"
        " settings, or post to another room.",
        *_settings(seen),
    )


def _private(seen: SeenCall) -> Advice:
    text = f"The room is private, and {_owner(seen)} is not a member of it. "
    if seen.room is None:
        # The viewer cannot see the room either.
        return Advice(f"{text}Whoever administers the room can add them.")
    return Advice(
        f"{text}Add them in the room's settings, or on the server:",
        *_settings(seen),
        commands=_add_member(seen),
    )


def _not_administered(seen: SeenCall) -> Advice:
    text = f"Only administrators of the room may do this, and {_owner(seen)} is none. "
    if seen.room is None:
        return Advice(f"{text}Use a token of somebody who is.")
    return Advice(
        f"{text}Make them one in the room's settings, or on the server:",
        *_settings(seen),
        commands=_add_member(seen, " --admin"),
    )


def _no_administrator(seen: SeenCall) -> Advice:
    return Advice(
        f"Only administrators of the group may do this, and {_owner(seen)} is none. Use an"
        " administrator's token, or make the owner one.",
        *PEOPLE,
    )


def _wrong_kind(seen: SeenCall) -> Advice:
    return Advice(
        "This operation does not accept this kind of token. If it requires a user's, create"
        " a personal token.",
        *TOKENS,
    )


def _owner(seen: SeenCall) -> str:
    if seen.owner is None:
        return "the token's owner"
    return f"the token's owner {code(one_line(seen.owner.name))}"


def _settings(seen: SeenCall) -> tuple[str, str]:
    return link_to_settings(None if seen.room is None else seen.room.id)


def _add_member(seen: SeenCall, option: str = "") -> tuple[str, ...]:
    if seen.room is None or seen.owner is None:
        return ()
    room, user = quoted(seen.room.name), f"@{seen.owner.mention_name}"
    return (f"hipkit admin room member {room} {user}{option}",)


def _lacks_scope(seen: SeenCall, needed: Collection[str]) -> Advice:
    token = seen.token
    scopes = [] if token is None else sorted(token.scopes.split())
    wanted = [*scopes, PREFERRED if PREFERRED in needed else next(iter(needed))]
    if token is not None and token.kind == ROOM_NOTIFICATION:
        return Advice(
            "A room notification token can only send notifications to its room, and this needs"
            f" {codes(needed, 'or')}: many programs look the room up before they post. Create"
            f" a personal token with {codes(wanted, 'and')}; it posts as its owner. {KEEP}",
            *TOKENS,
            commands=_keep_value(token, wanted),
        )
    has = f"has {codes(scopes, 'and')}" if scopes else "has no scope"
    lacks = f"The token lacks a scope: it {has}, and this needs {codes(needed, 'or')}."
    if token is None:
        return Advice(f"{lacks} {UNCHANGEABLE}", *TOKENS)
    if token.client_id is not None:
        return Advice(
            f"{lacks} The program has to request it, and its OAuth client to have it."
        )
    return Advice(
        f"{lacks} {UNCHANGEABLE} {KEEP}", *TOKENS, commands=_keep_value(token, wanted)
    )


def _keep_value(token: TokenRecord, scopes: Collection[str]) -> tuple[str, ...]:
    """Return how whoever runs the server gives a token's value other scopes."""
    add = f"hipkit admin token add --user {token.user_id or 'USER'}"
    for scope in scopes:
        add += f" --scope {scope}"
    if token.name:
        add += f" --name {quoted(token.name)}"
    return f"hipkit admin token revoke {token.id}", f"{add} --value @FILE"


def quoted(text: str) -> str:
    """Return a text as one word of a command for a shell."""
    return shlex.quote(one_line(text))


def advice_on_limits(seen: SeenCall) -> Advice:
    """Return advice on a call that was one too many: which limit it exceeded."""
    exceeded = seen.call.exceeded
    if exceeded is None:
        return Advice("Too many calls at once. Wait, and send fewer.")
    kind, limit = exceeded
    if kind == "calls of an address":
        return Advice(
            f"Too many calls: one address may make {limit} a minute, whatever its tokens."
            f" Make fewer, or raise {code('calls_a_minute')} in {code('[senders]')}."
        )
    text, option = LIMITS[kind]
    return Advice(
        f"{text.format(limit)} {code(f'hipkit serve --{option}')} changes this limit,"
        f" {code('--no-rate-limits')} removes all."
    )


KEEP_IN_ROOM = "hipkit admin token add --room 'ROOM' --name NAME --value @FILE"
LOOK_UP_SCOPES = "--scope view_room --scope send_notification"
"""Never all scopes: whoever has a program's token could then do whatever the owner may."""

UNCHANGEABLE = "The scopes of a token cannot be changed: create a new one."
KEEP = "To keep the token's value, run on the server:"

ROOM_NOTIFICATION = "room notification"
PREFERRED = "view_room"
"""Of several scopes that suffice, the one that permits least."""

REFUSALS: dict[str, Callable[[SeenCall], Advice]] = {
    "one room": _other_room,
    "is archived": _archived,
    "room is private": _private,
    "this room's owner and administrators": _not_administered,
    "the group's administrators": _no_administrator,
    "of the kinds": _wrong_kind,
    "needs a user's token": _wrong_kind,
}
"""Advice by the words of the error."""

LIMITS: dict[Limit, tuple[str, str]] = {
    "messages": (
        "Too many messages: one token may send {} a minute to one room or user. Send fewer, or"
        " wait until the time in X-FloodControl-Reset.",
        "messages",
    ),
    "user calls": (
        "Too many calls: a user's token may make {} in a window, by default"
        " five minutes. Make fewer, or wait until the time in X-Ratelimit-Reset.",
        "user-calls",
    ),
    "client calls": (
        "Too many calls: the token of a room or an add-on may make {} in a window, by default"
        " five minutes. Make fewer, or wait until the time in X-Ratelimit-Reset.",
        "client-calls",
    ),
    "strangers' calls": (
        "Too many calls: without a valid token, one network may make {} in a window, by default"
        " five minutes. Send a valid token, or wait until the time in X-Ratelimit-Reset.",
        "user-calls",
    ),
}
"""What each limit is, and the option of `hipkit serve` that changes it."""
