"""Counts calls per token, and messages per token and conversation, in windows of time."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

__all__ = ["Allowance", "Counter", "LimitSettings", "Limits", "network_of"]

GUESS_SECONDS = 300.0
MOST_GUESSES = 20
"""At one person's password within that time."""
MOST_GUESSES_OF_ADDRESS = 100

LONGEST_PEER = 64
MOST_WINDOWS = 20_000
"""Beyond this the oldest windows are dropped, so that memory stays bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How much is allowed; the defaults are HipChat's."""

    enabled: bool = True
    """Whether going beyond is refused; the headers are sent either way."""
    client_calls: int = 500
    """Calls of an add-on's token in one window."""
    user_calls: int = 100
    """Calls of a person's token in one window, and of one address without a token."""
    window_seconds: float = 300.0
    messages: int = 30
    """Messages of one token to one room or person in one flood window."""
    flood_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where a caller stands."""

    limit: int
    remaining: int
    reset: int
    """When the window ends, in UNIX seconds."""
    is_exceeded: bool


class Counter:
    """Counts in windows that begin with their first call."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        # All windows are equally long, so the order in which they begin is that of their ends.
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def take(self, key: Hashable, limit: int) -> Allowance:
        """Count one call, and say where its maker stands after it."""
        now = self._clock()
        ends, count = self._windows.get(key, (0.0, 0))
        if ends <= now:
            self._windows.pop(key, None)
            self._drop_old(now)
            ends, count = now + self._seconds, 0
        count += 1
        self._windows[key] = (ends, count)
        return Allowance(limit, max(0, limit - count), int(ends) + 1, count > limit)

    def untouched(self, limit: int) -> Allowance:
        """Say where a caller stands who is not counted."""
        return Allowance(limit, limit, int(self._clock() + self._seconds) + 1, False)

    def _drop_old(self, now: float) -> None:
        while self._windows:
            oldest, (ends, _) = next(iter(self._windows.items()))
            if ends > now and len(self._windows) < MOST_WINDOWS:
                return
            del self._windows[oldest]


class Limits:
    """Every counter of a server."""

    def __init__(self, settings: LimitSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._calls = Counter(settings.window_seconds, clock)
        self._messages = Counter(settings.flood_seconds, clock)
        self._guesses = Counter(GUESS_SECONDS, clock)
        # Apart from the others, so that a flood of addresses pushes no one else's window out.
        self._strangers = Counter(settings.window_seconds, clock)
        self._guessers = Counter(GUESS_SECONDS, clock)

    def call(self, caller: Hashable, *, is_client: bool) -> Allowance:
        """Count a call."""
        settings = self._settings
        limit = settings.client_calls if is_client else settings.user_calls
        if not settings.enabled:
            return self._calls.untouched(limit)
        return self._calls.take(caller, limit)

    def stranger(self, peer: str) -> Allowance:
        """Count a call without a good token, by the address that it came from."""
        settings = self._settings
        if not settings.enabled:
            return self._strangers.untouched(settings.user_calls)
        return self._strangers.take(network_of(peer), settings.user_calls)

    def uncounted(self) -> Allowance:
        """Say where the maker of a call stands that was not even looked at."""
        return self._calls.untouched(self._settings.user_calls)

    def message(self, caller: Hashable, conversation_id: int) -> Allowance:
        """Count a message to a room or person."""
        settings = self._settings
        if not settings.enabled:
            return self._messages.untouched(settings.messages)
        return self._messages.take((caller, conversation_id), settings.messages)

    def password_guess(self, tried: Hashable) -> Allowance:
        """Count a try at somebody's password, whether or not limits are enabled."""
        return self._guesses.take(tried, MOST_GUESSES)

    def address_guess(self, peer: str) -> Allowance:
        """Count a try from an address at anybody's password, whether or not limits are enabled."""
        return self._guessers.take(network_of(peer), MOST_GUESSES_OF_ADDRESS)


def network_of(peer: str) -> str:
    """Return what one machine cannot change of its address.

    That is an IPv4 address as a whole, and the first half of an IPv6 address.
    """
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        # A proxy that hands on whatever it was told makes this as long as a header.
        return peer[:LONGEST_PEER]
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))
