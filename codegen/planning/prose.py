"""The document's texts as lines and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_FIRST_LINE = 76


def titled(title: str, otherwise: str) -> list[str]:
    """Return the title as first line, or another one and the title, if that is too long."""
    line = sentence(title)
    if not line:
        return [otherwise]
    return [line] if len(line) <= LONGEST_FIRST_LINE else [otherwise, line]


def one_line(text: str) -> str:
    """Return a text as one line without control characters."""
    return " ".join(plain(text).split())


def sentence(text: str) -> str:
    """Return a text as one line that ends like a sentence."""
    line = one_line(text)
    return line if not line or line[-1] in ".!?:;" else f"{line}."


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a description; lists and code keep their lines."""
    blocks: list[list[str]] = [[]]
    fenced = False
    for line in [*plain(text).split("\n"), ""]:
        if line.strip().startswith("```"):
            fenced = not fenced
        if line.strip() or fenced:
            blocks[-1].append(line.rstrip())
        else:
            blocks.append([])
    return [_block(lines) for lines in blocks if lines]


def bullets(lines: Iterable[str]) -> str:
    """Return a list as a block, which keeps its lines."""
    return "".join(f"- {line}\n" for line in lines)


def split_link(description: str) -> tuple[str, str]:
    """Split the link off a description whose last line is one."""
    lines = description.rstrip().splitlines()
    last = lines[-1].strip() if lines else ""
    if re.fullmatch(r"https?://\S+", last):
        return "\n".join(lines[:-1]), last
    return description, ""


def plain(text: str) -> str:
    """Return a text without control characters other than ends of lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(
        letter if letter.isprintable() or letter == "\n" else " " for letter in text
    )


def _block(lines: list[str]) -> str:
    keeps_lines = any(
        re.match(r"\s*([-*+]|\d+[.)])\s|    |\s*```|\s*\|", line) for line in lines
    )
    if keeps_lines:
        return "\n".join(lines) + "\n"
    return " ".join(line.strip() for line in lines)
