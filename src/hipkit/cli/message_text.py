"""Format a message as text."""

from __future__ import annotations

import shutil
from datetime import datetime

import msgspec

from hipkit.api.messages.message_html import plain_text
from hipkit.cli.output import one_line
from hipkit.cli.table import align
from hipkit.v2.models import Message

__all__ = ["message_text"]

INDENT = "    "
CELL_END = "\0"
PIPE_SIZE = (100, 24)
"""Columns and lines where there is no terminal."""


def message_text(
    message: Message, *, place: str | None = None, width: int | None = None
) -> str:
    """Return date (in this machine's time zone), sender and text; tables as aligned columns.

    Args:
        message: The message.
        place: The room that it is from, to name it.
        width: Of the terminal, by default as it is now.
    """
    if width is None:
        width = shutil.get_terminal_size(PIPE_SIZE).columns
    sender = message.from_
    if sender is not None and not isinstance(sender, str):
        sender = sender.name
    parts = _parts(message, width - len(INDENT))
    text = "\n".join(filter(None, parts)) or "(deleted or empty)"
    when = _local(message.date).strftime("%Y-%m-%d %H:%M:%S")
    room = "" if place is None else f"[{one_line(place)}] "
    name = one_line(sender or "(unknown sender)")
    space = "" if text.startswith("\n") else " "
    return f"{when} {room}{name}:{space}" + text.replace("\n", f"\n{INDENT}")


def _local(date: datetime) -> datetime:
    try:
        return date.astimezone()
    except OverflowError:  # In the first or last year that a date may have.
        return date


def _parts(message: Message, width: int) -> list[str]:
    text = message.message or ""
    if message.message_format == "html":
        text = _html_text(text, width)
    parts = [text]
    if message.card:
        parts.append(_card_title(message.card))
    if message.file is not None:
        parts.append(f"(file {message.file.name}, {message.file.size:,} bytes)")
    return parts


def _html_text(html: str, width: int) -> str:
    lines: list[str] = []
    rows: list[list[str]] = []
    for line in plain_text(html, between_cells=CELL_END).split("\n"):
        if CELL_END not in line:
            lines += align(rows, width)
            rows.clear()
            lines.append(line)
            continue
        if not (lines or rows):
            # After the sender the first row would stand askew.
            lines.append("")
        # Before they are measured: what would harm a terminal is shown as an escape.
        rows.append([one_line(cell).strip() for cell in line.split(CELL_END)])
    return "\n".join([*lines, *align(rows, width)])


def _card_title(card: str) -> str:
    try:
        title = msgspec.json.decode(card)["title"]
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError):
        return "(card)"
    return f"(card: {title})"
