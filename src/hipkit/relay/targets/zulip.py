"""Zulip: messages of a bot into a channel's topic (pure)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import escaped_line, fit
from hipkit.relay.markup.dialect import MARKDOWN, NO_MARKER, Marker
from hipkit.relay.markup.escaping import ZERO_WIDTH_SPACE, defuse
from hipkit.relay.markup.marked_text import write_marked
from hipkit.relay.markup.tree import Node
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets.answers import read_object, read_status
from hipkit.relay.targets.calls import (
    check_address,
    form_call,
    get_call,
    host_of,
    values_call,
)
from hipkit.relay.targets.parts import emoji_of, message_nodes
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["Zulip", "ZulipSettings"]

MOST_CONTENT = 10_000
MOST_TOPIC = 60
MOST_NAME = 200
EVERYBODY = "@**all**"
USER = re.compile(r"[^*`\s](?:[^*`\n]{0,98}[^*`\s])?")
WORDS_FOR_ALL = frozenset({"all", "channel", "everyone", "stream", "topic"})
OF_THE_ROUTE = frozenset(
    {
        "INVALID_API_KEY",
        "REALM_DEACTIVATED",
        "STREAM_DOES_NOT_EXIST",
        "UNAUTHORIZED",
        "USER_DEACTIVATED",
    }
)
"""Codes that mean the bot or the channel, though their status is 400."""

# Zulip has no escapes. So stars and backticks that would mark text have doubles that look alike,
# and a zero-width space parts whatever else would be read as one sign.
DOUBLES = str.maketrans({"`": "\u02cb"})
STAR = re.compile(r"\*(?=\S)|(?<=\S)\*")
BEGUN = re.compile(
    r"~(?=~)|\](?=\()|<(?=time:)|\$(?=\$)|\|(?=\|)|!(?=\[)"
    r"|:(?=(?:[\w+-]*[A-Za-z][\w+-]*|100|1234):)"
)
LINE_START = re.compile(
    r"(#|>|[*+-](?=[ \t])|[-*_=]{2,}[ \t]*$|~|\||/me\b|\d{1,9}[.)][ \t])"
)


UPLOADED = re.compile(r"/user_uploads/[A-Za-z0-9_./%-]{1,400}")
"""Where an uploaded file is; Zulip shows a picture below a link to it."""


def _escaped(text: str) -> str:
    text = BEGUN.sub(_gapped, defuse(text)).translate(DOUBLES)
    return STAR.sub("\u2217", text)


def _gapped(found: re.Match[str]) -> str:
    return found.group() + ZERO_WIDTH_SPACE


def _line(line: str) -> str:
    """Return a line that begins no block. Spaces before it are kept, and do not indent code."""
    text = line.lstrip(" \t")
    indent = line[: len(line) - len(text)].expandtabs(4).replace(" ", "\u00a0")
    begins = ZERO_WIDTH_SPACE if LINE_START.match(text) else ""
    return f"{indent}{begins}{text}"


DIALECT = replace(
    MARKDOWN,
    escape=_escaped,
    escape_line=_line,
    italic=Marker("*"),
    cell=lambda text: text.replace("|", "\u2223"),
)
PLAIN = replace(
    DIALECT,
    bold=NO_MARKER,
    italic=NO_MARKER,
    strike=NO_MARKER,
    code=_escaped,
    pre=_escaped,
    has_tables=False,
)


class ZulipSettings(Settings, frozen=True, kw_only=True):
    """A bot, and where it writes."""

    server: str
    """The organisation's address, such as `https://example.zulipchat.com`."""
    email: str
    """The bot's e-mail address."""
    key: Secret
    """The bot's API key."""
    channel: str
    """The channel's name."""
    topic: str | None = None
    """The topic. Without it, each room has its own."""

    def __post_init__(self) -> None:
        check_address("server", self.server)
        if ":" in self.email or "@" not in self.email:
            raise ValueError("email is no address of a bot")
        if self.topic is not None and not 0 < len(self.topic.strip()) <= MOST_TOPIC:
            raise ValueError(f"topic must have 1 to {MOST_TOPIC} characters")


