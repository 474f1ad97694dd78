"""Counts calls of a token, and messages of a token to a conversation, in windows of time.

Windows run by a clock that never goes back, and end for clients in UNIX seconds. Attempts to sign
in are limited in `sign_in_limits.py`.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

__all__ = [
    "MOST_WINDOWS",
    "Allowance",
    "Counter",
    "LimitSettings",
    "MemoryLimits",
    "network_of",
]

MOST_WINDOWS = 20_000
"""Beyond this the oldest windows are dropped, so that memory stays bounded."""

STEP_SECONDS = 1.0
"""How far the wall clock has to be off before the ends of windows follow it. Less is noise, and
a client should get the same end for one window."""

ADDRESS_SECONDS = 60.0
"""The window in which calls are counted by address."""

LONGEST_PEER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How much is allowed; the defaults are HipChat's."""

    enabled: bool = True
    """Whether going beyond is refused; the headers are sent either way."""
    client_calls: int = 500
    """Calls of an add-on's token in one window."""
    user_calls: int = 100
    """Calls of a user's token in one window, and of one address without a token."""
    window_seconds: float = 300.0
    messages: int = 30
    """Messages of one token to one room or user in one flood window."""
    flood_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a caller has left."""

    limit: int
    remaining: int
    reset: int
    """When the window ends, in UNIX seconds."""
    is_exceeded: bool


class Counter:
    """Counts in windows that begin with their first call.

    Args:
        seconds: How long a window is.
        elapsed: Seconds that never go back.
        clock: UNIX seconds, for the ends that clients get.
        most: How many windows are kept.
    """

    def __init__(
        self,
        seconds: float,
        elapsed: Callable[[], float],
        clock: Callable[[], float] | None = None,
        most: int = MOST_WINDOWS,
    ) -> None:
        self._seconds = seconds
        self._elapsed = elapsed
        self._clock = clock or elapsed
        self._offset = self._clock() - elapsed()
        self._most = most
        # All windows are equally long, so the order in which they begin is that of their ends.
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def take(self, key: Hashable, limit: int, *, is_counted: bool = True) -> Allowance:
        """Count one call, and return the allowance that it leaves."""
        now = self._elapsed()
        ends, count = now + self._seconds, 0
        if is_counted:
            found = self._windows.get(key)
            if found is not None and found[0] > now:
                ends, count = found
            else:
                # Removed first: at its old place a new window would end out of order.
                self._windows.pop(key, None)
                self._drop_old(now)
            count += 1
            self._windows[key] = ends, count
        offset = self._clock() - now
        if abs(offset - self._offset) > STEP_SECONDS:
            self._offset = offset
        reset = int(ends + self._offset) + 1
        return Allowance(limit, max(0, limit - count), reset, count > limit)

    def count(self, key: Hashable) -> int:
        """Return how often a key was counted in its window."""
        ends, count = self._windows.get(key, (0.0, 0))
        return count if ends > self._elapsed() else 0

    def _drop_old(self, now: float) -> None:
        while self._windows:
            oldest, (ends, _) = next(iter(self._windows.items()))
            if ends > now and len(self._windows) < self._most:
                return
            del self._windows[oldest]


class MemoryLimits:
    """The `Limits` of one process; the arguments are those of `MemoryState`."""

    def __init__(
        self,
        settings: LimitSettings,
        clock: Callable[[], float],
        elapsed: Callable[[], float] | None = None,
    ) -> None:
        elapsed = elapsed or clock
        self._settings = settings
        self._is_on = settings.enabled
        self._calls = Counter(settings.window_seconds, elapsed, clock)
        self._messages = Counter(settings.flood_seconds, elapsed, clock)
        self._addresses = Counter(ADDRESS_SECONDS, elapsed, clock)
        # Apart from the others, so that a flood of addresses pushes no one else's window out.
        self._strangers = Counter(settings.window_seconds, elapsed, clock)

    def call(self, caller: Hashable, *, is_client: bool) -> Allowance:
        """Count a call."""
        settings = self._settings
        limit = settings.client_calls if is_client else settings.user_calls
        return self._calls.take(caller, limit, is_counted=self._is_on)

    def stranger(self, peer: str) -> Allowance:
        """Count a call without a valid token, by the network that it came from."""
        limit = self._settings.user_calls
        return self._strangers.take(network_of(peer), limit, is_counted=self._is_on)

    def address(self, peer: str, most: int) -> Allowance:
        """Count any call, by the network that it came from."""
        return self._addresses.take(network_of(peer), most)

    def uncounted(self) -> Allowance:
        """Return the allowance of a call that was refused before anybody was identified."""
        return self._calls.take(None, self._settings.user_calls, is_counted=False)

    def message(self, caller: Hashable, conversation_id: int) -> Allowance:
        """Count a message to a room or user."""
        key, limit = (caller, conversation_id), self._settings.messages
        return self._messages.take(key, limit, is_counted=self._is_on)


def network_of(peer: str) -> str:
    """Return the part of an address that one machine cannot change.

    That is an IPv4 address as a whole, and the first half of an IPv6 address.
    """
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        # A proxy that passes on whatever it was sent makes this as long as a header.
        return peer[:LONGEST_PEER]
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))
