"""An add-on of the group with modules, a room, and people who look at it."""

from __future__ import annotations

import asyncio
from typing import Any

from hipkit.server.services.addons.modules.showing import AddonGlances, list_glances
from hipkit.server.services.context import Context
from hipkit.server.storage.stores.rooms import RoomRecord
from tests.unit.server.asgi import RawResponse, Site
from tests.unit.server.services.addons.making import BODIES, content

__all__ = ["SCOPES", "Shown"]

SCOPES = ["admin_group", "admin_room", "view_group", "view_room"]


class Shown:
    """What people see of an add-on's modules in the room Ops, which Ann owns.

    Bob is another member of the group, Gil a guest who is a member of the room.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.people = {
            name: site.add_user(name, mention_name=name, is_guest=name == "gil")
            for name in ("ann", "bob", "gil")
        }
        self.ops = site.add_room("Ops", owner=self.people["ann"])
        self.add_member("gil")
        self.client = site.add_client(SCOPES, name="Build bot")
        self.token = site.token_of(self.client)

    def add_member(self, name: str) -> None:
        target = f"/v2/room/{self.ops}/member/{self.people[name]}"
        reply = self.site.put(target, {"room_roles": ["room_member"]})
        assert reply.status == 204, reply.body

    def put(
        self,
        key: str,
        kind: str = "glance",
        *,
        token: str | None = None,
        room: int | None = None,
        **members: Any,
    ) -> int:
        """Create a module, and return its id."""
        place = "" if room is None else f"/room/{room}"
        needed = {"key", "name", "icon", "url", "title", "location", "target"}
        body = {name: value for name, value in BODIES[kind].items() if name in needed}
        if kind == "glance":
            body.pop("target")
        reply = self.site.put(
            f"/v2{place}/extension/{kind}/{key}",
            {**body, "key": key, **members},
            token=token or self.token,
        )
        assert reply.status == 201, reply.body
        made: int = reply.json["id"]
        return made

    def push(self, key: str, place: str = "", **members: Any) -> RawResponse:
        """Push to a glance."""
        body = {"glance": [{"key": key, "content": content(**members)}]}
        reply = self.site.post(f"/v2/addon/ui{place}", body, token=self.token)
        assert reply.status == 204, reply.body
        return reply

    def context(self, name: str = "bob") -> Context:
        return self.site.context_of(name)

    def room(self) -> RoomRecord:
        found = asyncio.run(self.site.server.database.stores.rooms.get(self.ops))
        assert found is not None
        return found

    def groups(self, name: str = "bob") -> list[AddonGlances]:
        return asyncio.run(list_glances(self.context(name), self.room()))

    def keys(self, name: str = "bob") -> list[str]:
        """Return the keys of the glances that somebody sees, in order."""
        return [one.glance.key for group in self.groups(name) for one in group.glances]
