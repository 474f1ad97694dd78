from __future__ import annotations

import asyncio

from hipkit.server.services.rooms.adding import insert_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import NewRoom
from tests.unit.server.asgi import Site


def test_a_room_has_its_owner_in_it_and_a_private_ones_is_a_member(site: Site) -> None:
    context = site.operator_context()

    async def add(stores: Stores) -> list[int]:
        ids = []
        for name, privacy in (("open", "public"), ("shut", "private")):
            new = NewRoom(
                group_id=1,
                name=name,
                topic="",
                privacy=privacy,
                owner_id=1,
                version="v",
            )
            ids.append((await insert_room(context, stores, new, room_id=None)).id)
        return ids

    asyncio.run(context.write(add))

    for room in ("open", "shut"):
        present = site.get(f"/v2/room/{room}/participant").json["items"]
        assert [user["id"] for user in present] == [1]
    assert len(site.get("/v2/room/shut/member").json["items"]) == 1
