from __future__ import annotations

import asyncio

import pytest

from hipkit.server.events.posted import POSTED
from hipkit.server.services import sweep as module
from hipkit.server.services.sweep import TimeBounds, sweep, sweep_messages
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import StreamRecord
from hipkit.server.storage.stores.timestamps import SECOND_US
from tests.unit.server.asgi import Site
from tests.unit.server.http.bodies.test_uploads import TYPE, body


def count(site: Site, table: str) -> int:
    return len(site.sql(f"SELECT 1 FROM {table}"))  # noqa: S608 - names of ours


def files(site: Site) -> int:
    paths = site.server.runtime.blobs.path.rglob("*")
    return sum(path.is_file() for path in paths)


def delete_a_room(site: Site) -> None:
    """Leave a deleted room's messages: three texts and a file."""
    site.add_room("Ops")
    for text in ("one", "two", "three"):
        site.post("/v2/room/Ops/message", {"message": text})
    site.send("POST", "/v2/room/Ops/share/file", body=body(b"bytes"), headers=[TYPE])
    stores = site.server.database
    asyncio.run(stores.write(lambda s: s.rooms.delete(1)))


def test_messages_of_a_deleted_room_are_deleted_with_their_texts_and_files(
    site: Site,
) -> None:
    delete_a_room(site)
    site.add_room("Other")
    site.post("/v2/room/Other/message", {"message": "stays"})

    runtime = site.server.runtime
    assert asyncio.run(sweep_messages(runtime.database, runtime.blobs))

    assert (count(site, "messages"), count(site, "message_texts")) == (1, 1)
    assert (count(site, "files"), files(site)) == (0, 0)


def test_one_step_deletes_a_bounded_number_of_messages(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP_COUNT", 3)
    delete_a_room(site)
    runtime = site.server.runtime

    assert not asyncio.run(sweep_messages(runtime.database, runtime.blobs))
    assert count(site, "messages") == 1
    assert asyncio.run(sweep_messages(runtime.database, runtime.blobs))
    assert count(site, "messages") == 0


def test_a_sweep_ends_only_when_every_message_is_deleted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP_COUNT", 1)
    delete_a_room(site)
    runtime, now_us = site.server.runtime, site.now_us

    bounds = TimeBounds(earliest_us=now_us, latest_us=now_us)
    asyncio.run(sweep(runtime.database, runtime.blobs, bounds))

    assert count(site, "messages") == 0
    assert files(site) == 0


def test_a_removed_route_is_kept_for_a_week_with_what_waits_for_it(site: Site) -> None:
    stream = StreamRecord(1, None, POSTED)
    day_us = 24 * 60 * 60 * SECOND_US
    runtime, now_us = site.server.runtime, site.now_us

    async def fill(stores: Stores) -> None:
        for name in ("gone", "kept"):
            await stores.routes.open(
                stream, name=name, target="slack", host="", now_us=now_us
            )
        await stores.routes.remove(1, now_us - 7 * day_us - 1)
        await stores.routes.remove(2, now_us - 6 * day_us)

    asyncio.run(runtime.database.write(fill))
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "x"})

    bounds = TimeBounds(earliest_us=now_us, latest_us=now_us)
    asyncio.run(sweep(runtime.database, runtime.blobs, bounds))

    (route,) = asyncio.run(runtime.stores.routes.all())
    assert route.name == "kept"
    assert count(site, "subscriptions") == 1
    assert count(site, "events") == 1
