"""Telegram: messages of a bot into a chat (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any, ClassVar

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import escaped_line, fit, utf16_units
from hipkit.relay.markup.dialect import PLAIN, Dialect, Marker
from hipkit.relay.markup.escaping import defuse
from hipkit.relay.markup.marked_text import write_marked
from hipkit.relay.markup.tree import Node
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets.answers import describe, read_object, read_status, read_wait
from hipkit.relay.targets.calls import (
    check_address,
    form_call,
    get_call,
    host_of,
    json_call,
)
from hipkit.relay.targets.parts import emoji_of, message_nodes, with_sent_files
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["Telegram", "TelegramSettings"]

MOST_TEXT = 4_096
MOST_NAME = 200
CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{3,40}")
TOKEN = re.compile(r"[A-Za-z0-9_:-]{1,200}")
NUMBER = re.compile(r"[0-9]{1,20}")
USER = re.compile(r"@?([A-Za-z0-9_]{3,40})")

OF_THE_ROUTE: Mapping[str, str] = {
    "chat not found": "chat_not_found",
    "chat_write_forbidden": "chat_write_forbidden",
    "group chat was upgraded": "chat_has_a_new_id",
    "message thread not found": "topic_not_found",
    "not enough rights": "not_enough_rights",
    "have no rights": "not_enough_rights",
    "need administrator rights": "not_enough_rights",
    "peer_id_invalid": "chat_not_found",
    "topic_closed": "topic_closed",
}
"""What descriptions of answers with status 400 have that mean the chat or the bot."""


def _escaped(text: str) -> str:
    return escape(defuse(text), quote=False)


def _quoted(text: str) -> str:
    # Telegram refuses quotations within quotations, so they are lines with a sign.
    return "\n".join(f"┃ {line}".rstrip() for line in text.split("\n"))


DIALECT = Dialect(
    escape=_escaped,
    bold=Marker("<b>", "</b>"),
    italic=Marker("<i>", "</i>"),
    strike=Marker("<s>", "</s>"),
    code=lambda text: f"<code>{_escaped(text)}</code>",
    pre=lambda text: f"<pre>{_escaped(text)}</pre>",
    link=lambda shown, url: f'<a href="{escape(url)}">{shown}</a>',
    address=lambda url: f'<a href="{escape(url)}">{escape(url)}</a>',
    has_marks_in_links=False,
    quote=_quoted,
    bullet="• ",
)


NO_API = "the address is no bot API's"


class TelegramSettings(Settings, frozen=True, kw_only=True):
    """A bot, and the chat that it writes to."""

    token: Secret
    """The bot's token, from @BotFather."""
    chat: str
    """The chat's id, such as `-1001234567890`, or the `@name` of a public channel."""
    topic: int | None = None
    """The id of a topic in a group with topics."""
    api: str = "https://api.telegram.org"
    """The address of the bot API."""

    def __post_init__(self) -> None:
        check_address("api", self.api)
        if not TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("token is none: it is like 123456:ABC-DEF")
        if not CHAT.fullmatch(self.chat):
            raise ValueError("chat is neither an id (-100...) nor a channel's @name")


