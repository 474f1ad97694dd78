"""The queue without a server: `post` is a function of the test, which can hold the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from hipkit.logging.rendering import Entry
from hipkit.logging.worker import THREAD_NAME, Worker, is_posting

NEVER = 3600.0
"""Seconds: what a test does not wait for."""


class Poster:
    """Collects batches; a test may hold it, and let it fail."""

    def __init__(self) -> None:
        self.batches: list[tuple[list[str], int]] = []
        self.deadlines: list[float | None] = []
        self.is_reached = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_broken = False
        self.raises: BaseException | None = None
        self.threads: list[str] = []

    def __call__(
        self, entries: list[Entry], dropped: int, deadline: float | None
    ) -> bool:
        assert is_posting()
        self.threads.append(threading.current_thread().name)
        self.deadlines.append(deadline)
        self.batches.append(([each.html for each in entries], dropped))
        self.is_reached.set()
        self.may_go_on.wait()
        if self.raises is not None:
            raise self.raises
        return not self.is_broken


@pytest.fixture
def poster() -> Iterator[Poster]:
    poster = Poster()
    yield poster
    poster.may_go_on.set()


@pytest.fixture
def make(poster: Poster) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(
        capacity: int = 1000, batch_seconds: float = NEVER, **options: object
    ) -> Worker:
        worker = Worker(
            poster,
            capacity=capacity,
            batch_seconds=batch_seconds,
            batch_size=100,
            **options,  # type: ignore[arg-type]  # Of the one that is left.
        )
        made.append(worker)
        return worker

    yield make
    poster.may_go_on.set()
    for worker in made:
        worker.close(NEVER)


Make = Callable[..., Worker]


def entry(text: str) -> Entry:
    return Entry(20, text)


def test_no_thread_is_started_without_a_record(make: Make) -> None:
    def refuse(run: Callable[[], None]) -> threading.Thread:
        raise AssertionError("a thread was started")

    worker = make(start=refuse)
    assert worker.flush(NEVER)
    assert worker.close(NEVER) == 0


def test_records_that_come_together_are_one_batch(make: Make, poster: Poster) -> None:
    worker = make()
    for text in "abc":
        worker.put(entry(text))
    assert worker.flush(NEVER)
    assert poster.batches == [(["a", "b", "c"], 0)]
    assert poster.threads == [THREAD_NAME]
    assert poster.deadlines == [None]


def test_a_record_is_posted_by_itself_after_a_while(make: Make, poster: Poster) -> None:
    make(batch_seconds=0).put(entry("a"))
    poster.is_reached.wait()
    assert poster.batches == [(["a"], 0)]


def test_a_full_batch_is_posted_at_once(make: Make, poster: Poster) -> None:
    worker = make()
    worker.put(entry("a" * 90))
    worker.put(entry("b" * 90))
    poster.is_reached.wait()
    assert poster.batches[0] == (["a" * 90], 0)
    worker.flush(NEVER)
    assert poster.batches[1:] == [(["b" * 90], 0)]


def test_putting_does_not_wait_for_a_post(make: Make, poster: Poster) -> None:
    poster.may_go_on.clear()
    worker = make(batch_seconds=0)
    worker.put(entry("a"))
    poster.is_reached.wait()
    worker.put(entry("b"))
    assert poster.batches == [(["a"], 0)]
    poster.may_go_on.set()
    assert worker.flush(NEVER)
    assert poster.batches[1:] == [(["b"], 0)]


def test_what_is_too_much_is_dropped_and_said_in_the_next_batch(
    make: Make, poster: Poster
) -> None:
    poster.may_go_on.clear()
    worker = make(capacity=2, batch_seconds=0)
    worker.put(entry("first"))
    poster.is_reached.wait()
    for number in range(5):
        worker.put(entry(f"{number}"))
    poster.may_go_on.set()
    worker.flush(NEVER)
    assert poster.batches[1:] == [(["0", "1"], 3)]
    worker.put(entry("last"))
    worker.flush(NEVER)
    assert poster.batches[2:] == [(["last"], 0)]


def test_a_batch_that_was_not_posted_counts_as_dropped(
    make: Make, poster: Poster
) -> None:
    worker = make()
    poster.is_broken = True
    worker.put(entry("a"))
    worker.put(entry("b"))
    assert worker.flush(NEVER)
    worker.put(entry("c"))
    worker.flush(NEVER)
    poster.is_broken = False
    worker.put(entry("d"))
    worker.flush(NEVER)
    assert poster.batches[1:] == [(["c"], 2), (["d"], 3)]
    assert worker.close(NEVER) == 0


def test_a_flush_ends_in_time_and_closing_says_what_is_lost(
    make: Make, poster: Poster
) -> None:
    poster.may_go_on.clear()
    worker = make(batch_seconds=0)
    worker.put(entry("a"))
    poster.is_reached.wait()
    worker.put(entry("b"))
    assert not worker.flush(0)
    assert worker.close(0) == 2
    assert worker.close(0) == 0
    assert worker.flush(0)


def test_a_closed_worker_takes_no_record_and_its_thread_ends(
    make: Make, poster: Poster
) -> None:
    worker = make()
    worker.put(entry("a"))
    assert worker.close(NEVER) == 0
    assert THREAD_NAME not in {thread.name for thread in threading.enumerate()}
    worker.put(entry("b"))
    assert poster.batches == [(["a"], 0)]


def test_without_a_thread_a_flush_posts_within_its_time(
    make: Make, poster: Poster
) -> None:
    def refuse(run: Callable[[], None]) -> threading.Thread:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    worker = make(start=refuse)
    worker.put(entry("a" * 90))
    worker.put(entry("b" * 90))
    assert worker.flush(NEVER)
    assert poster.batches == [(["a" * 90], 0), (["b" * 90], 0)]
    assert poster.threads == ["MainThread"] * 2
    assert all(
        deadline is not None and deadline <= NEVER for deadline in poster.deadlines
    )
    worker.put(entry("c"))
    assert worker.close(0) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_error_the_next_record_starts_another_thread(
    make: Make, poster: Poster
) -> None:
    worker = make()
    poster.raises = OSError("from somebody's handleError")
    worker.put(entry("a"))
    assert worker.flush(NEVER)
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join()
    poster.raises = None
    worker.put(entry("b"))
    assert worker.flush(NEVER)
    assert poster.batches[1:] == [(["b"], 1)]
