"""What the server says about its limits, on every answer, and how long to wait for them (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = [
    "Limit",
    "LimitMemory",
    "Limits",
    "read_retry_after",
    "seconds_until_allowed",
]

NUMBER = re.compile(r"-?\d+(\.\d*)?", re.ASCII)

SMALLEST_MOMENT = 100_000_000
"""Below this a reset is no UNIX time but a number of seconds: some servers sent 60."""
LARGEST_MOMENT = 253_402_300_799.0
"""The last second that a `datetime` can hold."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, as of the answer that told it."""

    limit: int
    """Calls per window; 0 where the answer did not tell."""
    remaining: int
    """Calls left in this window."""
    reset_at: datetime | None
    """When the window ends, with offset."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits on the last answers.

    `rate` counts calls per token (`X-Ratelimit-*`); `flood` counts messages to one room or
    person (`X-FloodControl-*`), the one that was last written to.
    """

    rate: Limit | None = None
    flood: Limit | None = None


class LimitMemory:
    """Keeps the headers that told limits last; they are read when somebody asks."""

    __slots__ = ("_flood", "_rate")

    def __init__(self) -> None:
        self._rate: tuple[Mapping[str, str], float] | None = None
        self._flood: tuple[Mapping[str, str], float] | None = None

    def note(self, headers: Mapping[str, str], now: float) -> None:
        """Take note of an answer; a limit that it does not mention stays as it was.

        Args:
            headers: The answer's, names in lower case.
            now: UNIX seconds.
        """
        if "x-ratelimit-remaining" in headers:
            self._rate = (headers, now)
        if "x-floodcontrol-remaining" in headers:
            self._flood = (headers, now)

    def read(self) -> Limits:
        """Return what is known."""
        return Limits(
            rate=_read_limit("x-ratelimit-", self._rate),
            flood=_read_limit("x-floodcontrol-", self._flood),
        )


def seconds_until_allowed(headers: Mapping[str, str], now: float) -> float | None:
    """Say how long a refused caller has to wait, or `None` where the server gives no hint."""
    retry_after = read_retry_after(headers.get("retry-after"), now)
    if retry_after is not None:
        return retry_after
    waits = []
    for prefix in ("x-ratelimit-", "x-floodcontrol-"):
        reset = _moment(headers.get(f"{prefix}reset"), now)
        remaining = _number(headers.get(f"{prefix}remaining"))
        if reset is not None and (remaining is None or remaining <= 0):
            waits.append(reset)
    if not waits:
        # A refusal although calls remain: take what moment there is.
        moments = (
            _moment(headers.get(f"x-{kind}-reset"), now)
            for kind in ("ratelimit", "floodcontrol")
        )
        waits = [moment for moment in moments if moment is not None]
    return max(0.0, max(waits) - now) if waits else None


def read_retry_after(text: str | None, now: float) -> float | None:
    """Return how many seconds a `Retry-After` asks to wait, or `None` where it is no hint.

    Beside whole seconds and HTTP dates, decimals and UNIX times are read: servers sent them.

    Args:
        text: The header's value, if there is one.
        now: UNIX seconds.
    """
    moment = _moment(text, now)
    return None if moment is None else max(0.0, moment - now)


def _read_limit(
    prefix: str, told: tuple[Mapping[str, str], float] | None
) -> Limit | None:
    if told is None:
        return None
    headers, now = told
    remaining = _number(headers.get(f"{prefix}remaining"))
    if remaining is None:
        return None
    reset = _moment(headers.get(f"{prefix}reset"), now)
    return Limit(
        limit=int(_number(headers.get(f"{prefix}limit")) or 0),
        remaining=int(remaining),
        reset_at=None if reset is None else datetime.fromtimestamp(reset, UTC),
    )


def _number(text: str | None) -> float | None:
    if text is None or NUMBER.fullmatch(text.strip()) is None:
        return None
    # More digits than a float has room for are read as infinity.
    return max(-LARGEST_MOMENT, min(float(text), LARGEST_MOMENT))


def _moment(text: str | None, now: float) -> float | None:
    """Read UNIX seconds (with or without decimals), a number of seconds, or an HTTP date."""
    number = _number(text)
    if number is None:
        if not text:
            return None
        from email.utils import (
            parsedate_to_datetime,  # Slow to load, and seldom needed.
        )

        try:
            date = parsedate_to_datetime(text)
            # A date without a zone is one of UTC, as RFC 9110 has it for all.
            number = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    if number < 0:
        return None
    return min(number if number >= SMALLEST_MOMENT else now + number, LARGEST_MOMENT)
