"""A room of an `AddOnHost`: what people do in it, and what add-ons post."""

from __future__ import annotations

from pathlib import Path

from hipkit.testing.addons.context import HostContext
from hipkit.testing.values import TestUser
from hipkit.v2.models import Message

__all__ = ["TestRoom"]


class TestRoom:
    """A room. `AddOnHost.room` creates it.

    Attributes:
        name: Its name.
        id: Its id.
    """

    __test__ = False  # Not a class of tests, although pytest would take it for one.

    def __init__(self, context: HostContext, name: str, room_id: int) -> None:
        self._context = context
        self.name = name
        self.id = room_id

    def say(self, text: str, *, user: TestUser | None = None) -> None:
        """Send a message to the room, and wait until the add-ons have handled it.

        Args:
            text: The text.
            user: Who says it; without one, the administrator.
        """
        self._context.client_for(user).rooms.send_message(self.id, message=text)
        self._context.deliver()

    def notify(self, text: str, *, user: TestUser | None = None) -> None:
        """Send a notification as another program does, with a user's token."""
        client = self._context.client_for(user)
        client.rooms.send_room_notification(self.id, message=text)
        self._context.deliver()

    def set_topic(self, topic: str, *, user: TestUser | None = None) -> None:
        """Change the topic."""
        self._context.client_for(user).rooms.set_topic(self.id, topic=topic)
        self._context.deliver()

    def share_file(self, path: str | Path, *, user: TestUser | None = None) -> None:
        """Share a file of this machine."""
        self._context.client_for(user).rooms.share_file_with_room(self.id, file=path)
        self._context.deliver()

    @property
    def messages(self) -> list[Message]:
        """All messages, the oldest first, notifications included."""
        return self._context.server.messages(self.id)

    @property
    def replies(self) -> list[str]:
        """The texts of what add-ons have posted, the oldest first."""
        return [
            each.message or ""
            for each in self.messages
            if each.notification_sender is not None
            and each.notification_sender.type == "addon"
        ]
