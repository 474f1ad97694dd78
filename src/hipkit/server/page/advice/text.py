"""What advice on API calls consists of: text with code in it, commands, and a link (pure)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hipkit.server.page.formatting import code

__all__ = ["NEW_ROOM", "PEOPLE", "TOKENS", "Advice", "codes", "link_to_settings"]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to change, and where.

    Attributes:
        text: Sentences; what `code` returns in them is shown as code. All that a program sent
            stands there as code.
        label: What is done on the page with the address; empty if there is none.
        address: Its path.
        commands: What to run on the server, one after the other.
    """

    text: str
    label: str = ""
    address: str = ""
    commands: tuple[str, ...] = ()


def codes(words: Collection[object], last: str) -> str:
    """Return words as code in a list, such as `a`, `b` or `c`."""
    *first, final = map(code, words)
    return f"{', '.join(first)} {last} {final}" if first else final


def link_to_settings(room_id: int | None) -> tuple[str, str]:
    """Return the label and address of a room's settings; empty ones without a room."""
    if room_id is None:
        return "", ""
    return "Room settings", f"/rooms/{room_id}/settings"


TOKENS = "Tokens", "/tokens"
NEW_ROOM = "New room", "/rooms/new"
PEOPLE = "People", "/people"
"""Pages, by what their links say."""