class Telegram(Target[TelegramSettings]):
    """A chat of Telegram."""

    name: ClassVar[str] = "telegram"
    settings: ClassVar[type[Settings]] = TelegramSettings
    pace_seconds: ClassVar[float] = 1.0
    is_idempotent: ClassVar[bool] = False
    uploads_bytes: ClassVar[int] = 50_000_000
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="text", most=MOST_TEXT, unit="utf16"),
    )

    def render(
        self, message: RelayMessage, settings: TelegramSettings, options: RenderOptions
    ) -> HttpCall:
        """Return the message; refused before, it is plain text and no reply."""
        is_quiet = message.kind != "message" and not message.loud
        body = {
            "chat_id": settings.chat,
            "message_thread_id": settings.topic,
            "text": _text(message, options),
            "parse_mode": None if options.plain else "HTML",
            "disable_notification": is_quiet or options.notify == "never",
            "link_preview_options": {"is_disabled": True},
            "reply_parameters": _replied(message, options),
        }
        return json_call(_method(settings, "sendMessage"), body)

    def render_upload(self, file: RelayFile, settings: TelegramSettings) -> HttpCall:
        """Return a message with the file alone; it rings nowhere, as the text after it may."""
        fields = {"chat_id": settings.chat, "disable_notification": "true"}
        if settings.topic is not None:
            fields["message_thread_id"] = str(settings.topic)
        url = _method(settings, "sendDocument")
        return form_call(url, fields, file, name="document")

    def read_upload(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the id of the file's message."""
        return self.read(reply)

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the message's id."""
        found = read_object(reply)
        answer = read_status(reply)
        if answer.verdict == "delivered":
            return _delivered(found)
        if answer.verdict == "later":
            return replace(answer, wait_seconds=_wait(reply, found))
        description = found.get("description")
        said = description.lower() if isinstance(description, str) else ""
        for part, code in OF_THE_ROUTE.items():
            if answer.verdict == "content" and part in said:
                problem = describe(reply.status, code)
                return replace(answer, verdict="route", problem=problem)
        return answer

    def render_check(self, settings: TelegramSettings) -> HttpCall:
        """Return the question whose token it is."""
        return get_call(_method(settings, "getMe"))

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        answer = read_status(reply)
        if answer.verdict == "delivered" and read_object(reply).get("ok") is not True:
            return Answer(verdict="route", problem=NO_API)
        return answer

    def host(self, settings: TelegramSettings) -> str:
        """Return the host of the bot API."""
        return host_of(settings.api)


def _method(settings: TelegramSettings, name: str) -> str:
    return f"{settings.api.rstrip('/')}/bot{settings.token.reveal()}/{name}"


def _text(message: RelayMessage, options: RenderOptions) -> str:
    """Return label and title, and below them the text."""
    is_plain = options.plain
    dialect, escape_name = (PLAIN, defuse) if is_plain else (DIALECT, _escaped)
    mentions = {} if is_plain else _mentions(options)
    start = f"{emoji_of(message.color)} " if message.color else ""
    label = escaped_line(message.label, MOST_NAME, escape_name, utf16_units)
    start += label if is_plain else f"<b>{label}</b>"
    if message.title:
        title = escaped_line(message.title, MOST_NAME, escape_name, utf16_units)
        start += f" · {title}"

    def write(nodes: Sequence[Node]) -> str:
        return write_marked(nodes, dialect, mentions)

    limit = MOST_TEXT - utf16_units(start) - 1
    nodes = message_nodes(with_sent_files(message, options))
    text = fit(nodes, write, limit, measure=utf16_units, link=message.link)
    return f"{start}\n{text}" if text else start


def _replied(message: RelayMessage, options: RenderOptions) -> dict[str, Any] | None:
    root = options.references.get(message.thread or "")
    if options.plain or root is None or not NUMBER.fullmatch(root):
        return None
    return {"message_id": int(root), "allow_sending_without_reply": True}


def _mentions(options: RenderOptions) -> Mapping[str, str]:
    """Return the markup for users, by mention name: those without a user name have an id."""
    if options.notify == "never":
        return {}
    known = {}
    for name, user in options.mentions.items():
        if NUMBER.fullmatch(user):
            known[name] = f'<a href="tg://user?id={user}">{_escaped(name)}</a>'
        elif found := USER.fullmatch(user):
            known[name] = f"@{found[1]}"
    return known


def _delivered(found: Mapping[str, Any]) -> Answer:
    result = found.get("result")
    number = result.get("message_id") if isinstance(result, dict) else None
    if found.get("ok") is not True or type(number) is not int:
        return Answer(verdict="route", problem=NO_API)
    return Answer(verdict="delivered", reference=str(number))


def _wait(reply: Reply, found: Mapping[str, Any]) -> float | None:
    """Return how long Telegram asks to wait."""
    parameters = found.get("parameters")
    stated = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return read_wait(reply, stated)
