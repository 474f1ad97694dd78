"""Gathers commands from event loops, and lets one thread run them in groups.

Each commit waits for the disk, or for a server across a network. Under load that wait is shared:
while one transaction is being committed the next commands gather, and all of them commit together.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from hipkit.api.errors import StorageError
from hipkit.server.observer import Observer
from hipkit.server.storage.protocol import Command

__all__ = ["GroupCommit", "Outcome", "finish"]

T = TypeVar("T")

LARGEST_GROUP = 256
"""Commands in one commit: enough to share the wait for the disk, few enough to answer soon."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: its value, or the error that ended it."""

    value: object = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    command: Command[T]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[T]


Commit = Callable[[list[Command[object]]], tuple[list[Outcome], bool]]


class GroupCommit:
    """A thread that writes.

    Args:
        commit: Runs a group of commands in one transaction, in the thread, and returns their
            outcomes in the same order, and whether the transaction was committed. It raises
            nothing: a writer that died would leave every caller waiting.
        observer: Is told of every group.
    """

    def __init__(self, commit: Commit, observer: Observer) -> None:
        self._commit = commit
        self._observer = observer
        self._closing = threading.Lock()
        self._is_closed = False
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Job[object]]] = {}
        self._jobs: queue.SimpleQueue[_Job[object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._write_all, name="hipkit-writer", daemon=True
        )
        self._thread.start()

    async def write(self, command: Command[T]) -> T:
        """Hand a command to the thread, and return its result once that is committed.

        Raises:
            StorageError: The database is closed.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        with self._closing:
            if self._is_closed:
                raise StorageError("the database is closed")
            if loop not in self._gathered:
                self._gathered[loop] = []
                loop.call_soon(self._hand_over, loop)
            self._gathered[loop].append(
                cast("_Job[object]", _Job(command, loop, answer))
            )
        return await answer

    def close(self) -> bool:
        """Finish what was handed in, and end the thread; return `False` the second time."""
        with self._closing:
            if self._is_closed:
                return False
            self._is_closed = True
            for jobs in self._gathered.values():
                for job in jobs:
                    self._jobs.put(job)
            self._gathered.clear()
            self._jobs.put(None)
        self._thread.join()
        return True

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand the commands of one turn of an event loop to the thread, all at once.

        One by one, the first would get a commit of its own, and the two threads would take the
        interpreter from each other at every statement.
        """
        with self._closing:
            for job in self._gathered.pop(loop, ()):
                self._jobs.put(job)

    def _write_all(self) -> None:
        while (first := self._jobs.get()) is not None:
            group = [first]
            # Only this thread takes from the queue, so what is there now is there to be taken.
            while len(group) < LARGEST_GROUP and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    self._jobs.put(None)  # The sign to stop, for after this group.
                    break
                group.append(job)
            began = time.perf_counter()
            outcomes, is_kept = self._commit([job.command for job in group])
            seconds = time.perf_counter() - began
            self._observer.commit(len(group), seconds, is_kept=is_kept)
            _deliver(group, outcomes)


def _deliver(group: list[_Job[object]], outcomes: list[Outcome]) -> None:
    """Wake each event loop once for all its results."""
    by_loop: dict[
        asyncio.AbstractEventLoop, list[tuple[asyncio.Future[object], Outcome]]
    ] = {}
    for job, outcome in zip(group, outcomes, strict=True):
        by_loop.setdefault(job.loop, []).append((job.answer, outcome))
    for loop, answers in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, answers)
        except RuntimeError:
            # The loop is closed, so nobody waits any more; the commit stands.
            continue


def _settle(answers: list[tuple[asyncio.Future[object], Outcome]]) -> None:
    for answer, outcome in answers:
        if answer.done():
            continue
        if outcome.error is None:
            answer.set_result(outcome.value)
        else:
            answer.set_exception(outcome.error)


def finish(steps: Coroutine[object, None, T]) -> T:
    """Run a coroutine that never waits, because its stores return at once.

    Raises:
        RuntimeError: It awaited something other than its stores.
    """
    try:
        steps.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    steps.close()
    raise RuntimeError("a command awaited something other than its stores")
