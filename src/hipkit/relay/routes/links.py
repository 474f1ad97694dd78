"""Links to messages and files of this server, for readers of a target (protocol)."""

from __future__ import annotations

from typing import Protocol

from hipkit.server.events.posted import PostedMessage

__all__ = ["Links", "NoLinks"]


class Links(Protocol):
    """Makes links that are good without an account, where the server has a public address."""

    def message(self, message: PostedMessage) -> str | None:
        """Return a link to a message."""

    def file(self, message: PostedMessage) -> str | None:
        """Return a link to the file of a message."""


class NoLinks:
    """No links: the server has no public address."""

    def message(self, message: PostedMessage) -> str | None:
        """Return `None`."""

    def file(self, message: PostedMessage) -> str | None:
        """Return `None`."""
