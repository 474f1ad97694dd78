"""Signals wake those who wait, in this process, for something to be committed.

A signal carries no data: its listener reads what is new from the database. So nothing is missed
when several signals come at once, or when one came before the listening began.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

__all__ = ["ACCESS", "EVENTS", "MemorySignals", "Topic"]

Topic = int | str
"""What a signal is about: the messages of the conversation with this id, or one of these."""

ACCESS = "access"
"""Somebody may have lost access to something."""
EVENTS = "events"
"""There are new events for webhooks."""


class MemorySignals:
    """The `Signals` of one process."""

    def __init__(self) -> None:
        self.listened: dict[Topic, list[Callable[[], None]]] = {}
        self._numbers: dict[Topic, int] = {}

    @contextlib.contextmanager
    def listening(self, topic: Topic, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` at every signal on `topic` while the block runs.

        It is called in the thread that publishes, so it only wakes another:
        `loop.call_soon_threadsafe(event.set)`.
        """
        listeners = self.listened.setdefault(topic, [])
        listeners.append(listener)
        try:
            yield
        finally:
            listeners.remove(listener)
            # Another list stands there if this one was emptied and a new listener came.
            if not listeners and self.listened.get(topic) is listeners:
                del self.listened[topic]

    def publish_once(self, topic: Topic, number: int) -> None:
        """Publish a topic if its number has grown since the last time."""
        if number > self._numbers.get(topic, 0):
            self._numbers[topic] = number
            self.publish([topic])

    def publish(self, topics: Iterable[Topic]) -> None:
        """Call every listener of the topics once for each."""
        for topic in topics:
            # A copy: a listener may end the listening of another while this goes on.
            for listener in tuple(self.listened.get(topic, ())):
                listener()
