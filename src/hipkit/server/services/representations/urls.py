"""Absolute addresses of resources, files and pages (pure).

Links in a response have the scheme and host that the request used. Events are stored once for
several receivers: with a placeholder, which `with_root` replaces by the root of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import msgspec

from hipkit.server.events.log import PLACEHOLDER
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = ["Addresses", "with_root"]

API = "/v2"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Builds absolute addresses below one root, such as `https://chat.example.com`."""

    root: str

    @property
    def api(self) -> str:
        """The API's base, without a slash at the end."""
        return f"{self.root}{API}"

    @property
    def host(self) -> str:
        """The host's name, which XMPP addresses end in."""
        return urlsplit(self.root).hostname or "localhost"

    def group(self, group_id: int) -> str:
        """Return a group's address."""
        return f"{self.root}{API}/group/{group_id}"

    def user(self, user_id: int) -> str:
        """Return a user's address."""
        return f"{self.root}{API}/user/{user_id}"

    def room(self, room_id: int) -> str:
        """Return a room's address."""
        return f"{self.root}{API}/room/{room_id}"

    def room_webhook(self, room_id: int, webhook_id: int) -> str:
        """Return the address of a room's webhook."""
        return f"{self.room(room_id)}/webhook/{webhook_id}"

    def group_webhook(self, key: str) -> str:
        """Return the address of a webhook of the whole group."""
        return self.extension(None, "webhook", key)

    def extension(self, room_id: int | None, kind: str, key: str) -> str:
        """Return the address of a module of an add-on: in a room, or of the whole group."""
        place = self.api if room_id is None else self.room(room_id)
        return f"{place}/extension/{kind}/{quote(key, safe='')}"

    def addon_link(self, token: str) -> str:
        """Return the address of an add-on's link to one of its modules."""
        return f"{self.api}/addon/link/{quote(token, safe='')}"

    def module_page(self, extension_id: int, room_id: int | None) -> str:
        """Return the address of a module's page: as it is in a room, if it is of one."""
        query = "" if room_id is None else f"?room={room_id}"
        return f"{self.root}/modules/{extension_id}{query}"

    def emoticon(self, emoticon_id: int) -> str:
        """Return an emoticon's address."""
        return f"{self.root}{API}/emoticon/{emoticon_id}"

    def session(self, token: str) -> str:
        """Return the address where a token is introspected."""
        return f"{self.api}/oauth/token/{quote(token, safe='')}"

    @property
    def capabilities(self) -> str:
        """The address of the server's capabilities."""
        return f"{self.api}/capabilities"

    def installable(self, client_id: str, token: str) -> str:
        """Return the address where an add-on fetches its data once."""
        return f"{self.api}/addon/{quote(client_id, safe='')}/installable/{token}"

    @property
    def addons(self) -> str:
        """The address of the page that lists installed add-ons."""
        return f"{self.root}/addons"

    def addon(self, client_id: str) -> str:
        """Return the address of an installed add-on's page."""
        return f"{self.addons}/{quote(client_id, safe='')}"

    def file(self, key: str, name: str) -> str:
        """Return the address of a file's bytes."""
        return f"{self.root}/files/{key}/{quote(name, safe='')}"

    def file_link(self, message_id: str, name: str, query: str) -> str:
        """Return the address of the bytes of a message's file, valid as long as the query."""
        return (
            f"{self.root}/files/temporary/{message_id}/{quote(name, safe='')}?{query}"
        )

    def picture(self, key: str) -> str:
        """Return the address of a picture's bytes."""
        return f"{self.root}/pictures/{key}"

    def guest_page(self, room: RoomRecord) -> str | None:
        """Return the address at which guests enter a room; `None` if they may not."""
        if not (room.is_guest_accessible and room.guest_key):
            return None
        return f"{self.root}/guest/{room.guest_key}"


def with_root(item: str, placeholder: str, root: str) -> str:
    """Return JSON with another root in its links.

    Args:
        item: The JSON.
        placeholder: The root of its links; one that is no placeholder is not replaced.
        root: The root that replaces it.
    """
    host = placeholder.rpartition("/")[2]
    # Most items have no links.
    if not host.endswith(PLACEHOLDER) or host not in item:
        return item
    wanted = Addresses(root)
    for old, new in ((placeholder, wanted.root), (host, wanted.host)):
        item = item.replace(old, msgspec.json.encode(new).decode()[1:-1])
    return item
