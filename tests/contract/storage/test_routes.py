"""What the store of routes promises, whichever database is below it."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.deliveries import NewDelivery
from hipkit.server.storage.stores.events import NewEvent, StreamRecord
from hipkit.server.storage.stores.routes import RouteRecord, SummaryRecord
from tests.contract.storage.filling import NOW, add_group

STREAM = StreamRecord(1, None, "posted")
SECOND = 1_000_000


@pytest.fixture
async def filled(database: Database) -> Database:
    await add_group(database)
    return database


async def happen(database: Database, now_us: int = NOW) -> int:
    event = NewEvent(group_id=1, room_id=1, event="posted", item="{}", root="")
    return await database.write(lambda stores: stores.events.add(event, now_us))


async def open_route(
    database: Database, name: str = "ops", target: str = "mattermost"
) -> int:
    return await database.write(
        lambda stores: stores.routes.open(
            STREAM, name=name, target=target, host=f"{target}.example", now_us=NOW
        )
    )


async def change(database: Database, method: str, *values: Any, **named: Any) -> Any:
    return await database.write(
        lambda stores: getattr(stores.routes, method)(*values, **named)
    )


async def record(database: Database, route_id: int) -> RouteRecord:
    found = await database.stores.routes.get(route_id)
    assert found is not None
    return found


async def test_a_new_route_begins_after_the_newest_event(filled: Database) -> None:
    newest = await happen(filled)

    route = await record(filled, await open_route(filled))

    assert route.position == newest
    assert (route.kind, route.event, route.host) == (
        "route",
        "posted",
        "mattermost.example",
    )
    assert (route.name, route.target, route.created_us) == ("ops", "mattermost", NOW)
    assert route.next_try_us is None
    assert not route.is_inactive


async def test_a_route_with_the_same_name_goes_on_at_its_position(
    filled: Database,
) -> None:
    route_id = await open_route(filled)
    await happen(filled)

    assert await open_route(filled, target="slack") == route_id

    route = await record(filled, route_id)
    assert (route.position, route.target, route.host) == (0, "slack", "slack.example")
    assert route.next_try_us is None, "nothing is tried earlier than it would be"


async def test_a_removed_route_is_kept_and_goes_on_at_its_position(
    filled: Database,
) -> None:
    route_id = await open_route(filled)
    await happen(filled)
    await change(filled, "remove", route_id, NOW + 1)
    await change(filled, "remove", route_id, NOW + 2)
    assert (await record(filled, route_id)).removed_us == NOW + 1
    assert (await record(filled, route_id)).is_inactive
    assert [one.id for one in await filled.stores.routes.all()] == [route_id]

    assert await open_route(filled) == route_id

    route = await record(filled, route_id)
    assert (route.removed_us, route.position, route.next_try_us) == (None, 0, NOW)


async def test_a_name_is_taken_once(filled: Database) -> None:
    await open_route(filled)

    with pytest.raises(StorageError):
        await change(
            filled,
            "add",
            STREAM,
            name="ops",
            target="slack",
            host="",
            position=0,
            now_us=NOW,
        )

    assert len(await filled.stores.routes.all()) == 1
    assert len(await filled.stores.subscriptions.behind()) == 0
    found = await filled.stores.routes.by_name("ops")
    assert found is not None
    assert await filled.stores.routes.by_name("Ops") is None


async def test_a_paused_route_is_tried_at_once_when_it_is_resumed(
    filled: Database,
) -> None:
    route_id = await open_route(filled)
    await change(filled, "pause", route_id, NOW)
    await change(filled, "pause", route_id, NOW + 5)
    paused = await record(filled, route_id)
    assert (paused.held_us, paused.is_inactive) == (NOW, True)

    await change(filled, "resume", route_id, NOW + 9)

    route = await record(filled, route_id)
    assert (route.held_us, route.next_try_us) == (None, NOW + 9)


async def test_counts_are_added_up_and_the_last_answer_is_kept(
    filled: Database,
) -> None:
    route_id = await open_route(filled)
    earlier = {"status": 200, "problem": None, "now_us": NOW}
    await change(filled, "put_answer", route_id, delivered=2, set_aside=3, **earlier)
    await change(filled, "put_answer", route_id, delivered=1, summarised=40, **earlier)
    answer = {"status": 400, "problem": "too long", "now_us": NOW + 1}
    await change(filled, "put_answer", route_id, refused=1, **answer)
    await change(filled, "count_dropped", route_id, 3)
    await change(filled, "count_dropped", route_id, 1)

    route = await record(filled, route_id)
    counts = (route.delivered, route.refused, route.set_aside)
    assert (*counts, route.summarised, route.dropped) == (3, 1, 3, 40, 4)
    last = (route.last_us, route.last_status, route.last_problem)
    assert last == (NOW + 1, 400, "too long")


async def test_when_a_route_recovered_is_stored_and_cleared(filled: Database) -> None:
    route_id = await open_route(filled)
    await change(filled, "set_recovered", route_id, NOW)
    assert (await record(filled, route_id)).recovered_us == NOW
    await change(filled, "set_recovered", route_id, None)
    assert (await record(filled, route_id)).recovered_us is None


async def test_what_waits_is_counted_from_the_position_on(filled: Database) -> None:
    route_id = await open_route(filled)
    first = await happen(filled, NOW)
    for number in range(1, 4):
        await happen(filled, NOW + number * SECOND)
    stores = filled.stores

    waiting = await stores.routes.waiting(await record(filled, route_id))
    assert (waiting.count, waiting.oldest_us) == (4, NOW)
    await filled.write(lambda s: s.subscriptions.advance(route_id, first))
    waiting = await stores.routes.waiting(await record(filled, route_id))
    assert (waiting.count, waiting.oldest_us) == (3, NOW + SECOND)
    await filled.write(lambda s: s.subscriptions.advance(route_id, first + 3))
    waiting = await stores.routes.waiting(await record(filled, route_id))
    assert (waiting.count, waiting.oldest_us) == (0, None)


async def test_references_are_each_routes_own(filled: Database) -> None:
    one, other = await open_route(filled), await open_route(filled, "other")
    await change(filled, "put_reference", one, "m1", "$a", NOW)
    await change(filled, "put_reference", one, "m1", "$b", NOW)
    await change(filled, "put_reference", one, "m2", "$c", NOW)

    routes = filled.stores.routes
    assert await routes.references(one, ["m1", "m2", "m3"]) == {"m1": "$b", "m2": "$c"}
    assert await routes.references(one, []) == {}
    assert await routes.references(other, ["m1"]) == {}


async def test_a_route_has_one_summary(filled: Database) -> None:
    route_id = await open_route(filled)
    routes = filled.stores.routes
    assert await routes.summary(route_id) is None
    for last in (7, 9):
        summary = SummaryRecord(
            route_id=route_id,
            message_id=f"m{last}",
            first_event_id=3,
            last_event_id=last,
            created_us=NOW,
        )
        await change(filled, "put_summary", summary)

    assert await routes.summary(route_id) == summary
    await change(filled, "delete_summary", route_id)
    assert await routes.summary(route_id) is None


async def test_all_of_a_route_goes_with_it(filled: Database) -> None:
    route_id = await open_route(filled)
    await change(filled, "put_reference", route_id, "m1", "$a", NOW)

    assert await change(filled, "delete", route_id)
    assert not await change(filled, "delete", route_id)

    assert await filled.stores.subscriptions.get(route_id) is None
    assert await filled.stores.routes.references(route_id, ["m1"]) == {}


async def test_a_route_goes_with_its_subscription(filled: Database) -> None:
    route_id = await open_route(filled)

    await filled.write(lambda stores: stores.subscriptions.delete(route_id))

    assert await filled.stores.routes.all() == []


async def test_what_is_too_old_is_swept(filled: Database) -> None:
    removed, kept = await open_route(filled), await open_route(filled, "kept")
    young = await open_route(filled, "young")
    await change(filled, "remove", removed, NOW)
    await change(filled, "remove", young, NOW + 9)
    for message, sent_us in (("old", NOW), ("new", NOW + 9)):
        await change(filled, "put_reference", kept, message, "$a", sent_us)

    await change(filled, "sweep", removed_before_us=NOW + 5, sent_before_us=NOW + 5)

    routes = filled.stores.routes
    assert [one.id for one in await routes.all()] == [kept, young]
    assert await routes.references(kept, ["old", "new"]) == {"new": "$a"}


async def test_the_oldest_event_that_is_awaited_is_that_of_the_slowest(
    filled: Database,
) -> None:
    async def oldest() -> int | None:
        return await filled.stores.events.oldest_waiting("posted")

    await happen(filled, NOW - 9 * SECOND)
    assert await oldest() is None
    slow, fast = [await open_route(filled, name) for name in ("slow", "fast")]
    assert await oldest() is None
    first = await happen(filled, NOW)
    newest = await happen(filled, NOW - SECOND)
    await filled.write(lambda stores: stores.subscriptions.advance(fast, newest))

    assert await oldest() == NOW - SECOND
    await filled.write(lambda stores: stores.subscriptions.advance(slow, newest))
    assert first < newest
    assert await oldest() is None


@pytest.mark.parametrize(("name", "title"), [("ops", "route ops"), ("", "no route")])
async def test_the_log_calls_a_route_by_its_name(
    filled: Database, name: str, title: str
) -> None:
    assert (await record(filled, await open_route(filled, name))).title == title


async def test_all_routes_are_removed_at_once_and_earlier_ones_stay_as_they_are(
    filled: Database,
) -> None:
    first, second = await open_route(filled, "a"), await open_route(filled, "b")
    await change(filled, "remove", first, NOW)

    await change(filled, "remove_all", NOW + 1)

    removed = [(await record(filled, each)).removed_us for each in (first, second)]
    assert removed == [NOW, NOW + 1]


async def test_the_state_of_a_delivery_can_be_changed(filled: Database) -> None:
    route_id = await open_route(filled)
    refused = [
        NewDelivery(
            subscription_id=route_id,
            event_id=await happen(filled),
            event="posted",
            state="refused",
            tries=1,
            tried_us=NOW,
        )
        for _ in range(2)
    ]
    await filled.write(lambda stores: stores.deliveries.put(*refused))
    newest, _ = await filled.stores.deliveries.of_subscription(route_id, 2)

    await filled.write(lambda stores: stores.deliveries.set_state(newest.id, "again"))

    found = await filled.stores.deliveries.of_subscription(route_id, 2)
    assert [each.state for each in found] == ["again", "refused"]
