"""Finds mentions, links and emoticons in a text, in time that grows with its length (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

__all__ = [
    "FoundInText",
    "Link",
    "find_in_text",
    "is_mention_name",
    "is_web_address",
    "make_mention_name",
]

# Not inside an address such as ann@example.com, and never longer than a name can be.
MENTION = re.compile(r"(?<![\w@.+-])@(\w{1,50})(?!\w)")
LINK = re.compile(r"\bhttps?://[^\s<>\"]{1,2000}", re.IGNORECASE)
EMOTICON = re.compile(r"\(([a-zA-Z0-9]{1,50})\)")
MENTION_NAME = re.compile(r"\w{1,50}")

EVERYBODY = frozenset({"all", "here"})
"""Names that call more than one person, and that no person can have."""

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
        """The last part of the address, for people."""
        return unquote(_path(self.url).rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class FoundInText:
    """What a text holds besides words, in the order of first appearance."""

    mention_names: tuple[str, ...]
    """Without the `@`, `all` and `here` among them; people are still to be looked up."""
    links: tuple[Link, ...]
    shortcuts: tuple[str, ...]
    """Of what may be emoticons, without the parentheses."""


def find_in_text(text: str) -> FoundInText:
    """Find what a text of `message_format` `text` holds."""
    return FoundInText(
        mention_names=_unique(MENTION.findall(text)),
        links=tuple(Link(_trim(url)) for url in LINK.findall(text)[-MOST_FOUND:]),
        shortcuts=_unique(EMOTICON.findall(text)),
    )


def is_mention_name(name: str) -> bool:
    """Say whether people can be called so: 1 to 50 letters, digits or underscores."""
    return MENTION_NAME.fullmatch(name) is not None and name.lower() not in EVERYBODY


def is_web_address(text: str) -> bool:
    """Say whether a text is one `http` or `https` address and nothing else."""
    if any(letter.isspace() for letter in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)


def make_mention_name(name: str, number: int = 0) -> str:
    """Make a mention name of a full name; a higher number makes another one."""
    plain = re.sub(r"\W+", "", name)[:40] or "User"
    if number == 0 and plain.lower() in EVERYBODY:
        number = 1
    return f"{plain}{number or ''}"


def _unique(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:MOST_FOUND]


def _trim(url: str) -> str:
    """Give the sentence around an address its punctuation and closing bracket back."""
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
