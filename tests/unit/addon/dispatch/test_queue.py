from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress

import pytest

from hipkit import StorageError
from hipkit.addon.dispatch.queue import LEASE_SECONDS, MOST_STARTS, Worker
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import NewEvent, QueuedEvent

NOW = 1_480_000_000.0
HOST = "https://chat.example.com"


async def add(
    storage: MemoryStorage,
    text: str,
    ordering_key: str = "1",
    oauth_id: str = "a",
    host: str = HOST,
) -> None:
    await storage.add_event(
        NewEvent(
            oauth_id=oauth_id,
            ordering_key=ordering_key,
            host=host,
            handler="h",
            body=text.encode(),
            delivery=f"{ordering_key} {text}",
            received_at=NOW,
        )
    )


async def claimed(storage: MemoryStorage, *, now: float = NOW) -> list[QueuedEvent]:
    return await storage.claim_events(
        owner="x", now=now, lease_seconds=LEASE_SECONDS, most=1
    )


@asynccontextmanager
async def working(
    storage: MemoryStorage,
    handle: Callable[[QueuedEvent], Awaitable[None]],
    *,
    most: int = 32,
    grace: float = 0,
) -> AsyncIterator[Worker]:
    worker = Worker(storage, handle, now=lambda: NOW, most=most)
    worker.start()
    try:
        yield worker
    finally:
        await worker.stop(grace)


