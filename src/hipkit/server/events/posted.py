"""What a stored message looks like in the event log, for whoever passes messages on (values).

Webhooks get what HipChat sent them. This has all that is stored of a message, whatever its kind,
in one stream: what passes messages on gets them in the order in which they were committed.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["POSTED", "PostedFile", "PostedMessage"]

POSTED = "posted"
"""The event's name. It is none of HipChat's, and no webhook can have it."""


class PostedFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a message."""

    key: str
    """By which its bytes are found."""
    name: str
    size_bytes: int
    content_type: str


class PostedMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it was stored."""

    id: str
    sent_us: int
    kind: Literal["message", "notification", "topic"]
    room: str | None = None
    """The room's name; `None` for a private message."""
    body: str
    format: Literal["html", "text"] = "text"
    sender: str
    """The name that is shown."""
    avatar_url: str | None = None
    color: str | None = None
    """Never `random`: that is decided when a notification is stored."""
    notify: bool = False
    card: str | None = None
    """JSON, as it was sent."""
    attach_to: str | None = None
    mentions: tuple[str, ...] = ()
    """Names of users in the text, without the `@`, and `all` and `here`."""
    file: PostedFile | None = None
    token: str | None = None
    """The id of the token that sent it, if one did; never the token itself."""
    recipient: str | None = None
    """The name of the other user, of a private message."""

    def __repr__(self) -> str:
        # The text is nobody's business who reads a log.
        return f"<PostedMessage {self.id}>"
