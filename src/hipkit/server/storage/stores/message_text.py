"""What of a message can be searched: whatever its reader sees as text (pure)."""

from __future__ import annotations

import msgspec

from hipkit.api.message_html import CARD_TAGS, LINE_TAGS
from hipkit.api.message_html import plain_text as without_tags
from hipkit.server.storage.tokenizer import words_in

__all__ = ["message_text", "without_tags"]

LONGEST_TEXT = 64 * 1024
"""Characters; a card may hold far more than anybody reads."""


def message_text(
    body: str, format: str, card: str | None, file_name: str | None
) -> str:
    """Return the words of a message with spaces between: its own, its card's, its file's name."""
    texts = [without_tags(body) if format == "html" else body]
    if card is not None:
        texts += _card_texts(card)
    if file_name is not None:
        texts.append(file_name)
    return " ".join(words_in("\n".join(texts)[:LONGEST_TEXT]))


class _Label(msgspec.Struct):
    label: str | None = None


class _Attribute(msgspec.Struct):
    value: _Label
    label: str | None = None


class _Activity(msgspec.Struct):
    html: str


class _Description(msgspec.Struct):
    value: str
    format: str = "text"


class _Card(msgspec.Struct):
    """The members of a card that are shown as text."""

    title: str | None = None
    description: str | _Description | None = None
    activity: _Activity | None = None
    attributes: tuple[_Attribute, ...] = ()


def _card_texts(card: str) -> list[str]:
    try:
        shown = msgspec.json.decode(card, type=_Card)
    except msgspec.DecodeError:
        # A card that is none was stored as it came; it is not shown either.
        return []
    texts = [shown.title, _text(shown.description)]
    if shown.activity is not None:
        texts.append(without_tags(shown.activity.html, LINE_TAGS))
    for attribute in shown.attributes:
        texts += [attribute.label, attribute.value.label]
    return [text for text in texts if text]


def _text(description: str | _Description | None) -> str | None:
    if not isinstance(description, _Description):
        return description
    is_html = description.format == "html"
    return without_tags(description.value, CARD_TAGS) if is_html else description.value