class Gate:
    """Handles events, each when it is let through."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self._doors: dict[str, asyncio.Event] = {}
        self._news = asyncio.Event()

    async def __call__(self, event: QueuedEvent) -> None:
        text = event.body.decode()
        self.begun.append(text)
        self._news.set()
        await self._door(text).wait()
        self.ended.append(text)

    def open(self, text: str) -> None:
        self._door(text).set()

    async def has_begun(self, text: str) -> None:
        while text not in self.begun:
            self._news.clear()
            await self._news.wait()

    def _door(self, text: str) -> asyncio.Event:
        return self._doors.setdefault(text, asyncio.Event())


async def test_events_with_one_ordering_key_are_handled_one_after_another() -> None:
    storage, gate = MemoryStorage(), Gate()
    for text in ("1", "2", "3"):
        await add(storage, text)
    async with working(storage, gate) as worker:
        await gate.has_begun("1")
        assert gate.begun == ["1"]
        for text in ("3", "2", "1"):
            gate.open(text)
        await worker.drain()
        assert gate.ended == ["1", "2", "3"]


async def test_queues_are_handled_at_the_same_time() -> None:
    storage, gate = MemoryStorage(), Gate()
    await add(storage, "slow", ordering_key="1")
    await add(storage, "fast", ordering_key="2")
    gate.open("fast")
    async with working(storage, gate):
        await gate.has_begun("slow")
        await gate.has_begun("fast")
        assert gate.ended == ["fast"]


async def test_what_waits_is_claimed_at_once_and_not_asked_for_again() -> None:
    class Counting(MemoryStorage):
        claims: int = 0

        async def claim_events(
            self,
            *,
            owner: str,
            now: float,
            lease_seconds: float,
            most: int,
            but: Collection[str] = (),
        ) -> list[QueuedEvent]:
            self.claims += 1
            return await super().claim_events(
                owner=owner, now=now, lease_seconds=lease_seconds, most=most, but=but
            )

    storage, gate = Counting(), Gate()
    for ordering_key in "123":
        await add(storage, ordering_key, ordering_key)
    async with working(storage, gate):
        await gate.has_begun("3")
        assert storage.claims == 1


async def test_no_more_events_than_allowed_are_handled_at_the_same_time() -> None:
    storage, gate = MemoryStorage(), Gate()
    for ordering_key in ("1", "2", "3"):
        await add(storage, ordering_key, ordering_key=ordering_key)
        gate.open(ordering_key)
    async with working(storage, gate, most=1) as worker:
        await worker.drain()
        assert gate.ended == ["1", "2", "3"]


async def test_the_rooms_of_one_installation_leave_room_for_others() -> None:
    storage, gate = MemoryStorage(), Gate()
    for ordering_key in ("1", "2", "3"):
        await add(storage, ordering_key, ordering_key=ordering_key)
    await add(storage, "other", oauth_id="b")
    async with working(storage, gate, most=4):
        await gate.has_begun("other")
        assert gate.begun == ["1", "2", "other"]
        gate.open("1")
        await gate.has_begun("3")


async def test_the_installations_of_one_host_leave_room_for_others() -> None:
    storage, gate = MemoryStorage(), Gate()
    for number in "12345":
        await add(storage, number, oauth_id=number)
    await add(storage, "other", oauth_id="6", host="https://other.example.com")
    async with working(storage, gate, most=4):
        await gate.has_begun("other")
        assert gate.begun == ["1", "2", "3", "other"]
        gate.open("1")
        await gate.has_begun("4")


class Odd(BaseException):
    """No error that anybody would catch."""


@pytest.mark.parametrize("error", [GeneratorExit, Odd])
async def test_a_room_goes_on_whatever_a_handler_raises(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    storage, handled = MemoryStorage(), []
    for text in ("1", "2"):
        await add(storage, text)

    async def handle(event: QueuedEvent) -> None:
        handled.append(event.body)
        if event.body == b"1":
            raise error

    async with working(storage, handle) as worker:
        await worker.drain()
    assert handled == [b"1", b"2"]
    assert "could not be handled" in caplog.text


async def test_a_room_goes_on_when_a_handler_cancels_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage, handled = MemoryStorage(), []
    for text in ("1", "2"):
        await add(storage, text)

    async def handle(event: QueuedEvent) -> None:
        handled.append(event.body)
        task = asyncio.current_task()
        if event.body == b"1" and task is not None:
            task.cancel()
            await asyncio.sleep(0)

    async with working(storage, handle) as worker:
        await worker.drain()
    assert handled == [b"1", b"2"]
    assert "could not be handled" in caplog.text


async def test_an_event_that_is_cut_off_is_handled_again() -> None:
    storage, gate = MemoryStorage(), Gate()
    await add(storage, "1")
    async with working(storage, gate):
        await gate.has_begun("1")
    assert gate.ended == []
    gate.open("1")
    async with working(storage, gate) as worker:
        await worker.drain()
    assert gate.begun == ["1", "1"]
    assert gate.ended == ["1"]
    async with working(storage, gate) as worker:
        await worker.drain()
    assert gate.ended == ["1"]


async def test_a_handler_has_time_to_end_when_the_worker_stops() -> None:
    storage, gate = MemoryStorage(), Gate()
    await add(storage, "1")
    async with working(storage, gate, grace=60):
        await gate.has_begun("1")
        asyncio.get_running_loop().call_soon(gate.open, "1")
    assert gate.ended == ["1"]


def test_a_handler_that_cannot_be_cancelled_does_not_hold_up_the_stop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage, begun = MemoryStorage(), asyncio.Event()

    async def handle(event: QueuedEvent) -> None:
        begun.set()
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    async def run() -> None:
        await add(storage, "1")
        worker = Worker(storage, handle, now=lambda: NOW)
        worker.start()
        await begun.wait()
        await worker.stop(0, cancel_seconds=0)
        again = await claimed(storage)
        assert [(each.body, each.starts) for each in again] == [(b"1", 1)]

    asyncio.run(run())  # It would wait for the handler, too.
    assert "the handler h does not end" in caplog.text
    assert "never retrieved" not in caplog.text


async def test_an_event_that_ends_the_process_is_not_begun_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage, gate = MemoryStorage(), Gate()
    await add(storage, "1")
    for number in range(MOST_STARTS):
        # The process ends, and its claim runs out.
        now = NOW - (MOST_STARTS - number) * LEASE_SECONDS
        assert await claimed(storage, now=now)
    async with working(storage, gate) as worker:
        await worker.drain()
    assert gate.begun == []
    assert "it is dropped" in caplog.text
    assert not await claimed(storage)


@pytest.mark.parametrize("error", [StorageError("busy"), KeyError("a mistake in it")])
async def test_a_failure_of_the_storage_ends_nothing(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Flaky(MemoryStorage):
        def __init__(self) -> None:
            super().__init__()
            self.has_failed = asyncio.Event()

        async def claim_events(
            self,
            *,
            owner: str,
            now: float,
            lease_seconds: float,
            most: int,
            but: Collection[str] = (),
        ) -> list[QueuedEvent]:
            if not self.has_failed.is_set():
                self.has_failed.set()
                raise error
            return await super().claim_events(
                owner=owner, now=now, lease_seconds=lease_seconds, most=most, but=but
            )

    storage, gate = Flaky(), Gate()
    await add(storage, "1")
    gate.open("1")
    async with working(storage, gate) as worker:
        await storage.has_failed.wait()
        await worker.drain()
    assert gate.ended == ["1"]


async def test_claims_are_extended_while_a_handler_runs() -> None:
    storage, gate, clock = MemoryStorage(), Gate(), [NOW]
    await add(storage, "1")
    worker = Worker(storage, gate, now=lambda: clock[0])
    worker.start()
    await gate.has_begun("1")
    clock[0] += 3_600
    await worker.extend()
    assert not await claimed(storage, now=clock[0])
    await worker.stop(0)


class Failing(MemoryStorage):
    """Fails as often as it is told, and has its worker try again at once."""

    failures = 0
    worker: Worker

    async def finish_events(self, ids: Collection[int], *, owner: str) -> None:
        if self.failures:
            self.failures -= 1
            asyncio.get_running_loop().call_soon(self.worker.wake)
            raise StorageError("busy")
        await super().finish_events(ids, owner=owner)

    async def release_events(self, *, owner: str) -> None:
        raise StorageError("busy")


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


async def test_a_room_goes_on_when_the_storage_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage, tries, handled = Failing(), iter([StorageError("busy"), None, None]), []
    storage.failures = 2
    for text in ("1", "2"):
        await add(storage, text)

    async def handle(event: QueuedEvent) -> None:
        failure = next(tries)
        if failure is not None:
            raise failure
        handled.append(event.body)

    worker = storage.worker = Worker(storage, handle, now=lambda: NOW, pause=at_once)
    worker.start()
    await worker.drain()
    assert handled == [b"1", b"2"]
    await worker.stop(0)
    assert "cannot be given back" in caplog.text


async def test_an_event_that_cannot_be_handled_at_all_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = MemoryStorage()
    await add(storage, "1")

    async def handle(event: QueuedEvent) -> None:
        raise KeyError

    async with working(storage, handle) as worker:
        await worker.drain()
    assert "is dropped" in caplog.text
    assert not await claimed(storage)


async def test_nothing_is_left_when_the_last_one_ends_while_the_storage_is_asked() -> (
    None
):
    gate = Gate()

    class Slow(MemoryStorage):
        async def claim_events(
            self,
            *,
            owner: str,
            now: float,
            lease_seconds: float,
            most: int,
            but: Collection[str] = (),
        ) -> list[QueuedEvent]:
            found = await super().claim_events(
                owner=owner, now=now, lease_seconds=lease_seconds, most=most, but=but
            )
            if but:
                # The event ends on whose account nothing else was found.
                gate.open("1")
                for _ in range(9):
                    await asyncio.sleep(0)
            return found

    storage = Slow()
    for ordering_key in ("1", "2"):
        await add(storage, ordering_key, ordering_key=ordering_key)
    gate.open("2")
    async with working(storage, gate, most=2) as worker:
        await worker.drain()
        assert gate.ended == ["1", "2"]
