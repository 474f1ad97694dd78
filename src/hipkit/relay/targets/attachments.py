"""Attachments as Slack began them, and Mattermost and Rocket.Chat read them too (pure).

Slack's blocks can do more, but a block with a picture that Slack cannot fetch is refused with the
whole message, and old programs refer to pictures within their own networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hipkit.relay.markup.cutting import escaped_line, fit
from hipkit.relay.markup.dialect import NO_MARKER, Dialect
from hipkit.relay.markup.marked_text import text_as_typed, write_marked
from hipkit.relay.markup.tree import Element, Node, Text
from hipkit.relay.message import Attribute, RelayCard, RelayFile, RelayMessage
from hipkit.relay.targets.parts import (
    COLORS,
    attribute_value,
    card_picture,
    file_nodes,
    message_nodes,
    room_beside,
    text_nodes,
)
from hipkit.relay.targets.protocol import Limit

__all__ = [
    "NO_TEXT",
    "AttachmentForm",
    "attachment",
    "attachment_limits",
    "needs_attachment",
    "plain_message",
    "text_of_message",
]

NO_TEXT = "(no text)"
MOST_FALLBACK = 300
SHORT_VALUE = 40
"""Characters of a field that may stand beside another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentForm:
    """How a target writes an attachment, and how long its members may be, in characters."""

    dialect: Dialect
    escape_title: Callable[[str], str]
    """Titles, of attachments and of fields."""
    escape_name: Callable[[str], str]
    """Names and what phones show, which have no markup."""
    most_text: int
    most_title: int
    most_field: int
    most_fields: int


def attachment_limits(
    form: AttachmentForm, place: str = "attachments"
) -> tuple[Limit, ...]:
    """Return the limits of what `attachment` makes, where it stands in a request's JSON."""
    return (
        Limit(place=f"{place}[].text", most=form.most_text),
        Limit(place=f"{place}[].pretext", most=form.most_field),
        Limit(place=f"{place}[].title", most=form.most_title),
        Limit(place=f"{place}[].fields", most=form.most_fields, unit="items"),
        Limit(place=f"{place}[].fields[].title", most=form.most_title),
        Limit(place=f"{place}[].fields[].value", most=form.most_field),
    )


def needs_attachment(message: RelayMessage) -> bool:
    """Return whether a message has more than text: a color, a title or a card."""
    return bool(message.color or message.title or message.card)


def text_of_message(
    message: RelayMessage,
    form: AttachmentForm,
    mentions: Mapping[str, str],
    *,
    name: str | None = None,
    files: Iterable[RelayFile] = (),
) -> str:
    """Return a message that is only text, with its files as links.

    Args:
        message: The message.
        form: How the target writes it.
        mentions: The target's markup for users, by mention name.
        name: A name to show in bold above the text.
        files: Files to link to.
    """
    start: list[Node] = []
    if name is not None:
        label = Element(tag="b", children=(Text(name),))
        start = [label, Element(tag="br")]
    nodes = [*start, *message.body, *file_nodes(files)]
    return _fitted(nodes, form, mentions, form.most_text, message) or NO_TEXT


def plain_message(message: RelayMessage, form: AttachmentForm) -> str:
    """Return all of a message as escaped text without marks, for a target that refused more."""
    dialect = replace(
        form.dialect,
        bold=NO_MARKER,
        italic=NO_MARKER,
        strike=NO_MARKER,
        code=form.dialect.escape,
        pre=form.dialect.escape,
        has_tables=False,
    )
    lines = filter(None, (message.label, message.title))
    start = [node for line in lines for node in (Text(line), Element(tag="br"))]
    nodes = [*start, *message_nodes(message)]
    plain = replace(form, dialect=dialect)
    return _fitted(nodes, plain, {}, form.most_text, message) or NO_TEXT


def attachment(
    message: RelayMessage,
    form: AttachmentForm,
    mentions: Mapping[str, str],
    *,
    name: str | None = None,
    files: Iterable[RelayFile] = (),
) -> dict[str, object]:
    """Return a message as an attachment. The arguments are those of `text_of_message`."""
    card = message.card
    title, author = message.title, name
    if card is not None:
        title, author = card.title or card.url, " · ".join(filter(None, (name, title)))
    nodes = [*(message.body if card is None else card.description), *file_nodes(files)]
    beside = () if card is None else text_nodes(message)
    members: dict[str, object | None] = {
        "fallback": _fallback(message, form, name),
        "color": COLORS[message.color] if message.color else None,
        "pretext": _fitted(beside, form, mentions, form.most_field, message),
        "author_name": escaped_line(author or "", form.most_title, form.escape_name),
        "title": escaped_line(title or "", form.most_title, form.escape_title),
        "text": _fitted(nodes, form, mentions, form.most_text, message),
        "footer": escaped_line(room_beside(message), form.most_title, form.escape_name),
    }
    if card is not None:
        members |= _card(card, form)
    if not any(members[each] for each in ("pretext", "title", "text")):
        members["text"] = NO_TEXT
    return {key: value for key, value in members.items() if value}


def _card(card: RelayCard, form: AttachmentForm) -> dict[str, object | None]:
    fields = [_field(each, form) for each in card.attributes[: form.most_fields]]
    is_large = card.style in ("image", "media")
    return {
        "title_link": card.url,
        "author_icon": None if card.icon is None else card.icon.url,
        "image_url" if is_large else "thumb_url": card_picture(card),
        "fields": fields,
    }


def _field(attribute: Attribute, form: AttachmentForm) -> dict[str, object]:
    value = attribute_value(attribute)

    def write(nodes: Sequence[Node]) -> str:
        return write_marked(nodes, form.dialect)

    return {
        "title": escaped_line(attribute.label, form.most_title, form.escape_title),
        "value": fit(value, write, form.most_field),
        "short": len(attribute.value) <= SHORT_VALUE,
    }


def _fitted(
    nodes: Sequence[Node],
    form: AttachmentForm,
    mentions: Mapping[str, str],
    limit: int,
    message: RelayMessage,
) -> str:
    def write(part: Sequence[Node]) -> str:
        return write_marked(part, form.dialect, mentions)

    return fit(nodes, write, limit, link=message.link)


def _fallback(message: RelayMessage, form: AttachmentForm, name: str | None) -> str:
    """Return what phones ring with, and programs that show no attachments."""
    card = message.card
    nodes: Sequence[Node] = message.body if card is None else text_nodes(message)
    text = " ".join(text_as_typed(nodes).split())
    if not text and card is not None:
        text = card.title
    shown = ": ".join(filter(None, (name, message.title, text)))
    return escaped_line(shown, MOST_FALLBACK, form.escape_name)
