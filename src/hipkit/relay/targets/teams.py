"""Microsoft Teams: a flow of Workflows that posts an Adaptive Card, or a text (pure).

A flow answers 202 before it has posted anything: that a message was taken says no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any, ClassVar, Literal

import msgspec

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import cut_line, escaped_line, fit, json_bytes
from hipkit.relay.markup.dialect import MARKDOWN, NO_MARKER
from hipkit.relay.markup.escaping import (
    defuse,
    escape_markdown,
    escape_markdown_line,
)
from hipkit.relay.markup.html import write_html
from hipkit.relay.markup.marked_text import plain_text, write_marked
from hipkit.relay.markup.tree import Node
from hipkit.relay.message import Attribute, Color, RelayCard, RelayMessage
from hipkit.relay.targets.answers import describe, read_object, read_status
from hipkit.relay.targets.calls import check_address, host_of, json_call
from hipkit.relay.targets.parts import (
    attribute_value,
    card_picture,
    file_nodes,
    mentioned,
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

__all__ = ["Teams", "TeamsSettings"]

MOST_BYTES = 28_000
"""Of the whole request."""
MOST_TEXT = 20_000
MOST_BESIDE = 2_000
MOST_NAME = 400
MOST_SUMMARY = 600
MOST_LABEL = 100
MOST_VALUE = 300
"""In bytes of JSON, as the whole is counted."""
MOST_FACTS = 20
MOST_MENTIONS = 10
ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"
STYLES: Mapping[Color, str] = {
    "green": "good",
    "yellow": "warning",
    "red": "attention",
    "purple": "accent",
    "gray": "emphasis",
}

OF_THE_FLOW = frozenset(
    {
        "DirectApiAuthorizationRequired",
        "WorkflowNotFound",
        "WorkflowTriggerIsNotEnabled",
        "WorkflowTriggerNotFound",
    }
)
"""Codes of answers that mean the flow, though their status may be 400."""

USER = re.compile(r"[^\s<>\"]{1,200}")
NAME = re.compile(r"[\w.-]{1,50}")


def _lines(text: str) -> str:
    """Return lines of code: a card has no blocks for them."""
    lines = escape_markdown(text).split("\n")
    return "\n\n".join(escape_markdown_line(line) for line in lines)


def _quoted(text: str) -> str:
    return "\n\n".join(f"┃ {line}" for line in text.split("\n") if line.strip())


DIALECT = replace(
    MARKDOWN,
    strike=NO_MARKER,
    code=escape_markdown,
    pre=_lines,
    quote=_quoted,
    has_tables=False,
    line_break="\n\n",
)
"""Cards know bold, italic, links and lists; a line ends with an empty one."""
PLAIN = replace(DIALECT, bold=NO_MARKER, italic=NO_MARKER)


class TeamsSettings(Settings, frozen=True, kw_only=True):
    """A flow that begins with *When a Teams webhook request is received*."""

    url: Secret
    """The address that the flow shows."""
    format: Literal["card", "text"] = "card"
    """What the flow posts: the card in `attachments`, or the HTML in `text`."""

    def __post_init__(self) -> None:
        check_address("url", self.url.reveal())


class Teams(LinksFiles, Target[TeamsSettings]):
    """A channel or chat of Microsoft Teams, by a flow of Workflows."""

    name: ClassVar[str] = "teams"
    settings: ClassVar[type[Settings]] = TeamsSettings
    pace_seconds: ClassVar[float] = 0.25
    is_idempotent: ClassVar[bool] = False
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="", most=MOST_BYTES, unit="bytes"),
        Limit(place="attachments", most=1, unit="items"),
    )

    def render(
        self, message: RelayMessage, settings: TeamsSettings, options: RenderOptions
    ) -> HttpCall:
        """Return what the flow gets; refused before, it is plain text."""
        summary = _summary(message)
        body: dict[str, object] = {"type": "message", "summary": summary}
        if settings.format == "text":
            body |= {"text": _html(message, options), "hipkit_message": message.id}
            return json_call(settings.url.reveal(), body)
        content = _card(message, options, summary)
        body["attachments"] = [{"contentType": ADAPTIVE_CARD, "content": content}]
        return json_call(settings.url.reveal(), body)

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means. That a flow took a message is all that it says."""
        error = read_object(reply).get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, str) and code in OF_THE_FLOW and 400 <= reply.status < 429:
            return Answer(verdict="route", problem=describe(reply.status, code))
        answer = read_status(reply, code=code)
        if answer.verdict == "delivered" and reply.body.lstrip().startswith(b"<"):
            return Answer(verdict="route", problem="the address is no flow's")
        return answer

    def host(self, settings: TeamsSettings) -> str:
        """Return the host of the flow."""
        return host_of(settings.url.reveal())


def _summary(message: RelayMessage) -> str:
    """Return what phones ring with, and programs that show no cards."""
    card = message.card
    text = " ".join(plain_text(text_nodes(message)).split())
    if not text and card is not None:
        text = defuse(card.title)
    shown = ": ".join(
        filter(None, (defuse(message.label), defuse(message.title or ""), text))
    )
    return cut_line(shown, MOST_SUMMARY, json_bytes)


def _html(message: RelayMessage, options: RenderOptions) -> str:
    """Return the text for a flow that posts one: these take HTML."""
    names = filter(None, (message.label, message.title))
    head = " · ".join(escaped_line(name, MOST_NAME, _escaped) for name in names)
    nodes = message_nodes(message)

    def write(part: Sequence[Node]) -> str:
        if options.plain:
            return _escaped(plain_text(part)).replace("\n", "<br>")
        return write_html(part, write_text=_escaped)

    start = f"{head}<br>" if options.plain else f"<strong>{head}</strong><br>"
    return start + fit(nodes, write, MOST_TEXT, measure=json_bytes, link=message.link)


