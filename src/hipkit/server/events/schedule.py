"""Which route's turn it is: in turn by host, so that no receiver holds up the others (pure)."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

__all__ = ["Schedule"]


@dataclass(slots=True)
class _Host:
    waiting: deque[int] = field(default_factory=deque)
    running: int = 0


class Schedule:
    """Routes that wait for their turn, and those whose turn it is.

    A route has one turn at a time, and a host no more than `most_of_host`.
    """

    def __init__(self, *, most: int, most_of_host: int) -> None:
        self._most = most
        self._most_of_host = most_of_host
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._waiting: set[int] = set()
        self._running: dict[int, str] = {}
        self._again: dict[int, str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no route waits or has its turn."""
        return not self._waiting and not self._running

    def add(self, route_id: int, host: str) -> None:
        """Let a route wait for its turn, for another one if it is having one."""
        if route_id in self._running:
            self._again[route_id] = host
        elif route_id not in self._waiting:
            self._waiting.add(route_id)
            self._hosts.setdefault(host, _Host()).waiting.append(route_id)

    def take(self) -> int | None:
        """Begin the turn of a route, if any may have one now."""
        if len(self._running) >= self._most:
            return None
        for name, host in self._hosts.items():
            if host.waiting and host.running < self._most_of_host:
                route_id = host.waiting.popleft()
                self._waiting.discard(route_id)
                host.running += 1
                self._running[route_id] = name
                self._hosts.move_to_end(name)
                return route_id
        return None

    def done(self, route_id: int) -> str:
        """End the turn of a route, and return its host."""
        name = self._running.pop(route_id)
        host = self._hosts[name]
        host.running -= 1
        if not host.running and not host.waiting:
            del self._hosts[name]
        again = self._again.pop(route_id, None)
        if again is not None:
            self.add(route_id, again)
        return name
