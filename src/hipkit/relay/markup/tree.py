"""The tree that a message's text becomes: text, mentions and a few kinds of elements (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Element", "Mention", "Node", "Tag", "Text"]

Tag = Literal[
    "a",
    "blockquote",
    "b",
    "br",
    "code",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "table",
    "td",
    "th",
    "tr",
    "ul",
]
"""`strong` is read as `b`, `em` as `i`, `del` and `strike` as `s`; of others the content stays."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text as people read it, without any markup. White space is collapsed but for `pre`."""

    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody whom the message mentioned. It reaches nobody unless the route maps it."""

    name: str
    """The mention name, without the `@`; `all` and `here` for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element with its children."""

    tag: Tag
    children: tuple[Node, ...] = ()
    url: str = ""
    """Of a link or a picture: `http`, `https` or `mailto` only."""
    alt: str = ""
    """Of a picture."""


Node = Text | Mention | Element
