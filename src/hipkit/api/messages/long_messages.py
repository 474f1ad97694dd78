"""Split and shorten messages that are longer than a server accepts (pure).

A server counts a message as it was sent: characters (code points), tags and entities included. A
part is well-formed HTML by itself: it ends what is open, and the next part opens it again.
Every input takes linear time.
Read next: `message_html.py`, which separates tags from text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Literal, NamedTuple

from hipkit.api.messages.message_html import CELLS, TABLE_PARTS, Tag, Text, read_html

__all__ = [
    "LONGEST_MESSAGE",
    "is_within_character",
    "split_message",
    "truncate_message",
]

LONGEST_MESSAGE = 10_000
"""The most characters of a notification or message, in both formats."""
SMALLEST_LIMIT = 100
"""Below it a part could be too small for one character reference within a few tags."""
SMALLEST_PIECE, LARGEST_PIECE = 40, 256
"""Bounds for the characters of a long line that are moved to the next part together."""
DEEPEST = 64
"""Tags within more open tags than this are left out. People nest a few."""

# How well a part may end after a piece. The best place in its second half is taken.
NOWHERE, ANYWHERE, WORD, LINE, PARAGRAPH = range(5)
ENDS = {
    **dict.fromkeys(("dl", "ol", "p", "pre", "table", "ul"), PARAGRAPH),
    **dict.fromkeys(("br", "caption", "dd", "dt", "li", "tr"), LINE),
}

VOID = frozenset({"br", "img"})
SECTIONS = frozenset({"tbody", "tfoot", "thead"})
WITHOUT_TEXT = SECTIONS | {"dl", "ol", "table", "tr", "ul"}
"""Tags that hold other tags, and no text of their own."""
ENDED_BY: dict[str, tuple[Set[str], Set[str]]] = {
    "a": (frozenset({"a"}), CELLS),
    "p": (frozenset({"p"}), CELLS | {"dd", "dt", "li"}),
    "li": (frozenset({"li"}), CELLS | {"ol", "ul"}),
    **dict.fromkeys(("dd", "dt"), (frozenset({"dd", "dt"}), CELLS | {"dl"})),
    **dict.fromkeys(CELLS, (CELLS, frozenset({"table", "tr"}))),
    "tr": (CELLS | {"caption", "tr"}, frozenset({"table"})),
    **dict.fromkeys(SECTIONS, (TABLE_PARTS, frozenset({"table"}))),
}
"""Tag -> those it ends if they are open, and those within which it looks: `<li>` ends an item."""

LINES = re.compile(r"[^\n]*+\n[\r\n]*+|[^\n]++")
SLASH = re.compile(r"(<[A-Za-z0-9]+|.*[\s\"'])/>", re.DOTALL)
"""A start tag with a slash at its end, which is not the end of an attribute's value."""
REFERENCE = re.compile(r"&[#A-Za-z0-9]{0,32};?")
LONGEST_REFERENCE = 34
LONGEST_CHARACTER = 16
"""The most code points before a place that are searched for the start of one visible character."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An open tag, and those around it."""

    outer: _Open | None
    name: str
    source: str
    depth: int
    opening: int
    """The size of the start tags, from the outermost to this one."""
    closing: int
    """The size of the end tags."""


class _Piece(NamedTuple):
    """What is not divided: a tag, or a few words."""

    source: str
    end: int
    """How well a part may end after it."""
    inside: _Open | None
    """The innermost tag that is open after it."""
    is_shown: bool
    is_end: bool = False


class _Part(NamedTuple):
    source: str
    inside: _Open | None


def split_message(
    message: str,
    *,
    message_format: Literal["html", "text"] = "html",
    limit: int = LONGEST_MESSAGE,
) -> list[str]:
    """Split a message into parts that a server accepts, to be sent in order.

    A message that fits is returned unchanged. Otherwise a part ends after a paragraph, else after
    a line, else after a word, if there is one in its second half; never within a tag, a character
    reference, or a visible character such as an emoji of several code points. No text is lost but
    parts that would show nothing.

    In HTML, tags that are open at the end of a part are closed there, and opened again in the
    next one, where a numbered list counts from 1 again. What HipChat does not render is shown as
    text, and is escaped. Left out are tags that, with those around them, take more than half a
    part or are nested more than 64 deep.

    Args:
        message: The message.
        message_format: `html` or `text`, as in `send_room_notification`. Messages of people are
            `text`.
        limit: Maximum length of a part, in characters, at least 100.

    Returns:
        The parts. None is empty; of an empty message there are none.

    Raises:
        ValueError: The limit is too small, or there is no such format.
    """
    pieces = _pieces(message, message_format, limit)
    if len(message) <= limit:
        return [message] if message else []
    return [part.source + _ends(part.inside) for part in _parts(pieces, limit)]


