"""Google Chat: a webhook of a space (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any, ClassVar

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import cut_line, escaped_line, fit, json_bytes
from hipkit.relay.markup.dialect import ANGLES, Dialect, Marker
from hipkit.relay.markup.escaping import (
    ZERO_WIDTH_SPACE,
    code_with_gaps,
    defuse,
    pre_with_gaps,
)
from hipkit.relay.markup.marked_text import plain_text, write_marked
from hipkit.relay.markup.tree import Element, Node, Text
from hipkit.relay.message import Attribute, RelayCard, RelayMessage
from hipkit.relay.targets.answers import read_object, read_status
from hipkit.relay.targets.calls import check_address, host_of, json_call, with_query
from hipkit.relay.targets.parts import (
    attribute_value,
    card_picture,
    emoji_of,
    file_nodes,
    message_nodes,
    text_nodes,
)
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    LinksFiles,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["GoogleChat", "GoogleChatSettings"]

MOST_TEXT = 4_096
MOST_BYTES = 32_000
MOST_TITLE = 200
MOST_BESIDE = 2_000
"""Characters of the text beside a card."""
MOST_PARAGRAPH = 4_000
MOST_VALUE = 250
"""In bytes of JSON, as the whole message is counted."""
MOST_LABEL = 60
MOST_ATTRIBUTES = 20
EVERYBODY = "<users/all>"
USER = re.compile(r"[0-9]{5,30}")
DOUBLES = str.maketrans({"|": "\u00a6", ">": "\u203a"})
BRACKET = re.compile(r"<(?=\S)")
LINE_START = re.compile(r"([*-])(?=[ \t])")


def _escaped(text: str) -> str:
    # Nothing says that Google Chat reads `&lt;`, so a bracket that could begin a link or a mention
    # has a double that looks alike.
    return BRACKET.sub("\u2039", defuse(text))


def _link(shown: str, url: str) -> str:
    # Neither may end the link before its end.
    url, shown = url.replace("|", "%7C"), shown.translate(DOUBLES)
    return f"<{url}|{shown}>"


DIALECT = replace(
    ANGLES,
    escape=_escaped,
    escape_line=lambda line: LINE_START.sub(rf"\1{ZERO_WIDTH_SPACE}", line, count=1),
    code=lambda text: code_with_gaps(_escaped(text)),
    pre=lambda text: pre_with_gaps(_escaped(text)),
    link=_link,
    address=lambda url: url,
    address_ends_at_space=True,
)
PLAIN = Dialect(escape=_escaped, code=_escaped, pre=_escaped)


def _in_card(text: str) -> str:
    return escape(defuse(text), quote=False)


CARD = Dialect(
    escape=_in_card,
    bold=Marker("<b>", "</b>"),
    italic=Marker("<i>", "</i>"),
    strike=Marker("<s>", "</s>"),
    code=_in_card,
    pre=_in_card,
    link=lambda shown, url: f'<a href="{escape(url)}">{shown}</a>',
    address=lambda url: f'<a href="{escape(url)}">{escape(url)}</a>',
    has_marks_in_links=False,
    bullet="• ",
)
"""What text in a card may have: a few elements of HTML."""


class GoogleChatSettings(Settings, frozen=True, kw_only=True):
    """A webhook of a space."""

    url: Secret
    """The webhook's address, `https://chat.googleapis.com/v1/spaces/...`, with key and token."""

    def __post_init__(self) -> None:
        check_address("url", self.url.reveal())


class GoogleChat(LinksFiles, Target[GoogleChatSettings]):
    """A space of Google Chat."""

    name: ClassVar[str] = "googlechat"
    settings: ClassVar[type[Settings]] = GoogleChatSettings
    pace_seconds: ClassVar[float] = 1.0
    is_idempotent: ClassVar[bool] = True
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="", most=MOST_BYTES, unit="bytes"),
        Limit(place="text", most=MOST_TEXT),
        Limit(place="cardsV2", most=1, unit="items"),
        Limit(place="cardsV2[].card.header.title", most=MOST_TITLE),
    )

    def render(
        self,
        message: RelayMessage,
        settings: GoogleChatSettings,
        options: RenderOptions,
    ) -> HttpCall:
        """Return the message; refused before, it is plain text without a thread."""
        query = {"requestId": f"{message.id}-plain" if options.plain else message.id}
        body = _body(message, options)
        if not options.plain:
            query["messageReplyOption"] = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
            name = options.references.get(message.thread or "")
            key = message.thread or message.id
            body["thread"] = {"threadKey": key} if name is None else {"name": name}
        return json_call(with_query(settings.url.reveal(), query), body)

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the message's thread."""
        found = read_object(reply)
        error = found.get("error")
        code = error.get("status") if isinstance(error, dict) else None
        answer = read_status(reply, code=code)
        if answer.verdict != "delivered":
            return answer
        if not isinstance(found.get("name"), str):
            return Answer(verdict="route", problem="the address leads to no webhook")
        thread = found.get("thread")
        name = thread.get("name") if isinstance(thread, dict) else None
        return replace(answer, reference=name if isinstance(name, str) else None)

    def host(self, settings: GoogleChatSettings) -> str:
        """Return the host of the webhook."""
        return host_of(settings.url.reveal())


