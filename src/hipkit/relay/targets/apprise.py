"""Apprise: any of its services, by its URL, as text (pure).

For chats without a target of their own: what Apprise makes of colours, links and cards differs by
service, and it says neither status nor how long to wait.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import cut_line, fit
from hipkit.relay.markup.escaping import defuse
from hipkit.relay.markup.marked_text import plain_text
from hipkit.relay.message import Level, RelayMessage
from hipkit.relay.targets.answers import read_status
from hipkit.relay.targets.parts import message_nodes
from hipkit.relay.targets.protocol import (
    Answer,
    AppriseCall,
    Limit,
    LinksFiles,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["Apprise", "AppriseSettings"]

MOST_TEXT = 10_000
LEAST_TEXT = 100
MOST_TITLE = 100
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9]{1,30}://.", re.DOTALL)

Type = Literal["info", "success", "warning", "failure"]
TYPES: Mapping[Level | None, Type] = {
    "success": "success",
    "warning": "warning",
    "failure": "failure",
}
"""The types that Apprise has; whatever else is for information."""


class AppriseSettings(Settings, frozen=True, kw_only=True):
    """One service of Apprise."""

    url: Secret
    """The URL of the service, such as `pover://user@token`."""
    longest: int = 1_000
    """Characters of a text, 100 to 10,000: services take different lengths."""

    def __post_init__(self) -> None:
        if not SCHEME.match(self.url.reveal()):
            raise ValueError("url is none of Apprise's: it is like service://...")
        if not LEAST_TEXT <= self.longest <= MOST_TEXT:
            raise ValueError(f"longest must be {LEAST_TEXT} to {MOST_TEXT:,}")


class Apprise(LinksFiles, Target[AppriseSettings]):
    """A service that Apprise knows."""

    name: ClassVar[str] = "apprise"
    settings: ClassVar[type[Settings]] = AppriseSettings
    pace_seconds: ClassVar[float] = 1.0
    is_idempotent: ClassVar[bool] = False
    most_tries: ClassVar[int | None] = 3
    limits: ClassVar[tuple[Limit, ...]] = (Limit(place="", most=MOST_TEXT),)

    def render(
        self, message: RelayMessage, settings: AppriseSettings, options: RenderOptions
    ) -> AppriseCall:
        """Return the notification. It is text, however often it is sent."""
        nodes = message_nodes(message)
        text = fit(nodes, plain_text, settings.longest, link=message.link)
        head = " · ".join(filter(None, (message.label, message.title or message.room)))
        return AppriseCall(
            url=settings.url,
            title=cut_line(defuse(head), MOST_TITLE),
            text=text or "(no text)",
            type=TYPES.get(message.level, "info"),
        )

    def read(self, reply: Reply) -> Answer:
        """Return what the status means. Apprise itself never shows an answer."""
        return read_status(reply)

    def host(self, settings: AppriseSettings) -> str:
        """Return the service: what stands after it may be a secret."""
        return urlsplit(settings.url.reveal()).scheme