def truncate_message(
    message: str,
    *,
    message_format: Literal["html", "text"] = "html",
    limit: int = LONGEST_MESSAGE,
    ending: str = "…",
) -> str:
    """Shorten a message to what a server accepts, at such a place as `split_message` chooses.

    Args:
        message: The message.
        message_format: `html` or `text`, as in `send_room_notification`.
        limit: Maximum length of the result, in characters, at least 100 more than the ending.
        ending: What to put at the end of a shortened message, in the message's format.

    Raises:
        ValueError: The limit is too small, or there is no such format.
    """
    size = limit - len(ending)
    pieces = _pieces(message, message_format, size)
    if len(message) <= limit:
        return message
    for part in islice(_parts(pieces, size), 1):
        source, inside = part.source.rstrip(), part.inside
        while inside is not None and inside.name in WITHOUT_TEXT:
            source, inside = f"{source}</{inside.name}>", inside.outer
        return source + ending + _ends(inside)
    return ending


def _pieces(message: str, message_format: str, limit: int) -> Iterator[_Piece]:
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"the limit must be at least {SMALLEST_LIMIT} characters")
    if message_format == "html":
        return _html_pieces(message, limit)
    if message_format == "text":
        return _text_pieces(message, limit, None)
    raise ValueError("message_format must be 'html' or 'text'")


# Parts


def _parts(pieces: Iterable[_Piece], limit: int) -> Iterator[_Part]:
    """Yield the parts, each with the tags that are open at its end."""
    start: _Open | None = None
    held: list[_Piece] = []
    size = 0
    for piece in pieces:
        while (
            held
            and _opening(start) + size + len(piece.source) + _closing(piece.inside)
            > limit
        ):
            count = _best_end(held, size)
            yield from _part(start, held[:count])
            start = held[count - 1].inside
            del held[:count]
            size = sum(len(each.source) for each in held)
        held.append(piece)
        size += len(piece.source)
    if held:
        yield from _part(start, held)


