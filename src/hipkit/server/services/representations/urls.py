"""Where things are to be found, with a scheme and a host (pure).

What is for the caller alone has those that the caller used. What is stored for others has none
of its own: it is written with a placeholder, and `with_root` puts their host into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import msgspec

__all__ = ["Addresses", "placeholder_root", "with_root"]

PLACEHOLDER = ".placeholder.invalid"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Builds absolute addresses below one root, such as `https://chat.example.com`."""

    root: str

    @property
    def api(self) -> str:
        """The API's base, without a slash at the end."""
        return f"{self.root}/v2"

    @property
    def host(self) -> str:
        """The host's name, which XMPP addresses end in."""
        return urlsplit(self.root).hostname or "localhost"

    def group(self, group_id: int) -> str:
        """A group."""
        return f"{self.api}/group/{group_id}"

    def user(self, user_id: int) -> str:
        """A user."""
        return f"{self.api}/user/{user_id}"

    def room(self, room_id: int) -> str:
        """A room."""
        return f"{self.api}/room/{room_id}"

    def room_webhook(self, room_id: int, webhook_id: int) -> str:
        """A webhook of a room."""
        return f"{self.room(room_id)}/webhook/{webhook_id}"

    def group_webhook(self, key: str) -> str:
        """A webhook of the whole group."""
        return f"{self.api}/extension/webhook/{quote(key, safe='')}"

    def emoticon(self, emoticon_id: int) -> str:
        """An emoticon."""
        return f"{self.api}/emoticon/{emoticon_id}"

    def session(self, token: str) -> str:
        """What is known about a token."""
        return f"{self.api}/oauth/token/{quote(token, safe='')}"

    def file(self, key: str, name: str) -> str:
        """The bytes of a file."""
        return f"{self.root}/files/{key}/{quote(name, safe='')}"

    def file_link(self, message_id: str, name: str, query: str) -> str:
        """The bytes of a message's file, for as long as the query is good."""
        return (
            f"{self.root}/files/temporary/{message_id}/{quote(name, safe='')}?{query}"
        )

    def picture(self, key: str) -> str:
        """The bytes of a picture."""
        return f"{self.root}/pictures/{key}"

    def guest_page(self, key: str) -> str:
        """Where a guest enters a room."""
        return f"{self.root}/guest/{key}"


def placeholder_root(key: str) -> str:
    """Return a root that stands for another one.

    The key has to be a lower-case text that nobody can foresee: what people write into messages
    must not be taken for it.
    """
    return f"https://{key}{PLACEHOLDER}"


def with_root(item: str, placeholder: str, root: str) -> str:
    """Return JSON with the root that its links are to have.

    Args:
        item: The JSON.
        placeholder: What its links were made with; anything but a placeholder is left alone.
        root: What they are to be made with.
    """
    if not placeholder.endswith(PLACEHOLDER):
        return item
    wanted = Addresses(root)
    for old, new in (
        (placeholder, wanted.root),
        (Addresses(placeholder).host, wanted.host),
    ):
        item = item.replace(old, msgspec.json.encode(new).decode()[1:-1])
    return item
