"""The queue of events: each once, in the order of its ordering key, and again after a crash."""

from __future__ import annotations

from hipkit.addon.storage.protocol import MEMORY_SECONDS, NewEvent, QueuedEvent, Storage

NOW = 1_480_000_000.0
HOST = "https://chat.example.com"
LEASE = 30.0


async def add(
    storage: Storage,
    delivery: str,
    *,
    ordering_key: str = "room 1",
    oauth_id: str = "one",
    host: str = HOST,
    at: float = NOW,
) -> bool:
    event = NewEvent(
        oauth_id=oauth_id,
        ordering_key=ordering_key,
        host=host,
        handler="greet",
        body=b'{"of": "' + delivery.encode() + b'"}',
        delivery=delivery,
        received_at=at,
    )
    return await storage.add_event(event)


async def claim(
    storage: Storage, *, owner: str = "worker", now: float = NOW
) -> QueuedEvent | None:
    claimed = await storage.claim_events(
        owner=owner, now=now, lease_seconds=LEASE, most=1
    )
    return claimed[0] if claimed else None


async def deliveries(storage: Storage, *, now: float = NOW) -> list[str]:
    """Claim and finish all events; return them in the order in which they were handled."""
    handled = []
    while event := await claim(storage, now=now):
        handled.append(event.delivery)
        await storage.finish_events([event.id], owner="worker")
    return handled


async def test_a_claimed_event_has_all_that_was_added(storage: Storage) -> None:
    assert await add(storage, "a")
    event = await claim(storage)
    assert event is not None
    assert event == QueuedEvent(
        id=event.id,
        oauth_id="one",
        ordering_key="room 1",
        host=HOST,
        handler="greet",
        body=b'{"of": "a"}',
        delivery="a",
        received_at=NOW,
        starts=1,
    )
    assert "of" not in repr(event)


async def test_events_come_in_the_order_in_which_they_were_added(
    storage: Storage,
) -> None:
    names = [str(number) for number in range(20)]
    for name in names:
        await add(storage, name, at=NOW - int(name))
    assert await deliveries(storage) == names


async def test_only_the_first_event_of_an_ordering_key_is_claimed(
    storage: Storage,
) -> None:
    for name, ordering_key in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        await add(storage, name, ordering_key=ordering_key)
    await add(storage, "other", ordering_key="a", oauth_id="two")
    claimed = [await claim(storage) for _ in range(4)]
    assert [each and each.delivery for each in claimed] == ["a1", "b1", "other", None]
    assert claimed[0] is not None
    await storage.finish_events([claimed[0].id], owner="worker")
    following = await claim(storage)
    assert following is not None
    assert following.delivery == "a2"


async def test_a_repeat_is_not_added(storage: Storage) -> None:
    assert await add(storage, "a")
    assert not await add(storage, "a")
    assert await deliveries(storage) == ["a"]
    assert not await add(storage, "a", at=NOW + MEMORY_SECONDS - 1)
    await storage.sweep(now=NOW + MEMORY_SECONDS - 1)
    assert not await add(storage, "a", at=NOW + MEMORY_SECONDS - 1)
    assert await deliveries(storage) == []


async def test_a_repeat_is_one_of_the_same_installation(storage: Storage) -> None:
    assert await add(storage, "a")
    assert await add(storage, "a", oauth_id="two")


async def test_a_delivery_is_forgotten_after_a_week(storage: Storage) -> None:
    await add(storage, "a")
    await add(storage, "b")
    assert await deliveries(storage) == ["a", "b"]
    assert await add(storage, "a", at=NOW + MEMORY_SECONDS)
    await storage.sweep(now=NOW + MEMORY_SECONDS)
    assert await add(storage, "b", at=NOW)


async def test_an_event_is_claimed_again_when_its_worker_is_gone(
    storage: Storage,
) -> None:
    await add(storage, "a")
    await claim(storage)
    assert await claim(storage, owner="next", now=NOW + LEASE - 1) is None
    event = await claim(storage, owner="next", now=NOW + LEASE)
    assert event is not None
    assert (event.delivery, event.starts) == ("a", 2)


