"""Whether what arrives at a target shows what a program sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from hipkit.relay.markup.escaping import ZERO_WIDTH_SPACE
from hipkit.relay.targets.parts import COLORS

__all__ = ["is_shown"]

COMMAND = re.compile(r"/(code|quote|me) ")
"""What the start of a text said of its form."""
NO_TAG = "full"
"""A program writes `<full>` for what it is not: it is shown as it stands."""


def is_shown(message: Mapping[str, Any], html: str, author: str | None = None) -> bool:
    """Return whether HTML shows a message of the history: its text, links, colour and author.

    Args:
        message: The message, as the API has it.
        html: What arrived.
        author: Who is shown as its author. Default: the first words that are bold.
    """
    # It keeps an `@` from ringing, and nobody sees it.
    shown, source = Shown(html.replace(ZERO_WIDTH_SPACE, "")), Shown("")
    card = json.loads(message.get("card") or "{}")
    if "activity" in card:
        # HipChat showed the card: the text was for programs that show none.
        source.words = card["title"].split()
    elif message.get("message_format") == "html":
        source = Shown(message["message"])
    else:
        source.words = COMMAND.sub("", message["message"]).split()
    color = COLORS.get(message.get("color", ""))
    return (
        (color is None or color in html)
        and _is_author(message, shown.bold if author is None else author.split())
        and "".join(source.words) in "".join(shown.words)
        and source.links <= shown.links
    )


def _is_author(message: Mapping[str, Any], shown: list[str]) -> bool:
    if message["type"] == "topic":
        # The history has the token's owner, whatever name version 1 sent with it.
        return bool(shown)
    sender = message["from"]
    name: str = sender["name"] if isinstance(sender, dict) else sender
    return shown[: len(name.split())] == name.split()


class Shown(HTMLParser):
    """What a reader sees of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.bold: list[str] = []
        self.links: set[str] = set()
        self._is_bold = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == NO_TAG:
            self.words.append(self.get_starttag_text() or "")
            return
        self._is_bold = tag in {"strong", "b"}
        for name, value in attrs:
            if name == "href" and (value or "").startswith(("http", "mailto")):
                self.links.add((value or "").rstrip("/"))

    def handle_endtag(self, tag: str) -> None:
        self._is_bold = False

    def handle_data(self, data: str) -> None:
        self.words += data.split()
        if self._is_bold:
            self.bold += data.split()
