"""What an operator watches, read of the whole server."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.server.services.status import ServerStatus, read_status
from hipkit.server.storage.protocol import ScanTooLongError, Stores
from hipkit.server.storage.stores.events import NewEvent, StreamRecord
from tests.unit.server.asgi import Site


def status_of(site: Site) -> ServerStatus:
    return asyncio.run(read_status(site.server.database, seconds=30))


async def open_routes(stores: Stores) -> None:
    for name in ("", "ops", "gone"):
        await stores.routes.open(
            StreamRecord(1, None, "posted"), name=name, target="t", host="h", now_us=1
        )
    gone = await stores.routes.by_name("gone")
    assert gone is not None
    await stores.routes.remove(gone.id, 2)
    event = NewEvent(group_id=1, room_id=1, event="posted", item="{}", root="")
    for now_us in (5, 6):
        await stores.events.add(event, now_us)


def test_routes_of_the_file_are_read_with_what_waits(site: Site) -> None:
    site.add_room("Ops")
    asyncio.run(site.server.database.write(open_routes))

    assert {
        route.record.name: (route.waiting.count, route.waiting.oldest_us)
        for route in status_of(site).routes
    } == {"": (2, 5), "ops": (2, 5)}


def test_webhooks_and_sizes_are_read(site: Site) -> None:
    site.add_room("Ops")
    before = status_of(site)
    assert (before.webhooks.count, before.file_bytes) == (0, 0)
    assert before.database_bytes > 0

    webhook = {"url": "http://93.184.216.34/", "event": "room_message"}
    assert site.post("/v2/room/Ops/webhook", webhook).status == 201
    file = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"\r\n12345\r\n--b--\r\n"
    )
    shared = site.send(
        "POST",
        "/v2/room/Ops/share/file",
        body=file,
        headers=[("Content-Type", "multipart/related; boundary=b")],
    )
    assert shared.status == 204
    after = status_of(site)
    assert (after.webhooks.count, after.file_bytes) == (1, 5)


def test_a_read_that_takes_too_long_ends(site: Site) -> None:
    with pytest.raises(ScanTooLongError):
        asyncio.run(read_status(site.server.database, seconds=-1))
