"""Matrix: one event for each message, by the client API of a homeserver (pure).

An event is sent under the message's id as transaction id, so that the homeserver itself drops what
it is sent again: tried with Synapse, also after restarts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

import msgspec

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import cut_line, fit, json_bytes
from hipkit.relay.markup.escaping import defuse
from hipkit.relay.markup.html import write_html
from hipkit.relay.markup.marked_text import plain_text
from hipkit.relay.markup.tree import Node
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets.answers import describe, judge_status, read_object, read_wait
from hipkit.relay.targets.parts import COLORS, emoji_of, mentioned, message_nodes
from hipkit.relay.targets.protocol import (
    PLACE,
    Answer,
    FindsPlace,
    HttpCall,
    Limit,
    RenderOptions,
    Reply,
    Settings,
    Target,
    Verdict,
)

__all__ = ["Matrix", "MatrixSettings"]

MOST_PLAIN_BYTES = 16_000
MOST_HTML_BYTES = 40_000
"""In bytes of JSON. An event may have 65,536 with all that homeservers add to it."""
MOST_HEAD = 200
MOST_NAME = 200
MOST_MENTIONS = 20
ERRORS: dict[str, Verdict] = {
    "M_BAD_JSON": "content",
    "M_INVALID_PARAM": "content",
    "M_LIMIT_EXCEEDED": "later",
    "M_NOT_JSON": "content",
    "M_TOO_LARGE": "content",
}
"""What codes mean whose statuses do not say it, or not on every homeserver."""
USER = re.compile(r"@[^:\s]{1,200}:[^\s]{1,200}")
CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
ROOM = re.compile(r"[!#][^\s\x00-\x1f]{1,254}")
"""Ids of rooms and aliases say no more about themselves: newer ids have no `:server`."""


class MatrixSettings(Settings, frozen=True, kw_only=True):
    """A room, and the user who writes into it."""

    homeserver: str
    """The address of the client API, such as `https://matrix.example.com`."""
    room: str
    """The room's id or an alias, such as `#alerts:example.com`."""
    token: Secret
    """The access token of a user who is in the room, was invited, or may join."""

    def __post_init__(self) -> None:
        address = urlsplit(self.homeserver)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError(
                "homeserver is no address: it is like https://matrix.example.com"
            )
        if address.username is not None or address.query or address.fragment:
            raise ValueError("homeserver is an address without a user, `?` or `#`")
        if not ROOM.fullmatch(self.room):
            raise ValueError(
                "room is neither an id (!...) nor an alias (#alerts:example.com)"
            )


