"""Finds mentions, links and emoticons in a text, in linear time (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

from hipkit.api.addresses import is_web_address

__all__ = [
    "FoundInText",
    "Link",
    "Piece",
    "clean_mention_name",
    "derive_mention_name",
    "find_in_text",
    "is_mention_name",
    "split_text",
]

MARKS = "".join(
    chr(code)
    for code in range(0x300, 0x2000)
    if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
"""Accents and vowel signs, without which many scripts cannot write a name; `\\w` lacks them."""

# Not inside an address such as ann@example.com, and never longer than a name can be.
MENTION = re.compile(rf"(?<![\w@.+-])@(\w[\w{MARKS}]{{0,49}})(?![\w{MARKS}])")
LINK = re.compile(r"\bhttps?://[^\s<>\"]{1,2000}", re.IGNORECASE)
EMOTICON = re.compile(r"\(([a-zA-Z0-9]{1,50})\)")
MENTION_NAME = re.compile(rf"\w[\w{MARKS}]{{0,49}}")
NO_NAME = re.compile(rf"[^\w{MARKS}]+")
ANY_PIECE = re.compile(
    rf"(?P<link>(?i:{LINK.pattern}))|(?P<mention>{MENTION.pattern})"
    rf"|(?P<emoticon>{EMOTICON.pattern})"
)

EVERYBODY = frozenset({"all", "here"})
"""Names that mention more than one user, and that no user may have."""

MOST_FOUND = 100
ENDINGS = ".,;:!?'*_~"
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif")


@dataclass(frozen=True, slots=True)
class Link:
    """A web address in a text."""

    url: str

    @property
    def is_picture(self) -> bool:
        """Whether the address looks like a picture's."""
        return _path(self.url).lower().endswith(PICTURE_ENDINGS)

    @property
    def name(self) -> str:
        """The last part of the address, decoded."""
        return unquote(_path(self.url).rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class FoundInText:
    """The mentions, links and emoticons of a text, in the order of first appearance."""

    mention_names: tuple[str, ...]
    """Without the `@`, `all` and `here` included; not every name is a user's."""
    links: tuple[Link, ...]
    shortcuts: tuple[str, ...]
    """Without the parentheses; not every shortcut is an emoticon."""


def find_in_text(text: str) -> FoundInText:
    """Return what a text of `message_format` `text` holds; in a link nothing else is found."""
    found: dict[str, list[str]] = {"mention": [], "link": [], "emoticon": []}
    for piece in split_text(text):
        if piece.kind != "plain":
            found[piece.kind].append(piece.name)
    return FoundInText(
        mention_names=_unique(_fold(name) for name in found["mention"]),
        links=tuple(Link(url) for url in found["link"][-MOST_FOUND:]),
        shortcuts=_unique(found["emoticon"]),
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: plain, or a possible link, mention or emoticon."""

    kind: Literal["plain", "link", "mention", "emoticon"]
    text: str
    """As it was written."""

    @property
    def name(self) -> str:
        """The text without what marks it: of `@ann` and `(smile)`, `ann` and `smile`.

        Letters with accents are in the one form (NFC) in which names are compared.
        """
        if self.kind == "link":
            return self.text
        return clean_mention_name(self.text.strip("@()"))


def split_text(text: str) -> Iterator[Piece]:
    """Split a text of `message_format` `text`; the pieces together are the text."""
    done = 0
    while (found := ANY_PIECE.search(text, done)) is not None:
        kind = cast("Literal['link', 'mention', 'emoticon']", found.lastgroup)
        piece = _trim(found.group()) if kind == "link" else found.group()
        if kind == "link" and not is_web_address(piece):
            # Not an address, such as "http://...": plain text to its end.
            yield Piece("plain", text[done : found.end()])
            done = found.end()
            continue
        if found.start() > done:
            yield Piece("plain", text[done : found.start()])
        yield Piece(kind, piece)
        done = found.start() + len(piece)
    if done < len(text):
        yield Piece("plain", text[done:])


def is_mention_name(name: str) -> bool:
    """Return whether a mention name is valid: 1 to 50 letters, digits or underscores.

    Letters are those of any script, with their accents and vowel signs.
    """
    return MENTION_NAME.fullmatch(name) is not None and name.lower() not in EVERYBODY


def clean_mention_name(name: str) -> str:
    """Return a name in the one form (NFC) in which letters with accents are compared."""
    return unicodedata.normalize("NFC", name)


def derive_mention_name(name: str, number: int = 0) -> str:
    """Derive a mention name from a full name; each `number` returns another one."""
    plain = NO_NAME.sub("", clean_mention_name(name)).lstrip(MARKS)[:40] or "User"
    if number == 0 and plain.lower() in EVERYBODY:
        number = 1
    return f"{plain}{number or ''}"


def _fold(name: str) -> str:
    """Return a name as it is looked up; `@All` is the same as `@all`."""
    folded = name.lower()
    return folded if folded in EVERYBODY else name


def _unique(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:MOST_FOUND]


def _trim(url: str) -> str:
    """Return an address without the punctuation and closing brackets of its sentence."""
    url = url.rstrip(ENDINGS)
    for opening, closing in ("()", "[]"):
        excess = url.count(closing) - url.count(opening)
        while excess > 0 and url.endswith(closing):
            url = url[:-1]
            excess -= 1
    return url


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
