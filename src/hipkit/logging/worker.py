"""A bounded queue of log records, and the thread that posts them in batches.

The thread starts with the first record, and sleeps on a condition while there are none. Nobody
waits for it but those who flush, and these for a limited time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from hipkit.logging.rendering import Entry

__all__ = ["THREAD_NAME", "Post", "Worker", "is_posting"]

THREAD_NAME = "hipkit.logging"

_local = threading.local()


def is_posting() -> bool:
    """Return whether this thread posts records now."""
    return getattr(_local, "is_posting", False)


@contextmanager
def _posting() -> Iterator[None]:
    _local.is_posting = True
    try:
        yield
    finally:
        _local.is_posting = False


class Post(Protocol):
    """Posts a batch."""

    def __call__(
        self, entries: list[Entry], dropped: int, deadline: float | None, /
    ) -> bool:
        """Post a batch, within a number of seconds; return whether it was posted."""


class Worker:
    """Collects records and posts them in batches, in a thread of its own.

    Args:
        post: Posts a batch.
        capacity: The most records that wait; further ones are dropped, and counted.
        batch_seconds: How long to wait for further records after the first one of a batch.
        batch_size: The largest batch, in characters.
        start: Starts a thread that runs a function.
    """

    def __init__(
        self,
        post: Post,
        *,
        capacity: int,
        batch_seconds: float,
        batch_size: int,
        start: Callable[[Callable[[], None]], threading.Thread] | None = None,
    ) -> None:
        self._post = post
        self._capacity = capacity
        self._batch_seconds = batch_seconds
        self._batch_size = batch_size
        self._start = start or _start_daemon
        # A lock that its holder may take again: a signal handler may log, too.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._entries: deque[Entry] = deque()
        self._size = 0
        self._dropped = 0
        self._accepted = 0
        self._finished = 0
        """How many of the accepted records were posted or given up."""
        self._urgent = 0
        """How many of the accepted records somebody waits for."""

    def put(self, entry: Entry) -> None:
        """Add a record, or drop it if too many wait. Never waits for a post."""
        with self._changed:
            if self._is_closed:
                return
            if len(self._entries) >= self._capacity:
                self._dropped += 1
                return
            self._entries.append(entry)
            self._size += entry.size
            self._accepted += 1
            if self._thread is None:
                try:
                    self._thread = self._start(self._run)
                except (
                    RuntimeError
                ):  # Python is about to end; `flush` posts them itself.
                    return
            if len(self._entries) == 1 or self._size >= self._batch_size:
                self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Post what waits, without waiting for more; return whether that was done in time."""
        with self._changed:
            if self._is_closed:
                return True
            self._urgent = urgent = self._accepted
            self._changed.notify_all()
            if self._thread is not None:
                return self._changed.wait_for(lambda: self._finished >= urgent, seconds)
        with _posting():
            end = time.monotonic() + seconds
            while self._entries and (left := end - time.monotonic()) > 0:
                self._post_next(left)
        return not self._entries

    def close(self, seconds: float) -> int:
        """Flush, end the thread, and return how many records were not posted; once."""
        is_done = self.flush(seconds)
        with self._changed:
            if self._is_closed:
                return 0
            self._is_closed = True
            lost = self._accepted - self._finished + self._dropped
            self._entries.clear()
            self._changed.notify_all()
            thread = self._thread
        if is_done and thread is not None:
            thread.join(seconds)
        return lost

    def _run(self) -> None:
        try:
            with _posting():
                while self._wait():
                    self._post_next(None)
        finally:
            # If reporting a failure failed: the next record starts another thread.
            self._thread = None

    def _wait(self) -> bool:
        """Wait for a batch; return False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._entries or self._is_closed)
            self._changed.wait_for(self._is_due, self._batch_seconds)
            return bool(self._entries)

    def _is_due(self) -> bool:
        """Return whether the next batch waits for no further record."""
        return (
            self._is_closed
            or self._size >= self._batch_size
            or self._finished < self._urgent
        )

    def _post_next(self, deadline: float | None) -> None:
        with self._changed:
            entries = self._take()
            dropped, self._dropped = self._dropped, 0
        is_posted = False
        try:
            is_posted = self._post(entries, dropped, deadline)
        finally:
            with self._changed:
                if not is_posted:
                    self._dropped += len(entries) + dropped
                self._finished += len(entries)
                self._changed.notify_all()

    def _take(self) -> list[Entry]:
        """Take the records of one batch."""
        entries: list[Entry] = []
        size = 0
        while self._entries:
            size += self._entries[0].size
            if entries and size > self._batch_size:
                break
            entries.append(self._entries.popleft())
        self._size -= sum(each.size for each in entries)
        return entries


def _start_daemon(run: Callable[[], None]) -> threading.Thread:
    # A daemon, so that a server that does not answer cannot keep the program running.
    thread = threading.Thread(target=run, name=THREAD_NAME, daemon=True)
    thread.start()
    return thread