def _best_end(held: list[_Piece], size: int) -> int:
    """Return how many pieces make up the next part."""
    best, count, end = NOWHERE, len(held), size
    for index in range(len(held), 0, -1):
        piece = held[index - 1]
        if piece.end > best:
            best, count = piece.end, index
        end -= len(piece.source)
        if best == PARAGRAPH or (best and end < size // 2):
            break
    # End tags are free: otherwise they would be added here, and close what is opened for nothing.
    while count < len(held) and held[count].is_end:
        count += 1
    return count


def _part(start: _Open | None, held: list[_Piece]) -> Iterator[_Part]:
    if any(piece.is_shown for piece in held):
        yield _Part(
            _starts(start) + "".join(each.source for each in held), held[-1].inside
        )


def _opening(inside: _Open | None) -> int:
    return 0 if inside is None else inside.opening


def _closing(inside: _Open | None) -> int:
    return 0 if inside is None else inside.closing


def _starts(inside: _Open | None) -> str:
    return "".join([each.source for each in _around(inside)][::-1])


def _ends(inside: _Open | None) -> str:
    return "".join(f"</{each.name}>" for each in _around(inside))


def _around(inside: _Open | None) -> Iterator[_Open]:
    """Yield the open tags, from the innermost to the outermost."""
    while inside is not None:
        yield inside
        inside = inside.outer


# HTML


def _html_pieces(html: str, limit: int) -> Iterator[_Piece]:
    inside: _Open | None = None
    for part in read_html(html):
        if isinstance(part, Text):
            # No `<` is left that could become a tag in other surroundings.
            source = escape(part.source, quote=False) if part.is_typed else part.source
            yield from _text_pieces(source.replace("<", "&lt;"), limit, inside)
        elif part.name in VOID:
            yield from _void_piece(part, inside, limit)
        elif part.is_end:
            for piece in _close(inside, _ended_by_end(inside, part.name)):
                inside = piece.inside
                yield piece
        else:
            while (ended := _ended_by_start(inside, part.name)) is not None:
                for piece in _close(inside, ended):
                    inside = piece.inside
                    yield piece
            opened = _opened(inside, part, limit)
            if opened is not None:
                inside = opened
                yield _Piece(opened.source, NOWHERE, inside, is_shown=False)


def _void_piece(tag: Tag, inside: _Open | None, limit: int) -> Iterator[_Piece]:
    # Browsers show `</br>` as a line break. In another part, it would be text.
    source = f"<{tag.name}>" if tag.is_end else tag.source
    if tag.is_end and tag.name != "br":
        return
    if _opening(inside) + len(source) + _closing(inside) <= limit:
        end = ENDS.get(tag.name, ANYWHERE)
        yield _Piece(source, end, inside, is_shown=tag.name == "img")


def _opened(inside: _Open | None, tag: Tag, limit: int) -> _Open | None:
    """Return a start tag as the innermost open tag, or `None` to leave it out."""
    if inside is not None and inside.depth == DEEPEST:
        return None
    if tag.name in TABLE_PARTS and _find(inside, frozenset({"table"})) is None:
        return None
    # Browsers ignore a slash; parsers of XML would take the tag for ended.
    with_slash = SLASH.fullmatch(tag.source)
    source = tag.source if with_slash is None else f"{with_slash[1]}>"
    opened = _Open(
        outer=inside,
        name=tag.name,
        source=source,
        depth=1 if inside is None else inside.depth + 1,
        opening=_opening(inside) + len(source),
        closing=_closing(inside) + len(f"</{tag.name}>"),
    )
    return opened if opened.opening + opened.closing <= limit // 2 else None


def _ended_by_start(inside: _Open | None, name: str) -> _Open | None:
    """Return an open tag that a start tag ends, or `None`."""
    return _find(inside, *ENDED_BY[name]) if name in ENDED_BY else None


def _ended_by_end(inside: _Open | None, name: str) -> _Open | None:
    """Return the tag that an end tag ends: outside of a cell's text, only parts of its table."""
    if name == "table":
        return _find(inside, frozenset({name}))
    within = frozenset({"table"})
    return _find(
        inside,
        frozenset({name}),
        within if name in TABLE_PARTS else within | CELLS | {"caption"},
    )


def _find(
    inside: _Open | None, names: Set[str], within: Set[str] = frozenset()
) -> _Open | None:
    """Return the innermost open tag of some names, inside the innermost of others."""
    for each in _around(inside):
        if each.name in names:
            return each
        if each.name in within:
            return None
    return None


def _close(inside: _Open | None, last: _Open | None) -> Iterator[_Piece]:
    """Yield the end tags of the open tags up to the last one; none if there is no last one."""
    if last is None:
        return
    for each in _around(inside):
        end = ENDS.get(each.name, ANYWHERE)
        yield _Piece(f"</{each.name}>", end, each.outer, is_shown=False, is_end=True)
        if each is last:
            return


# Text


def _text_pieces(text: str, limit: int, inside: _Open | None) -> Iterator[_Piece]:
    """Yield a text in pieces of a line, or if it is long, of a few words."""
    largest = max(SMALLEST_PIECE, min(LARGEST_PIECE, limit // 8))
    for found in LINES.finditer(text):
        start, end = found.span()
        while end - start > largest:
            place = _place(text, start, start + largest)
            yield _text_piece(text[start:place], inside)
            start = place
        yield _text_piece(text[start:end], inside)


def _text_piece(text: str, inside: _Open | None) -> _Piece:
    end = ANYWHERE
    if text[-1].isspace():
        breaks = text.count("\n", len(text.rstrip()))
        end = PARAGRAPH if breaks > 1 else LINE if breaks else WORD
    return _Piece(text, end, inside, is_shown=not text.isspace())


def _place(text: str, start: int, place: int) -> int:
    """Return where to divide a text, at a place or before: after a space, or between characters."""
    for space in (" ", "\t"):
        after = text.rfind(space, start, place) + 1
        if after:
            return after
    end = place
    earliest = max(start, end - LONGEST_CHARACTER)
    while end > earliest and is_within_character(text, start, end):
        end -= 1
    if end == earliest:
        end = place
    reference = text.rfind("&", max(start, end - LONGEST_REFERENCE) + 1, end)
    found = REFERENCE.match(text, reference) if reference > start else None
    return reference if found is not None and found.end() > end else end


def is_within_character(text: str, start: int, place: int) -> bool:
    """Return whether the code points before and after a place are shown as one character.

    Args:
        text: The text.
        start: Where the part of it begins that counts.
        place: Between 1 and its last index.
    """
    before, after = text[place - 1], text[place]
    if before == "\u200d" or after in "\u200c\u200d":
        return True
    if "\U0001f1e6" <= after <= "\U0001f1ff":  # Flags are pairs of letters.
        letters = place
        while letters > start and "\U0001f1e6" <= text[letters - 1] <= "\U0001f1ff":
            letters -= 1
        return (place - letters) % 2 == 1
    return (
        unicodedata.category(after).startswith("M")
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # Skin colours.
        or "\U000e0020" <= after <= "\U000e007f"  # Flags of regions.
        or "\udc00" <= after <= "\udfff"  # The second half of a pair.
    )
