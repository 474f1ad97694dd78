"""Discord: a webhook of a channel (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import msgspec

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import (
    count_characters,
    escaped_line,
    fit,
    utf16_units,
)
from hipkit.relay.markup.dialect import MARKDOWN, NO_MARKER, Dialect
from hipkit.relay.markup.escaping import (
    code_with_gaps,
    defuse,
    escape_markdown_line,
    pre_with_gaps,
)
from hipkit.relay.markup.marked_text import write_marked
from hipkit.relay.markup.tree import Element, Node, Text
from hipkit.relay.message import RelayCard, RelayFile, RelayMessage
from hipkit.relay.targets.answers import describe, read_object, read_status, read_wait
from hipkit.relay.targets.calls import (
    check_address,
    form_call,
    get_call,
    host_of,
    json_call,
    with_query,
)
from hipkit.relay.targets.parts import (
    COLORS,
    attribute_value,
    card_picture,
    file_nodes,
    message_nodes,
    room_beside,
    text_nodes,
    with_sent_files,
)
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["Discord", "DiscordSettings"]

MOST_CONTENT = 2_000
MOST_NAME = 80
MOST_TITLE = 256
MOST_DESCRIPTION = 4_096
MOST_OF_CARD = 2_500
"""Of a card's description: its fields need room as well."""
MOST_FIELDS = 25
MOST_VALUE = 300
MOST_FOOTER = 200
MOST_EMBED = 6_000
"""All text of an embed together, in UTF-16 units like the others."""
EVERYBODY = "@here"
NO_TEXT = "\u200b"
SUPPRESS_EMBEDS = 1 << 2
SUPPRESS_NOTIFICATIONS = 1 << 12

