"""Tells those who wait, in this process, that something was committed.

A signal carries no data: who hears it reads what is new from the database, and so misses
nothing when several come at once or one came before the listening began. Servers of several
processes need a bus between them; it takes this class's place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

__all__ = ["ACCESS", "EVENTS", "Signals", "conversation_topic"]

ACCESS = "access"
"""Somebody may have lost access to something."""
EVENTS = "events"
"""The outbox has new events for webhooks."""


def conversation_topic(conversation_id: int) -> str:
    """Return the topic of a room's or a private chat's messages."""
    return f"conversation {conversation_id}"


class Signals:
    """Listeners by topic."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self._numbers: dict[str, int] = {}

    @contextlib.contextmanager
    def listening(self, topic: str, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` at every signal on `topic` while the block runs.

        It is called in the thread that gives the signal, so it does no more than to wake
        somebody: `loop.call_soon_threadsafe(event.set)`.
        """
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)
        try:
            yield
        finally:
            listeners.remove(listener)
            if not listeners and self._listeners.get(topic) is listeners:
                del self._listeners[topic]

    def has_listeners(self, topic: str) -> bool:
        """Say whether anybody listens to a topic."""
        return topic in self._listeners

    def publish_once(self, topic: str, number: int) -> None:
        """Tell everybody who listens to a topic, if its number has grown since the last time."""
        if number > self._numbers.get(topic, 0):
            self._numbers[topic] = number
            self.publish([topic])

    def publish(self, topics: Iterable[str]) -> None:
        """Tell everybody who listens to one of the topics."""
        for topic in topics:
            for listener in tuple(self._listeners.get(topic, ())):
                listener()
