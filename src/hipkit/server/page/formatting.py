"""Formats what the page shows in one line: names, topics, titles, sizes and times (pure)."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from hipkit.server.services.representations.lines import one_line
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord

__all__ = [
    "code",
    "format_size",
    "iso_timestamp",
    "plain",
    "show_code",
    "show_command",
    "token_name",
    "webhook_name",
]

CODE = Markup("<code>{}</code>")
WHOLE = Markup('<span class="whole">{}</span>')
OPTION = re.compile(r"(?<!\S)(--[a-z-]+)")
"""An option of a command, at whose hyphens browsers would break the line."""


def token_name(token: TokenRecord) -> str:
    """Return a token's name in one line, or words for one without a name."""
    return one_line(token.name) or "Unnamed token"


def webhook_name(webhook: WebhookRecord) -> str:
    """Return a webhook's name in one line, or its number if it has no name."""
    return one_line(webhook.name) or f"Webhook {webhook.id}"


def code(text: object) -> str:
    """Return a text in the marks by which `show_code` finds code."""
    return f"`{plain(str(text))}`"


def plain(text: str) -> str:
    """Return a text without such marks."""
    return text.replace("`", "'")


def show_code(text: str) -> Markup:
    """Return a text as HTML in one line, with code where `code` marked some."""
    parts = one_line(text).split("`")
    shown = [escape(part) for part in parts]
    shown[1::2] = [CODE.format(show_command(part)) for part in parts[1::2]]
    return Markup("").join(shown)


def show_command(text: str) -> Markup:
    """Return a command as HTML in which no line breaks inside an option."""
    parts = OPTION.split(text)
    shown = [escape(part) for part in parts]
    shown[1::2] = [WHOLE.format(part) for part in parts[1::2]]
    return Markup("").join(shown)


def iso_timestamp(timestamp_us: int) -> str:
    """Return a timestamp in ISO 8601; `times.js` shows it in the reader's time zone."""
    return Timestamp.from_us(timestamp_us).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_size(size_bytes: int) -> str:
    """Return a size in words: `512 bytes`, `1.5 KB`, `20 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    size, unit = size_bytes / 1e3, "KB"
    if size >= 999.5:
        size, unit = size / 1e3, "MB"
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