class Zulip(Target[ZulipSettings]):
    """A channel of Zulip."""

    name: ClassVar[str] = "zulip"
    settings: ClassVar[type[Settings]] = ZulipSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = False
    uploads_bytes: ClassVar[int] = 25_000_000
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="content", most=MOST_CONTENT),
        Limit(place="topic", most=MOST_TOPIC),
    )

    def render(
        self, message: RelayMessage, settings: ZulipSettings, options: RenderOptions
    ) -> HttpCall:
        """Return the message; refused before, it is plain text."""
        topic = settings.topic or message.room or "private messages"
        values = {
            "type": "stream",
            "to": settings.channel,
            "topic": escaped_line(topic, MOST_TOPIC, defuse),
            "content": _content(message, options),
        }
        return values_call(_api(settings, "messages"), values, _headers(settings))

    def render_upload(self, file: RelayFile, settings: ZulipSettings) -> HttpCall:
        """Return the upload of a file, which only those see who see a message with its link."""
        url, headers = _api(settings, "user_uploads"), _headers(settings)
        return form_call(url, {}, file, name="filename", headers=headers)

    def read_upload(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the file's path on the server."""
        answer, found = self.read(reply), read_object(reply)
        if answer.verdict != "delivered":
            return answer
        # Before Zulip 9 it was `uri`.
        path = found.get("url") or found.get("uri")
        if isinstance(path, str) and UPLOADED.fullmatch(path):
            return replace(answer, reference=path)
        return Answer(verdict="content", problem="the server names no file")

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means: its status, and `result`."""
        found = read_object(reply)
        code: Any = found.get("code")
        code = code if isinstance(code, str) else None
        answer = read_status(reply, code=code)
        if answer.verdict == "delivered" and found.get("result") != "success":
            return Answer(verdict="route", problem="the address is no Zulip server's")
        if answer.verdict == "content" and code in OF_THE_ROUTE:
            return replace(answer, verdict="route")
        return answer

    def render_check(self, settings: ZulipSettings) -> HttpCall:
        """Return the question whose key it is."""
        return get_call(_api(settings, "users/me"), _headers(settings))

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        return self.read(reply)

    def host(self, settings: ZulipSettings) -> str:
        """Return the server's host."""
        return host_of(settings.server)


def _api(settings: ZulipSettings, place: str) -> str:
    return f"{settings.server.rstrip('/')}/api/v1/{place}"


def _headers(settings: ZulipSettings) -> tuple[tuple[str, str], ...]:
    pair = f"{settings.email}:{settings.key.reveal()}".encode()
    return (("Authorization", f"Basic {b64encode(pair).decode()}"),)


def _content(message: RelayMessage, options: RenderOptions) -> str:
    """Return label and title, and below them the text."""
    dialect = PLAIN if options.plain else DIALECT
    mark = "" if options.plain else "**"
    start = ""
    if message.loud and options.notify == "mention":
        start = f"{EVERYBODY} "
    if message.color is not None:
        start += f"{emoji_of(message.color)} "
    start += f"{mark}{escaped_line(message.label, MOST_NAME, _escaped)}{mark}"
    if message.title:
        start += f" · {escaped_line(message.title, MOST_NAME, _escaped)}"
    mentions = {} if options.plain else _mentions(options)

    def write(nodes: Sequence[Node]) -> str:
        return write_marked(nodes, dialect, mentions)

    limit = MOST_CONTENT - len(start) - 1
    nodes = message_nodes(message, _files(message, options))
    text = fit(nodes, write, limit, link=message.link)
    return f"{start}\n{text}" if text else start


def _files(message: RelayMessage, options: RenderOptions) -> list[RelayFile]:
    """Return a message's files, each with its address: on Zulip's server if it was uploaded."""
    known = {} if options.plain else options.references
    return [
        replace(file, url=path) if UPLOADED.fullmatch(path := known.get(file.key, "")) else file
        for file in message.files
    ]  # fmt: skip


def _mentions(options: RenderOptions) -> Mapping[str, str]:
    """Return Zulip's markup for users, by mention name."""
    if options.notify == "never":
        return {}
    return {
        name: f"@**{user}**"
        for name, user in options.mentions.items()
        if USER.fullmatch(user) and user.lower() not in WORDS_FOR_ALL
    }