def _body(message: RelayMessage, options: RenderOptions) -> dict[str, object]:
    start = ""
    if message.loud and options.notify == "mention":
        start = f"{EVERYBODY} "
    head = _head(message)
    if options.plain:
        nodes: Sequence[Node] = (*head, *message_nodes(message))
        return {"text": start + _written(nodes, PLAIN, {}, message, len(start))}
    mentions = _mentions(options)
    if message.card is None:
        nodes = (*head, *message.body, *file_nodes(message.files))
        return {"text": start + _written(nodes, DIALECT, mentions, message, len(start))}
    nodes = (*head, *text_nodes(message))
    taken = MOST_TEXT - MOST_BESIDE
    text = start + _written(nodes, DIALECT, mentions, message, taken)
    card = _card(message.card, message)
    shown = cut_line(" ".join(plain_text(nodes).split()), MOST_TITLE)
    return {
        "text": text,
        "cardsV2": [{"cardId": "card", "card": card}],
        # What phones ring with.
        "fallbackText": shown,
    }


def _head(message: RelayMessage) -> list[Node]:
    """Return the line above the text: a webhook has one name for all its messages."""
    head: list[Node] = [Element(tag="b", children=(Text(message.label),))]
    if message.color is not None:
        head.insert(0, Text(f"{emoji_of(message.color)} "))
    if message.title:
        head.append(Text(f" · {message.title}"))
    return [*head, Element(tag="br")]


def _written(
    nodes: Sequence[Node],
    dialect: Dialect,
    mentions: Mapping[str, str],
    message: RelayMessage,
    taken: int,
) -> str:
    def write(part: Sequence[Node]) -> str:
        return write_marked(part, dialect, mentions)

    return fit(nodes, write, MOST_TEXT - taken, link=message.link)


def _mentions(options: RenderOptions) -> Mapping[str, str]:
    """Return the markup for users, by mention name."""
    if options.notify == "never":
        return {}
    return {
        name: f"<users/{user}>"
        for name, user in options.mentions.items()
        if USER.fullmatch(user)
    }


def _card(card: RelayCard, message: RelayMessage) -> dict[str, Any]:
    nodes = (*card.description, *file_nodes(message.files))
    widgets: list[dict[str, Any]] = []
    if text := _in_card_text(nodes, MOST_PARAGRAPH, message.link):
        widgets.append({"textParagraph": {"text": text}})
    widgets += map(_attribute, card.attributes[:MOST_ATTRIBUTES])
    picture = card_picture(card)
    if picture is not None:
        widgets.append({"image": {"imageUrl": picture}})
    if card.url is not None:
        button = {"text": "Open", "onClick": {"openLink": {"url": card.url}}}
        widgets.append({"buttonList": {"buttons": [button]}})
    title = escaped_line(card.title or card.url or "Card", MOST_TITLE, _escaped)
    header: dict[str, Any] = {"title": title}
    if card.icon is not None:
        header["imageUrl"] = card.icon.url
    if not widgets:
        widgets.append({"textParagraph": {"text": title}})
    return {"header": header, "sections": [{"widgets": widgets}]}


def _attribute(attribute: Attribute) -> dict[str, Any]:
    text = _in_card_text(attribute_value(attribute), MOST_VALUE, None) or "-"
    shown: dict[str, Any] = {"text": text, "wrapText": True}
    if attribute.label:
        shown["topLabel"] = escaped_line(attribute.label, MOST_LABEL, _escaped)
    return {"decoratedText": shown}


def _in_card_text(nodes: Sequence[Node], limit: int, link: str | None) -> str:
    def write(part: Sequence[Node]) -> str:
        return write_marked(part, CARD)

    return fit(nodes, write, limit, measure=json_bytes, link=link)
