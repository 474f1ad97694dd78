"""Splits texts and messages into the tokens that search finds (pure).

Databases fold case and split texts each in their own way. So both happen here, for what is
stored and for what is searched: an index gets folded tokens with spaces between, and every
database finds the same.

Case and accents make no difference (`Café` is found as `cafe`), nor does the width of letters.
In a script without spaces (Chinese, Japanese) each character is a token.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from hipkit.api.messages.message_html import CARD_TAGS, LINE_TAGS, plain_text

__all__ = ["LONGEST_TOKEN", "tokenize", "tokenize_message"]

LONGEST_TOKEN = 64
"""Letters; a longer run is split into several tokens."""

LONGEST_TEXT = 64 * 1024
"""Characters of a message; a card may hold far more than anybody reads."""

# Kana and ideographs, those of the supplementary planes included.
SINGLE = r"\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
TOKEN = re.compile(rf"[{SINGLE}]|[^\W_{SINGLE}]{{1,{LONGEST_TOKEN}}}")
ASCII_TOKEN = re.compile(rf"[a-z0-9]{{1,{LONGEST_TOKEN}}}")

ACCENTS = re.compile("[\u0300-\u036f]+")
"""The marks of Latin, Greek and Cyrillic letters. Those of other scripts tell letters apart."""


def tokenize(text: str) -> list[str]:
    """Return the tokens of a text, folded, in their order."""
    if text.isascii():
        return ASCII_TOKEN.findall(text.lower())
    # Decomposed first, so that accents can be dropped; composed again, because the scripts whose
    # marks stay would otherwise be split at them.
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return TOKEN.findall(unicodedata.normalize("NFKC", ACCENTS.sub("", decomposed)))


def tokenize_message(
    body: str, format: str, card: str | None, file_name: str | None
) -> str:
    """Return the tokens of a message's text, card and file name, with spaces between.

    Only text that readers see counts: tags and the addresses of links do not.
    """
    texts = [plain_text(body) if format == "html" else body]
    if card is not None:
        texts += _card_texts(card)
    if file_name is not None:
        texts.append(file_name)
    return " ".join(tokenize("\n".join(texts)[:LONGEST_TEXT]))


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
    """The members of a card that are rendered as text."""

    title: str | None = None
    description: str | _Description | None = None
    activity: _Activity | None = None
    attributes: tuple[_Attribute, ...] = ()


def _card_texts(card: str) -> list[str]:
    try:
        shown = msgspec.json.decode(card, type=_Card)
    except msgspec.DecodeError:
        # An invalid card is stored as it came, and not rendered either.
        return []
    texts = [shown.title, _text(shown.description)]
    if shown.activity is not None:
        texts.append(plain_text(shown.activity.html, LINE_TAGS))
    for attribute in shown.attributes:
        texts += [attribute.label, attribute.value.label]
    return [text for text in texts if text]


def _text(description: str | _Description | None) -> str | None:
    if not isinstance(description, _Description):
        return description
    is_html = description.format == "html"
    return plain_text(description.value, CARD_TAGS) if is_html else description.value