IN_TEXT = re.compile(r"[\\`*~\[\]|<]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""Discord knows no `&lt;`: brackets have a backslash like all marks."""
FORBIDDEN = re.compile(r"clyde|discord|^(everyone|here)$", re.IGNORECASE)
"""What a name must not have; Discord refuses the whole message."""
USER = re.compile(r"[0-9]{5,25}")
ROLE = re.compile(r"&[0-9]{5,25}")
OF_THE_ROUTE = frozenset({10003, 10004, 10015, 50013, 50027, 220001, 220003})
"""Codes that mean the webhook, its channel or its thread, whatever the status is."""


def _escaped(text: str) -> str:
    return IN_TEXT.sub(r"\\\g<0>", defuse(text))


def _line(line: str) -> str:
    """Return a line that begins with none of Discord's marks, `-#` for small print included."""
    return f"\\{line}" if line.startswith("-#") else escape_markdown_line(line)


DIALECT = replace(
    MARKDOWN,
    escape=_escaped,
    escape_line=_line,
    code=lambda text: code_with_gaps(defuse(text)),
    pre=lambda text: pre_with_gaps(defuse(text)),
    has_tables=False,
)
PLAIN = replace(
    DIALECT,
    bold=NO_MARKER,
    italic=NO_MARKER,
    strike=NO_MARKER,
    code=_escaped,
    pre=_escaped,
)


class DiscordSettings(Settings, frozen=True, kw_only=True):
    """A webhook of a channel."""

    url: Secret
    """The webhook's address, `https://discord.com/api/webhooks/...`."""
    thread: str | None = None
    """The id of a thread in the channel, or of a post in a forum."""

    def __post_init__(self) -> None:
        check_address("url", self.url.reveal())
        if self.thread is not None and not USER.fullmatch(self.thread):
            raise ValueError("thread is no id: digits only, see Copy Thread ID")


class Discord(Target[DiscordSettings]):
    """A webhook of Discord. Replies are not in threads: those are channels of their own there."""

    name: ClassVar[str] = "discord"
    settings: ClassVar[type[Settings]] = DiscordSettings
    pace_seconds: ClassVar[float] = 0.5
    is_idempotent: ClassVar[bool] = False
    uploads_bytes: ClassVar[int] = 10_000_000
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="content", most=MOST_CONTENT, unit="utf16"),
        Limit(place="username", most=MOST_NAME, unit="utf16"),
        Limit(place="embeds", most=1, unit="items"),
        Limit(place="embeds[].title", most=MOST_TITLE, unit="utf16"),
        Limit(place="embeds[].description", most=MOST_DESCRIPTION, unit="utf16"),
        Limit(place="embeds[].author.name", most=MOST_TITLE, unit="utf16"),
        Limit(place="embeds[].footer.text", most=MOST_FOOTER, unit="utf16"),
        Limit(place="embeds[].fields", most=MOST_FIELDS, unit="items"),
        Limit(place="embeds[].fields[].name", most=MOST_TITLE, unit="utf16"),
        Limit(place="embeds[].fields[].value", most=MOST_VALUE, unit="utf16"),
    )

    def render(
        self, message: RelayMessage, settings: DiscordSettings, options: RenderOptions
    ) -> HttpCall:
        """Return the message; refused before, it is plain text without a name."""
        return json_call(_address(settings), _body(message, options))

    def render_upload(self, file: RelayFile, settings: DiscordSettings) -> HttpCall:
        """Return a message with the file alone; it rings nowhere, as the text after it may."""
        body = {"allowed_mentions": {"parse": []}, "flags": SUPPRESS_NOTIFICATIONS}
        fields = {"payload_json": msgspec.json.encode(body).decode()}
        return form_call(_address(settings), fields, file, name="files[0]")

    def read_upload(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the id of the file's message."""
        answer, found = self.read(reply), read_object(reply)
        if answer.verdict != "delivered":
            return answer
        if not found.get("attachments"):
            return Answer(verdict="content", problem="the answer names no file")
        return replace(answer, reference=found["id"])

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means: with `wait=true` a success has the message's id."""
        found = read_object(reply)
        code: Any = found.get("code")
        code = code if type(code) is int else None
        answer = read_status(reply)
        if answer.verdict == "delivered":
            if isinstance(found.get("id"), str):
                return answer
            return Answer(verdict="route", problem="the address leads to no webhook")
        if answer.verdict == "content" and code in OF_THE_ROUTE:
            answer = replace(answer, verdict="route")
        if code is not None:
            problem = f"{describe(reply.status)}, code {code}"
            answer = replace(answer, problem=problem)
        if answer.verdict == "later":
            answer = replace(
                answer, wait_seconds=read_wait(reply, found.get("retry_after"))
            )
        return answer

    def render_check(self, settings: DiscordSettings) -> HttpCall:
        """Return the question which webhook it is."""
        return get_call(settings.url.reveal())

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        return self.read(reply)

    def host(self, settings: DiscordSettings) -> str:
        """Return the host of the webhook."""
        return host_of(settings.url.reveal())


def _address(settings: DiscordSettings) -> str:
    query = {"wait": "true", "thread_id": settings.thread}
    return with_query(settings.url.reveal(), query)


def _body(message: RelayMessage, options: RenderOptions) -> dict[str, object]:
    message = with_sent_files(message, options)
    calls_all = message.loud and options.notify == "mention"
    start = f"{EVERYBODY} " if calls_all else ""
    mentions = _mentions(options)
    body: dict[str, object] = {
        "allowed_mentions": _allowed(mentions, calls_all=calls_all),
        "flags": _flags(message, options),
    }
    limit = MOST_CONTENT - len(start)
    if options.plain:
        lines = filter(None, (message.label, message.title))
        head = [node for line in lines for node in (Text(line), Element(tag="br"))]
        nodes: Sequence[Node] = (*head, *message_nodes(message))
        text = _fitted(nodes, limit, message, dialect=PLAIN)
        return body | {"content": start + (text or NO_TEXT)}
    name = escaped_line(message.label, MOST_NAME, defuse, utf16_units)
    is_allowed = FORBIDDEN.search(name) is None
    body |= {
        "username": name if is_allowed else None,
        "avatar_url": message.avatar_url,
    }
    if _needs_embed(message):
        beside = () if message.card is None else text_nodes(message)
        text = _fitted(beside, limit, message, mentions)
        embed = _embed(message, None if is_allowed else name)
        return body | {"content": (start + text).strip() or None, "embeds": [embed]}
    label = Element(tag="b", children=(Text(message.label),))
    head = [] if is_allowed else [label, Element(tag="br")]
    nodes = (*head, *message.body, *file_nodes(message.files))
    text = _fitted(nodes, limit, message, mentions)
    # An address in the text is no reason to fetch a page and show it.
    body["flags"] = _flags(message, options) | SUPPRESS_EMBEDS
    return body | {"content": start + (text or NO_TEXT)}


def _needs_embed(message: RelayMessage) -> bool:
    """Return whether a message has more than a text, or one that is too long for a text."""
    return bool(
        message.color
        or message.title
        or message.card
        or count_characters(message.body) > MOST_CONTENT
    )


def _flags(message: RelayMessage, options: RenderOptions) -> int:
    is_quiet = message.kind != "message" and not message.loud
    return SUPPRESS_NOTIFICATIONS if is_quiet or options.notify == "never" else 0


def _mentions(options: RenderOptions) -> Mapping[str, str]:
    """Return Discord's markup for users and roles, by mention name."""
    if options.notify == "never":
        return {}
    return {
        name: f"<@{user}>"
        for name, user in options.mentions.items()
        if USER.fullmatch(user) or ROLE.fullmatch(user)
    }


def _allowed(mentions: Mapping[str, str], *, calls_all: bool) -> dict[str, object]:
    """Return whom the text may ring: whom the route maps, and everybody where it says so."""
    ids = sorted({written[2:-1] for written in mentions.values()})[:100]
    allowed: dict[str, object] = {"parse": ["everyone"] if calls_all else []}
    if users := [each for each in ids if not each.startswith("&")]:
        allowed["users"] = users
    if roles := [each[1:] for each in ids if each.startswith("&")]:
        allowed["roles"] = roles
    return allowed


def _fitted(
    nodes: Sequence[Node],
    limit: int,
    message: RelayMessage,
    mentions: Mapping[str, str] | None = None,
    dialect: Dialect = DIALECT,
) -> str:
    def write(part: Sequence[Node]) -> str:
        return write_marked(part, dialect, mentions or {})

    return fit(nodes, write, limit, measure=utf16_units, link=message.link)


def _embed(message: RelayMessage, name: str | None) -> dict[str, object]:
    card = message.card
    title, author = message.title, name
    nodes: Sequence[Node] = message.body
    most = MOST_DESCRIPTION
    if card is not None:
        title = card.title or card.url
        author = " · ".join(filter(None, (name, message.title)))
        nodes, most = card.description, MOST_OF_CARD
    embed: dict[str, Any] = {
        "color": int(COLORS[message.color][1:], 16) if message.color else None,
        "author": _named("name", author, MOST_TITLE),
        "title": escaped_line(title or "", MOST_TITLE, _escaped, utf16_units),
        "description": _fitted((*nodes, *file_nodes(message.files)), most, message),
        "footer": _named("text", room_beside(message), MOST_FOOTER),
        # After an outage messages come late: each reader sees when it was.
        "timestamp": message.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if card is not None:
        embed |= _of_card(card)
        embed["fields"] = list(_fields(card, MOST_EMBED - _length(embed)))
    if not any(embed.get(each) for each in ("title", "description", "fields", "image")):
        embed["description"] = NO_TEXT
    return {key: value for key, value in embed.items() if value}


def _named(member: str, text: str | None, limit: int) -> dict[str, str] | None:
    # Names and footers have no markup.
    shown = escaped_line(text or "", limit, defuse, utf16_units)
    return {member: shown} if shown else None


def _of_card(card: RelayCard) -> dict[str, Any]:
    url = card.url or ""
    is_large = card.style in ("image", "media")
    picture = card_picture(card)
    return {
        "url": None if url.lower().startswith("mailto:") else url,
        "image" if is_large else "thumbnail": {"url": picture} if picture else None,
    }


def _length(embed: Mapping[str, Any]) -> int:
    texts = [embed["title"], embed["description"]]
    texts += [(embed["author"] or {}).get("name"), (embed["footer"] or {}).get("text")]
    return sum(utf16_units(text) for text in texts if text)


def _fields(card: RelayCard, room: int) -> Iterator[dict[str, object]]:
    """Yield attributes as fields, as many as there is room for in an embed."""
    for attribute in card.attributes[:MOST_FIELDS]:
        name = escaped_line(attribute.label, MOST_TITLE, _escaped, utf16_units)

        def write(nodes: Sequence[Node]) -> str:
            return write_marked(nodes, DIALECT)

        value = fit(attribute_value(attribute), write, MOST_VALUE, measure=utf16_units)
        room -= utf16_units(name or NO_TEXT) + utf16_units(value or NO_TEXT)
        if room < 0:
            return
        is_short = len(attribute.value) <= 40
        yield {"name": name or NO_TEXT, "value": value or NO_TEXT, "inline": is_short}