def _escaped(text: str) -> str:
    return escape(defuse(text))


def _card(
    message: RelayMessage, options: RenderOptions, summary: str
) -> dict[str, Any]:
    """Return an Adaptive Card. Its text has what the rest leaves of the limit."""
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": summary,
        "msteams": {"width": "full"},
        "body": [],
    }
    text = _text_block("")
    card = None if options.plain else message.card
    if options.plain:
        content["body"] = [_head(message, None), text]
        nodes: Sequence[Node] = message_nodes(message)
    elif card is None:
        content["body"] = [_head(message, message.color), text]
        nodes = (*message.body, *file_nodes(message.files))
    else:
        content["body"] = [_head(message, message.color), *_start(message), text]
        content["body"] += _rest(card)
        content["actions"] = _actions(card)
        nodes = (*card.description, *file_nodes(message.files))
    if message.color is not None and not options.plain:
        content["body"].append(_small_print(message))
    known = None if options.plain else _mentions(message, options)
    entities = [
        {"type": "mention", "text": written, "mentioned": {"id": user, "name": name}}
        for name, (user, written) in (known or {}).items()
    ]
    taken = msgspec.json.encode([content, entities])
    left = MOST_BYTES - len(taken) - 2 * MOST_SUMMARY
    written_text = _written(nodes, min(left, MOST_TEXT), known, message.link)
    if written_text:
        text["text"] = written_text
    else:
        content["body"].remove(text)
    # Teams refuses a card whose text does not have what it says is a mention.
    entities = [entity for entity in entities if str(entity["text"]) in written_text]
    if entities:
        content["msteams"]["entities"] = entities
    return {name: value for name, value in content.items() if value}


def _written(
    nodes: Sequence[Node],
    limit: int,
    known: Mapping[str, tuple[str, str]] | None = None,
    link: str | None = None,
) -> str:
    dialect = PLAIN if known is None else DIALECT
    mentions = {name: written for name, (_, written) in (known or {}).items()}

    def write(part: Sequence[Node]) -> str:
        return write_marked(part, dialect, mentions)

    return fit(nodes, write, limit, measure=json_bytes, link=link)


def _mentions(
    message: RelayMessage, options: RenderOptions
) -> dict[str, tuple[str, str]]:
    """Return the users that a message mentions and their markup, by mention name."""
    if options.notify == "never":
        return {}
    found: dict[str, tuple[str, str]] = {}
    for name in mentioned(message.body):
        user = options.mentions.get(name, "")
        if NAME.fullmatch(name) and USER.fullmatch(user) and len(found) < MOST_MENTIONS:
            found[name] = (user, f"<at>{name}</at>")
    return found


def _text_block(text: str, **members: object) -> dict[str, object]:
    return {"type": "TextBlock", "text": text, "wrap": True, **members}


def _head(message: RelayMessage, color: Color | None) -> dict[str, Any]:
    """Return label and title, on a bar in the colour."""
    items = [_text_block(_line(message.label), weight="Bolder")]
    if message.title:
        items.append(_text_block(_line(message.title), spacing="None"))
    head: dict[str, Any] = {"type": "Container", "items": items}
    if color is not None:
        head |= {"style": STYLES[color], "bleed": True}
    return head


def _line(text: str, limit: int = MOST_NAME) -> str:
    def escape_line(part: str) -> str:
        return escape_markdown_line(escape_markdown(part))

    return escaped_line(text, limit, escape_line, json_bytes)


def _start(message: RelayMessage) -> list[dict[str, object]]:
    """Return what stands above a card, and its title."""
    blocks = []
    if beside := text_nodes(message):
        blocks.append(_text_block(_written(beside, MOST_BESIDE, {}, message.link)))
    if message.card is not None and message.card.title:
        title = _line(message.card.title)
        blocks.append(_text_block(title, weight="Bolder", size="Medium"))
    return blocks


def _rest(card: RelayCard) -> list[dict[str, Any]]:
    """Return the attributes and the picture of a card."""
    blocks: list[dict[str, Any]] = []
    if card.attributes:
        facts = [_fact(each) for each in card.attributes[:MOST_FACTS]]
        blocks.append({"type": "FactSet", "facts": facts})
    if (picture := card_picture(card)) is not None:
        block: dict[str, Any] = {"type": "Image", "url": picture, "altText": "picture"}
        if card.style not in ("image", "media"):
            block["size"] = "Medium"
        blocks.append(block)
    return blocks


def _fact(attribute: Attribute) -> dict[str, str]:
    return {
        "title": _line(attribute.label, MOST_LABEL),
        "value": _written(attribute_value(attribute), MOST_VALUE, {}),
    }


def _actions(card: RelayCard) -> list[dict[str, str]]:
    if card.url is None or card.url.lower().startswith("mailto:"):
        return []
    return [{"type": "Action.OpenUrl", "title": "Open", "url": card.url}]


def _small_print(message: RelayMessage) -> dict[str, object]:
    """Return the room, and when it was: after an outage messages come late."""
    sent = message.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    # Teams writes both as each reader's language and time zone have them.
    when = f"{{{{DATE({sent}, SHORT)}}}} {{{{TIME({sent})}}}}"
    shown = " · ".join(filter(None, (_line(message.room or ""), when)))
    return _text_block(shown, isSubtle=True, size="Small", spacing="Small")
