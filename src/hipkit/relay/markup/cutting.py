"""Cuts a tree to what a target takes, in the target's unit (pure).

The tree is cut, and then written: so a cut is never within an escape, an address or a tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from hipkit.api.messages.long_messages import is_within_character
from hipkit.relay.markup.tree import Element, Mention, Node, Text

__all__ = [
    "characters",
    "count_characters",
    "cut_line",
    "escaped_line",
    "fit",
    "json_bytes",
    "utf8_bytes",
    "utf16_units",
]

ENOUGH = 0.9
"""A cut text that takes this part of the limit is long enough."""
MOST_TRIES = 12
LONGEST_WORD = 60
"""A cut moves back to the start of a word that has at most this many characters."""
LONGEST_CHARACTER = 16

Measure = Callable[[str], int]
Write = Callable[[Sequence[Node]], str]

characters: Measure = len
"""Code points, as most targets count."""


def utf8_bytes(text: str) -> int:
    """Return the length of a text in bytes of UTF-8."""
    return len(text.encode("utf-8", "replace"))


def utf16_units(text: str) -> int:
    """Return the length of a text as JavaScript counts it: an emoji has two units."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def json_bytes(text: str) -> int:
    """Return the length of a text in bytes of JSON, its quotes left out."""
    return len(msgspec.json.encode(text)) - 2


def fit(
    nodes: Sequence[Node],
    write: Write,
    limit: int,
    *,
    measure: Measure = len,
    link: str | None = None,
) -> str:
    """Return a tree as text, cut at a word if it is longer than a target takes.

    A cut text ends with "… (N more characters)", which leads to the whole message if there is a
    link to it.

    Args:
        nodes: The tree.
        write: Writes a tree in the target's markup.
        limit: The most that the text may have, in the target's unit.
        measure: Returns the length of a text in the target's unit.
        link: The address of the whole message.
    """
    total = count_characters(nodes)
    # Markup takes nothing away, so what is longer as text needs no try.
    if total <= limit and measure(text := write(nodes)) <= limit:
        return text
    best, low, high = "", 0, min(total, limit)
    place = high
    for _ in range(MOST_TRIES):
        kept = _prefix(nodes, place)
        missing = total - count_characters(kept)
        text = write([*kept, *_ending(missing, link)])
        size = measure(text)
        if size <= limit:
            best, low = text, place
            if size >= ENOUGH * limit:
                break
        else:
            high = place
        if high - low <= 1:
            break
        guess = int(place * limit / max(size, 1) * 0.98)
        place = guess if low < guess < high else (low + high) // 2
    if best:
        return best
    shortest = write(_ending(total, None))
    return shortest if measure(shortest) <= limit else ""


def cut_line(text: str, limit: int, measure: Measure = len) -> str:
    """Return one line of text within a limit, with "…" where it was cut."""
    if measure(text) <= limit:
        return text
    place = min(len(text), limit)
    while place and measure(f"{text[:place].rstrip()}…") > limit:
        place = _word_start(text, place - 1)
    return f"{text[:place].rstrip()}…" if limit >= measure("…") else ""


def escaped_line(
    text: str, limit: int, escape: Callable[[str], str], measure: Measure = len
) -> str:
    """Return one line of text escaped, and cut so that it is within a limit as it is then."""
    return escape(cut_line(text, limit, lambda part: measure(escape(part))))


def count_characters(nodes: Iterable[Node]) -> int:
    """Return how many characters a tree shows."""
    return sum(map(_count, nodes))


def _count(node: Node) -> int:
    if isinstance(node, Text):
        return len(node.text)
    if isinstance(node, Mention):
        return len(node.name) + 1
    if node.tag in ("br", "img"):
        return max(1, len(node.alt))
    return count_characters(node.children)


def _ending(count: int, link: str | None) -> tuple[Node, ...]:
    more: Node = Text(f"{count:,} more characters")
    if link is not None:
        more = Element(tag="a", url=link, children=(more,))
    return (Text("… ("), more, Text(")"))


def _prefix(nodes: Iterable[Node], count: int, *, is_begun: bool = False) -> list[Node]:
    """Return the start of a tree that shows at most so many characters.

    A word that begins it is cut rather than left out.
    """
    kept: list[Node] = []
    for node in nodes:
        size = _count(node)
        if size <= count:
            kept.append(node)
            count -= size
            continue
        if isinstance(node, Text):
            text = node.text[: _word_start(node.text, count)].rstrip()
            is_part = len(text) < LONGEST_WORD and not any(map(str.isspace, text))
            if text and not (is_part and (kept or is_begun)):
                kept.append(Text(text))
        elif isinstance(node, Element) and not _is_whole(node):
            children = _prefix(node.children, count, is_begun=is_begun or bool(kept))
            if children:
                kept.append(replace(node, children=tuple(children)))
        break
    if kept and isinstance(kept[-1], Text):
        kept[-1] = Text(kept[-1].text.rstrip())
    return kept


def _is_whole(node: Element) -> bool:
    """Return whether an element is not cut: a picture, or a link that shows its address."""
    return node.tag == "img" or (node.tag == "a" and node.children == (Text(node.url),))


def _word_start(text: str, place: int) -> int:
    """Return where a text can be cut, at or before a place: between words, or characters."""
    if place <= 0 or text[place : place + 1].isspace():
        return max(place, 0)
    for start in range(place, max(0, place - LONGEST_WORD), -1):
        if text[start - 1].isspace():
            return start - 1
    for start in range(place, max(0, place - LONGEST_CHARACTER), -1):
        if start >= len(text) or not is_within_character(text, 0, start):
            return start
    return place
