"""What dialects of markup differ in, and the ones that several targets know (pure).

A target whose chat differs has its own: `dataclasses.replace(MARKDOWN, ...)` in its module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hipkit.relay.markup.cleaning import safe_url
from hipkit.relay.markup.escaping import (
    HAIR_SPACE,
    ZERO_WIDTH_SPACE,
    code_with_gaps,
    code_with_longer_fence,
    defuse,
    escape_angles,
    escape_cell,
    escape_markdown,
    escape_markdown_line,
    markdown_link,
    pre_with_gaps,
    pre_with_longer_fence,
)

__all__ = ["ANGLES", "AS_TYPED", "MARKDOWN", "NO_MARKER", "PLAIN", "Dialect", "Marker"]


@dataclass(frozen=True, slots=True)
class Marker:
    """What stands around marked text, in each of its lines."""

    start: str
    end: str = ""
    """Empty where it is the same as the start."""
    needs_gap: bool = False
    """Whether it is only a marker at the edge of a word."""


NO_MARKER = Marker("")


def _unchanged(text: str) -> str:
    return text


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _plain_link(shown: str, url: str) -> str:
    if safe_url(shown) == url:
        return shown
    return f"{shown} ({url.removeprefix('mailto:')})"


def _plain_address(url: str) -> str:
    return url.removeprefix("mailto:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a chat writes the elements of the tree. The functions escape, and nothing else does."""

    escape: Callable[[str], str] = defuse
    """Text, where it stands between other text."""
    escape_line: Callable[[str], str] = _unchanged
    """A line of a paragraph, markup and all: what only counts at its start."""
    bold: Marker = NO_MARKER
    italic: Marker = NO_MARKER
    strike: Marker = NO_MARKER
    code: Callable[[str], str] = defuse
    """Code within a line, not escaped before."""
    pre: Callable[[str], str] = defuse
    """A block of code, not escaped before."""
    link: Callable[[str, str], str] = _plain_link
    """The escaped text of a link, and its address."""
    address: Callable[[str], str] = _plain_address
    """A link that shows its own address."""
    address_ends_at_space: bool = False
    """Whether an address is read up to the next space; if text follows, it is a link with text."""
    has_marks_in_links: bool = True
    """Whether the text of a link may be bold and so on."""
    quote: Callable[[str], str] = _quoted
    """The lines of a quotation."""
    word_gap: str = ZERO_WIDTH_SPACE
    """What stands between a marker and a word where they must not touch."""
    needs_gap_at_signs: bool = False
    """Whether no marker may stand between a letter and a sign, as in `a**(b)**`."""
    bullet: str = "- "
    has_tables: bool = False
    """Whether it has Markdown's tables; else a row is a line."""
    cell: Callable[[str], str] = _unchanged
    """A cell of a table, markup and all."""
    gap: str = "\n\n"
    """What stands between paragraphs."""
    line_break: str = "\n"


PLAIN = Dialect()
"""Text without markup. Its lines are as they were typed, but that no `@` mentions anybody."""

AS_TYPED = Dialect(escape=_unchanged, code=_unchanged, pre=_unchanged)
"""Text without markup, for what knows no mentions: mail, and programs."""

MARKDOWN = Dialect(
    escape=escape_markdown,
    escape_line=escape_markdown_line,
    bold=Marker("**"),
    italic=Marker("_", needs_gap=True),
    strike=Marker("~~"),
    code=code_with_longer_fence,
    pre=pre_with_longer_fence,
    link=markdown_link,
    address=_unchanged,
    address_ends_at_space=True,
    word_gap=HAIR_SPACE,
    needs_gap_at_signs=True,
    cell=escape_cell,
    has_tables=True,
)
"""CommonMark with GitHub's tables and strike-through, where line ends count."""

ANGLES = Dialect(
    escape=escape_angles,
    bold=Marker("*", needs_gap=True),
    italic=Marker("_", needs_gap=True),
    strike=Marker("~", needs_gap=True),
    code=lambda text: code_with_gaps(escape_angles(text)),
    pre=lambda text: pre_with_gaps(escape_angles(text)),
    link=lambda shown, url: (
        f"<{url.replace('|', '%7C').replace('&', '&amp;')}|{shown}>"
    ),
    address=lambda url: f"<{url.replace('|', '%7C').replace('&', '&amp;')}>",
    has_marks_in_links=False,
    bullet="• ",
    gap="\n",
)
"""Slack's mrkdwn, and Google Chat's markup."""
