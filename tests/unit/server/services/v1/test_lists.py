"""Whole lists of API v1."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.server.storage.protocol import Stores
from tests.unit.server.asgi import Site
from tests.unit.server.http.dialects.test_v1 import form, get, message


def test_a_history_of_a_day_is_of_that_day_in_the_requested_zone(site: Site) -> None:
    site.add_room("Ops")
    starts = site.clock[0]  # 2023-11-14 22:13:20 UTC
    for hours in (0, 1, 2, 30):
        site.clock[0] = starts + hours * 3600
        site.post("/v2/room/Ops/message", {"message": str(hours)})

    def day(date: str, zone: str) -> list[str]:
        reply = get(site, "rooms/history", room_id="Ops", date=date, timezone=zone)
        return [message["message"] for message in reply.json["messages"]]

    assert day("2023-11-14", "UTC") == ["0", "1"]
    assert day("2023-11-15", "UTC") == ["2"]
    assert day("2023-11-14", "America/Los_Angeles") == ["0", "1", "2"]
    assert day("2023-11-16", "UTC") == ["30"]


def test_a_history_of_many_messages_is_whole_and_in_order(site: Site) -> None:
    site.add_room("Ops")
    for number in range(1001):
        form(site, "rooms/message", **message(message=number))

    reply = get(site, "rooms/history", room_id="Ops", date="2023-11-14")
    shown = [message["message"] for message in reply.json["messages"]]

    assert shown == [str(number) for number in range(1001)]


@pytest.mark.parametrize("date", ["2010-13-01", "yesterday", "", "2010-11-19T00:00"])
def test_a_date_is_a_day_or_recent(site: Site, date: str) -> None:
    site.add_room("Ops")

    assert get(site, "rooms/history", room_id="Ops", date=date).status == 400


def test_a_history_has_no_deleted_messages(site: Site) -> None:
    site.add_room("Ops")
    for text in ("stays", "goes"):
        form(site, "rooms/message", **message(message=text))

    async def delete(stores: Stores) -> None:
        # No service deletes a message yet; the stores read what is deleted.
        sql = "UPDATE messages SET is_deleted = 1 WHERE body = 'goes'"
        await stores.messages._session.run(sql)

    asyncio.run(site.server.database.write(delete))

    (shown,) = get(site, "rooms/history", room_id="Ops", date="recent").json["messages"]
    assert shown["message"] == "stays"