async def test_an_extended_claim_is_not_taken(storage: Storage) -> None:
    await add(storage, "a", ordering_key="a")
    await add(storage, "b", ordering_key="b")
    await claim(storage)
    await claim(storage, owner="next")
    await storage.extend_events(owner="worker", until=NOW + 2 * LEASE)
    taken = [await claim(storage, owner="next", now=NOW + LEASE) for _ in range(2)]
    assert [each and each.delivery for each in taken] == ["b", None]


async def test_a_claim_that_was_taken_over_finishes_nothing(storage: Storage) -> None:
    await add(storage, "a")
    event = await claim(storage)
    assert event is not None
    await claim(storage, owner="next", now=NOW + LEASE)
    await storage.finish_events([event.id], owner="worker")
    again = await claim(storage, owner="third", now=NOW + 2 * LEASE)
    assert again is not None
    await storage.finish_events([again.id], owner="third")
    assert await claim(storage, now=NOW + 9 * LEASE) is None


async def test_released_events_are_claimed_at_once_as_if_never_begun(
    storage: Storage,
) -> None:
    await add(storage, "a", ordering_key="a")
    await add(storage, "b", ordering_key="b")
    await claim(storage)
    await claim(storage, owner="next")
    await storage.release_events(owner="worker")
    event = await claim(storage, owner="third")
    assert event is not None
    assert (event.delivery, event.starts) == ("a", 1)
    assert await claim(storage, owner="third") is None


async def test_finishing_twice_does_nothing(storage: Storage) -> None:
    await add(storage, "a")
    event = await claim(storage)
    assert event is not None
    await storage.finish_events([event.id], owner="worker")
    await storage.finish_events([event.id], owner="worker")
    assert await deliveries(storage) == []


async def test_events_of_some_installations_can_be_left_out(storage: Storage) -> None:
    for oauth_id in ("one", "two", "three"):
        await add(storage, oauth_id, oauth_id=oauth_id)
    events = await storage.claim_events(
        owner="worker", now=NOW, lease_seconds=LEASE, most=9, but=["one", "two"]
    )
    assert [event.oauth_id for event in events] == ["three"]


async def test_events_of_some_hosts_can_be_left_out(storage: Storage) -> None:
    for oauth_id, host in (("one", HOST), ("two", HOST), ("three", "https://other")):
        await add(storage, oauth_id, oauth_id=oauth_id, host=host)
    events = await storage.claim_events(
        owner="worker", now=NOW, lease_seconds=LEASE, most=9, but=[HOST]
    )
    assert [event.oauth_id for event in events] == ["three"]
    assert [event.host for event in events] == ["https://other"]


async def test_a_claim_from_before_the_clock_was_set_back_does_not_last(
    storage: Storage,
) -> None:
    await add(storage, "a")
    assert await claim(storage, owner="crashed", now=NOW + 86_400) is not None
    assert await claim(storage) is not None
    # It may be extended by another process just before it is asked for here.
    await storage.extend_events(owner="worker", until=NOW + LEASE + 1)
    assert await claim(storage, owner="other") is None


async def test_several_events_are_claimed_at_once_one_of_each_key(
    storage: Storage,
) -> None:
    for delivery, ordering_key in (("1", "a"), ("2", "a"), ("3", "b"), ("4", "c")):
        await add(storage, delivery, ordering_key=ordering_key)
    first = await storage.claim_events(
        owner="one", now=NOW, lease_seconds=LEASE, most=2
    )
    assert [each.delivery for each in first] == ["1", "3"]
    assert {each.starts for each in first} == {1}
    rest = await storage.claim_events(owner="two", now=NOW, lease_seconds=LEASE, most=9)
    assert [each.delivery for each in rest] == ["4"]
