"""Tells those who wait, in this process, that something was committed.

A signal carries no data: who hears it reads what is new from the database, and so misses
nothing when several come at once or one came before the listening began. Servers of several
processes need a bus between them; it takes this class's place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

__all__ = ["EVENTS", "Signals", "conversation_topic"]

EVENTS = "events"
"""The outbox has new events for webhooks."""


def conversation_topic(conversation_id: int) -> str:
    """Return the topic of a room's or a private chat's messages."""
    return f"conversation {conversation_id}"


class Signals:
    """Listeners by topic."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[], None]]] = {}

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

    def give(self, topics: Iterable[str]) -> None:
        """Tell everybody who listens to one of the topics."""
        for topic in topics:
            for listener in tuple(self._listeners.get(topic, ())):
                listener()
