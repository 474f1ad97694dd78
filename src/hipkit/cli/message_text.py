"""Format a message as text."""

from __future__ import annotations

import msgspec

from hipkit.api.message_html import plain_text
from hipkit.v2.models import Message

__all__ = ["message_text"]


def message_text(message: Message) -> str:
    """Return date (in this machine's time zone), sender and text."""
    sender = message.from_
    if sender is not None and not isinstance(sender, str):
        sender = sender.name
    text = "\n".join(filter(None, _parts(message))) or "(deleted or empty)"
    when = message.date.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"{when} {sender or '(unknown sender)'}: " + text.replace("\n", "\n    ")


def _parts(message: Message) -> list[str]:
    text = message.message or ""
    parts = [plain_text(text) if message.message_format == "html" else text]
    if message.card:
        parts.append(_card_title(message.card))
    if message.file is not None:
        parts.append(f"(file {message.file.name}, {message.file.size:,} bytes)")
    return parts


def _card_title(card: str) -> str:
    try:
        title = msgspec.json.decode(card)["title"]
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError):
        return "(card)"
    return f"(card: {title})"
