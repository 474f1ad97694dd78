"""The order of deliveries: hosts take turns, so that a slow one does not hold up others (pure)."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Schedule"]

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Host(Generic[K]):
    waiting: deque[K] = field(default_factory=deque)
    running: int = 0


class Schedule(Generic[K]):
    """Subscriptions that wait for their turn, and those whose turn it is.

    A subscription has one turn at a time, so that its events stay in order, and a host no more
    than `most_of_host`.
    """

    def __init__(self, *, most: int, most_of_host: int) -> None:
        self._most = most
        self._most_of_host = most_of_host
        self._hosts: OrderedDict[str, _Host[K]] = OrderedDict()
        self._waiting: set[K] = set()
        self._running: dict[K, str] = {}
        self._again: dict[K, str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no subscription waits or has its turn."""
        return not self._waiting and not self._running

    def add(self, key: K, host: str) -> None:
        """Queue a subscription for a turn, or for another one while it has one."""
        if key in self._running:
            self._again[key] = host
        elif key not in self._waiting:
            self._waiting.add(key)
            self._hosts.setdefault(host, _Host()).waiting.append(key)

    def take(self) -> K | None:
        """Begin a turn, if there may be one now, and return its subscription."""
        if len(self._running) >= self._most:
            return None
        for name, host in self._hosts.items():
            if host.waiting and host.running < self._most_of_host:
                key = host.waiting.popleft()
                self._waiting.discard(key)
                host.running += 1
                self._running[key] = name
                self._hosts.move_to_end(name)
                return key
        return None

    def done(self, key: K) -> str:
        """End a turn, and return the subscription's host."""
        name = self._running.pop(key)
        host = self._hosts[name]
        host.running -= 1
        if not host.running and not host.waiting:
            del self._hosts[name]
        again = self._again.pop(key, None)
        if again is not None:
            self.add(key, again)
        return name
