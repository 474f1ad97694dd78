"""Counts calls per token, and messages per token and conversation, in windows of time.

Windows run by a clock that never goes back, and are told in UNIX seconds. Tries at passwords are
bounded in `sign_in_limits.py`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from hipkit.server.shared.counters import Allowance, Counter, UnixTime
from hipkit.server.shared.sign_in_limits import SignInLimits

__all__ = ["Allowance", "Counter", "LimitSettings", "Limits", "network_of"]

LONGEST_PEER = 64


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


class Limits:
    """Every counter of a server.

    Args:
        settings: How much is allowed.
        clock: UNIX seconds.
        monotonic: Seconds that never go back, however the clock is set.
    """

    def __init__(
        self,
        settings: LimitSettings,
        clock: Callable[[], float],
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        monotonic = monotonic or clock
        unix = UnixTime(clock, monotonic).of
        self._settings = settings
        self._calls = Counter(settings.window_seconds, monotonic, unix)
        self._messages = Counter(settings.flood_seconds, monotonic, unix)
        # Apart from the others, so that a flood of addresses pushes no one else's window out.
        self._strangers = Counter(settings.window_seconds, monotonic, unix)
        self.sign_ins = SignInLimits(monotonic)

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
