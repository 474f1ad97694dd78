"""What of a message can be searched: whatever its reader sees as text (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import msgspec

from hipkit.server.storage.words import words_in

__all__ = ["message_text", "without_tags"]

LONGEST_TEXT = 64 * 1024
"""Characters; a card may hold far more than anybody reads."""

TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)|<[!?]")
INLINE = frozenset({"a", "b", "code", "em", "i", "span", "strong", "u"})
"""Elements that may begin or end within a word."""
UNSEEN = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
"""Elements whose content nobody reads, and where each ends."""


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


def without_tags(html: str) -> str:
    """Return HTML as text. It takes time in proportion to the length, whatever comes."""
    return unescape("".join(_pieces(html)) if "<" in html else html)


def _pieces(html: str) -> Iterator[str]:
    place = 0
    while (start := html.find("<", place)) >= 0:
        yield html[place:start]
        tag = TAG.match(html, start)
        if tag is None:
            yield "<"
            place = start + 1
        elif html.startswith("<!--", start):
            place = _after(html, "-->", start)
        else:
            name = (tag[1] or "").lower()
            place = _after(html, ">", start)
            if name in UNSEEN and html[start + 1] != "/":
                end = UNSEEN[name].search(html, place)
                place = len(html) if end is None else _after(html, ">", end.start())
            if name not in INLINE:
                yield " "
    yield html[place:]


def _after(html: str, end: str, start: int) -> int:
    """Return the place behind the next `end`; without one nothing more is seen."""
    found = html.find(end, start)
    return len(html) if found < 0 else found + len(end)


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
        texts.append(without_tags(shown.activity.html))
    for attribute in shown.attributes:
        texts += [attribute.label, attribute.value.label]
    return [text for text in texts if text]


def _text(description: str | _Description | None) -> str | None:
    if not isinstance(description, _Description):
        return description
    is_html = description.format == "html"
    return without_tags(description.value) if is_html else description.value
