"""Names in the heads of a form's parts (pure)."""

from __future__ import annotations

__all__ = ["quoted_name"]

ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def quoted_name(name: str) -> str:
    """Return a name as it stands within its quotation marks, escaped as HTML has it."""
    return name.translate(ESCAPES)