class Matrix(Target[MatrixSettings], FindsPlace[MatrixSettings]):
    """A room of Matrix."""

    name: ClassVar[str] = "matrix"
    settings: ClassVar[type[Settings]] = MatrixSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = True
    can_tell_repeats: ClassVar[bool] = True
    uploads_bytes: ClassVar[int] = 20_000_000
    limits: ClassVar[tuple[Limit, ...]] = (Limit(place="", most=65_536, unit="bytes"),)

    def render(
        self, message: RelayMessage, settings: MatrixSettings, options: RenderOptions
    ) -> HttpCall:
        """Return the event; refused before, it is text without a thread."""
        event = _event(message, options)
        place = quote(options.references.get(PLACE, settings.room), safe="")
        txn = quote(message.id, safe="")
        path = f"/rooms/{place}/send/m.room.message/{txn}"
        return _call("PUT", settings, path, msgspec.json.encode(event))

    def render_place(self, settings: MatrixSettings) -> HttpCall:
        """Return the request to join the room. Whoever is in it is told its id, and no more."""
        return _call("POST", settings, f"/join/{quote(settings.room, safe='')}", b"{}")

    def read_place(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the room's id."""
        return _read(reply, "room_id")

    def render_check(self, settings: MatrixSettings) -> HttpCall:
        """Return the question whose token it is."""
        url = _url(settings, "/client/v3/account/whoami")
        return HttpCall(method="GET", url=url, headers=(_authorization(settings),))

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the user."""
        return _read(reply, "user_id")

    def render_upload(self, file: RelayFile, settings: MatrixSettings) -> HttpCall:
        """Return the upload of a file."""
        name = quote(file.name, safe="", errors="replace")
        return HttpCall(
            method="POST",
            url=_url(settings, f"/media/v3/upload?filename={name}"),
            headers=(_authorization(settings), ("Content-Type", _type(file))),
            file=file,
        )

    def read_upload(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the file's `mxc` address."""
        return _read(reply, "content_uri")

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the event's id."""
        return _read(reply, "event_id")

    def host(self, settings: MatrixSettings) -> str:
        """Return the homeserver's host."""
        return urlsplit(settings.homeserver).hostname or ""


def _event(message: RelayMessage, options: RenderOptions) -> dict[str, Any]:
    """Return what an event holds, within the limit of an event."""
    is_loud = message.loud or message.kind == "message"
    first, address = _uploaded(message, options)
    nodes = message_nodes(
        message, [file for file in message.files if file is not first]
    )
    event: dict[str, Any] = {
        "msgtype": "m.text" if is_loud and options.notify != "never" else "m.notice",
        "body": _plain(message, nodes),
        # Present even if empty: without it old rules of notification look into the text.
        "m.mentions": _mentions(message, options),
    }
    if options.plain:
        return event
    event["format"] = "org.matrix.custom.html"
    event["formatted_body"] = _html(message, nodes, options)
    if first is not None:
        event |= {
            "msgtype": "m.image" if first.is_picture else "m.file",
            "url": address,
            "filename": cut_line(first.name, MOST_NAME),
            "info": {"mimetype": _type(first), "size": first.size_bytes},
        }
    root = options.references.get(message.thread or "")
    if root is not None:
        event["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root},
        }
    return event


def _uploaded(
    message: RelayMessage, options: RenderOptions
) -> tuple[RelayFile | None, str | None]:
    """Return the first file that was uploaded: an event carries one, with a text below it."""
    for file in () if options.plain else message.files:
        if address := options.references.get(file.key):
            return file, address
    return None, None


def _plain(message: RelayMessage, nodes: Sequence[Node]) -> str:
    """Return what programs without HTML show, and what a phone's notification says."""
    emoji = f"{emoji_of(message.color)} " if message.color else ""
    head = cut_line(" · ".join(filter(None, (message.label, message.title))), MOST_HEAD)
    head = f"{emoji}{defuse(head)}: "
    limit = MOST_PLAIN_BYTES - json_bytes(head)
    return head + fit(nodes, plain_text, limit, measure=json_bytes, link=message.link)


def _html(message: RelayMessage, nodes: Sequence[Node], options: RenderOptions) -> str:
    """Return the HTML: a bar in the colour, label and title, and below them the text."""
    bar = ""
    if message.color is not None:
        bar = f'<span data-mx-color="{COLORS[message.color]}">▌</span> '
    label = f"<strong>{_escaped(cut_line(message.label, MOST_HEAD))}</strong>"
    title = (
        f" · {_escaped(cut_line(message.title, MOST_HEAD))}" if message.title else ""
    )
    head = f"{bar}{label}{title}<br>"
    known = {} if options.notify == "never" else options.mentions

    def write(part: Sequence[Node]) -> str:
        return write_html(
            part,
            write_text=_escaped,
            write_mention=lambda name: _mention(name, known),
        )

    limit = MOST_HTML_BYTES - json_bytes(head)
    return head + fit(nodes, write, limit, measure=json_bytes, link=message.link)


def _escaped(text: str) -> str:
    """Return a text as HTML. Its `@` would ring in a chat that a bridge leads to from Matrix."""
    return escape(defuse(text))


def _mention(name: str, known: Mapping[str, str]) -> str:
    user = known.get(name)
    if user is None or not USER.fullmatch(user):
        return _escaped(f"@{name}")
    return f'<a href="https://matrix.to/#/{quote(user, safe="@:")}">@{escape(name)}</a>'


def _mentions(message: RelayMessage, options: RenderOptions) -> dict[str, Any]:
    """Return whom the event reaches: users whom the route maps, and the room where it may be."""
    if options.notify == "never":
        return {}
    found: dict[str, Any] = {}
    users = {
        user
        for name in mentioned(message.body)
        if USER.fullmatch(user := options.mentions.get(name, ""))
    }
    if users:
        found["user_ids"] = sorted(users)[:MOST_MENTIONS]
    if message.loud and options.notify == "mention":
        found["room"] = True
    return found


def _read(reply: Reply, member: str) -> Answer:
    """Return what an answer means; a success must hold a reference in the named member."""
    found = read_object(reply)
    code = found.get("errcode")
    verdict = judge_status(reply.status)
    if verdict == "delivered":
        reference = found.get(member)
        if isinstance(reference, str):
            return Answer(verdict="delivered", reference=reference)
        return Answer(verdict="route", problem="the address is not a homeserver's")
    if isinstance(code, str):
        verdict = ERRORS.get(code, verdict)
    return Answer(
        verdict=verdict,
        problem=describe(reply.status, code),
        wait_seconds=_wait(reply, found) if verdict == "later" else None,
    )


def _wait(reply: Reply, found: Mapping[str, Any]) -> float | None:
    """Return how long the homeserver asks to wait: newer ones by the header, older in the body."""
    return read_wait(reply, found.get("retry_after_ms"), per_second=1000)


def _type(file: RelayFile) -> str:
    """Return a file's type as it may stand in a header."""
    found = file.content_type
    return found if CONTENT_TYPE.fullmatch(found) else "application/octet-stream"


def _call(
    method: Literal["POST", "PUT"], settings: MatrixSettings, path: str, body: bytes
) -> HttpCall:
    return HttpCall(
        method=method,
        url=_url(settings, f"/client/v3{path}"),
        headers=(_authorization(settings), ("Content-Type", "application/json")),
        body=body,
    )


def _url(settings: MatrixSettings, path: str) -> Secret:
    return Secret(f"{settings.homeserver.rstrip('/')}/_matrix{path}")


def _authorization(settings: MatrixSettings) -> tuple[str, str]:
    return "Authorization", f"Bearer {settings.token.reveal()}"
