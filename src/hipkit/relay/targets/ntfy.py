"""ntfy: notifications on phones and desktops (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import cut_line, fit, utf8_bytes
from hipkit.relay.markup.marked_text import text_as_typed
from hipkit.relay.message import Level, RelayFile, RelayMessage
from hipkit.relay.targets.answers import describe, read_object, read_status
from hipkit.relay.targets.calls import (
    bearer,
    check_address,
    get_call,
    host_of,
    json_call,
    with_query,
)
from hipkit.relay.targets.parts import card_picture, message_nodes, with_sent_files
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["Ntfy", "NtfySettings"]

MOST_MESSAGE = 4_096
"""Bytes; what is longer becomes a file."""
MOST_TITLE = 250
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
TAGS: Mapping[Level, str] = {
    "success": "green_circle",
    "warning": "yellow_circle",
    "failure": "red_circle",
    "accent": "purple_circle",
    "quiet": "white_circle",
}
"""ntfy shows the emoji of these names."""
LOW, DEFAULT, HIGH, HIGHEST = 2, 3, 4, 5
OF_THE_ROUTE = frozenset({40009, 40010})
"""Codes that mean the topic, though their status is 400."""


class NtfySettings(Settings, frozen=True, kw_only=True):
    """A topic of a server."""

    topic: Secret
    """The topic. On a server without access control, who knows it can read it."""
    server: str = "https://ntfy.sh"
    """The address of the server."""
    token: Secret | None = None
    """An access token, where the topic needs one."""

    def __post_init__(self) -> None:
        check_address("server", self.server)
        if not TOPIC.fullmatch(self.topic.reveal()):
            raise ValueError("topic must have 1 to 64 letters, digits, - and _")


NO_SERVER = "the address is no ntfy server's"


class Ntfy(Target[NtfySettings]):
    """A topic of ntfy."""

    name: ClassVar[str] = "ntfy"
    settings: ClassVar[type[Settings]] = NtfySettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = False
    uploads_bytes: ClassVar[int] = 15_000_000
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="message", most=MOST_MESSAGE, unit="bytes"),
        Limit(place="title", most=MOST_TITLE, unit="bytes"),
        Limit(place="tags", most=1, unit="items"),
    )

    def render(
        self, message: RelayMessage, settings: NtfySettings, options: RenderOptions
    ) -> HttpCall:
        """Return the notification; refused before, it is nothing but text."""
        nodes = message_nodes(with_sent_files(message, options))
        link = message.link
        text = fit(nodes, text_as_typed, MOST_MESSAGE, measure=utf8_bytes, link=link)
        body: dict[str, object] = {
            "topic": settings.topic.reveal(),
            "message": text or "(no text)",
            "title": _title(message),
        }
        if not options.plain:
            card = message.card
            body |= {
                "priority": _priority(message, options),
                "tags": _tags(message),
                "click": (card.url if card is not None else None) or link,
                "icon": message.avatar_url,
                "attach": None if card is None else card_picture(card),
            }
        return json_call(settings.server, body, _headers(settings))

    def render_upload(self, file: RelayFile, settings: NtfySettings) -> HttpCall:
        """Return a notification with the file alone, which does not ring."""
        # A header would hold neither every letter nor every sign of a name.
        name = file.name.encode("utf-8", "replace").decode() or "file"
        values = {"filename": name, "priority": str(LOW)}
        address = f"{settings.server.rstrip('/')}/{settings.topic.reveal()}"
        return HttpCall(
            method="PUT",
            url=Secret(with_query(address, values)),
            headers=(("Content-Type", "application/octet-stream"), *_headers(settings)),
            file=file,
        )

    def read_upload(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the id of the file's notification."""
        answer, found = self.read(reply), read_object(reply)
        if answer.verdict != "delivered":
            return answer
        if not isinstance(found.get("attachment"), dict):
            return Answer(verdict="content", problem="the answer names no file")
        return replace(answer, reference=found["id"])

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means: a success has the notification's id."""
        found = read_object(reply)
        code: Any = found.get("code")
        code = code if type(code) is int else None
        answer = read_status(reply)
        if answer.verdict == "delivered":
            if isinstance(found.get("id"), str):
                return answer
            return Answer(verdict="route", problem=NO_SERVER)
        if code is not None:
            problem = f"{describe(reply.status)}, code {code}"
            answer = replace(answer, problem=problem)
        if answer.verdict == "content" and code in OF_THE_ROUTE:
            return replace(answer, verdict="route")
        return answer

    def render_check(self, settings: NtfySettings) -> HttpCall | None:
        """Return the question whose token it is."""
        if settings.token is None:
            return None
        url = f"{settings.server.rstrip('/')}/v1/account"
        return get_call(url, bearer(settings.token))

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        answer = read_status(reply)
        if answer.verdict == "delivered" and "username" not in read_object(reply):
            return Answer(verdict="route", problem=NO_SERVER)
        return answer

    def host(self, settings: NtfySettings) -> str:
        """Return the server's host."""
        return host_of(settings.server)


def _headers(settings: NtfySettings) -> tuple[tuple[str, str], ...]:
    return () if settings.token is None else bearer(settings.token)


def _title(message: RelayMessage) -> str:
    room = message.title or message.room
    title = " · ".join(filter(None, (message.label, room)))
    return cut_line(title, MOST_TITLE, utf8_bytes)


def _priority(message: RelayMessage, options: RenderOptions) -> int:
    """Return how a phone rings: below the default it does not."""
    if options.notify == "never":
        return LOW
    if message.loud:
        return HIGHEST if options.notify == "mention" else HIGH
    return DEFAULT if message.kind == "message" else LOW


def _tags(message: RelayMessage) -> list[str]:
    return [] if message.level is None else [TAGS[message.level]]
