"""The limits that the server reports with every response, and how long to wait (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

__all__ = [
    "Limit",
    "LimitMemory",
    "Limits",
    "read_retry_after",
    "seconds_until_allowed",
]

NUMBER = r"(?a)-?\d+(\.\d*)?"

EARLIEST_UNIX_SECONDS = 100_000_000
"""A smaller reset value is a number of seconds, not a UNIX time: some servers sent 60."""
LATEST_UNIX_SECONDS = 253_402_300_799.0
"""The last second that a `datetime` can hold."""


class Limit(msgspec.Struct, frozen=True):
    """One limit, as of the last response that reported it."""

    limit: int
    """Calls per window; 0 if the response did not say."""
    remaining: int
    """Calls left in this window."""
    reset_at: datetime | None
    """When the window ends, with UTC offset; `None` if unknown."""


class Limits(msgspec.Struct, frozen=True):
    """The limits reported by the last responses.

    `rate` counts calls per token (`X-Ratelimit-*`); `flood` counts messages to one room or
    user (`X-FloodControl-*`), the last one written to.
    """

    rate: Limit | None = None
    flood: Limit | None = None


class LimitMemory:
    """Keeps the last headers that reported limits; they are parsed on demand."""

    __slots__ = ("_flood", "_rate")

    def __init__(self) -> None:
        self._rate: tuple[Mapping[str, str], float] | None = None
        self._flood: tuple[Mapping[str, str], float] | None = None

    def note(self, headers: Mapping[str, str], now: float) -> None:
        """Store a response's headers. A limit that they do not mention stays as it was.

        Args:
            headers: Response headers, names in lower case.
            now: UNIX seconds.
        """
        if "x-ratelimit-remaining" in headers:
            self._rate = (headers, now)
        if "x-floodcontrol-remaining" in headers:
            self._flood = (headers, now)

    def read(self) -> Limits:
        """Return the limits known so far."""
        return Limits(
            rate=_read_limit("x-ratelimit-", self._rate),
            flood=_read_limit("x-floodcontrol-", self._flood),
        )


def seconds_until_allowed(headers: Mapping[str, str], now: float) -> float | None:
    """Return how many seconds to wait after a 429 or 503, or `None` if the headers do not say."""
    retry_after = read_retry_after(headers.get("retry-after"), now)
    if retry_after is not None:
        return retry_after
    waits, resets = [], []
    for prefix in ("x-ratelimit-", "x-floodcontrol-"):
        reset = _unix_seconds(headers.get(f"{prefix}reset"), now)
        if reset is not None:
            resets.append(reset)
            if (_number(headers.get(f"{prefix}remaining")) or 0) <= 0:
                waits.append(reset)
    # Rejected although calls remain: use any reset time there is.
    latest = max(waits or resets, default=None)
    return None if latest is None else max(0.0, latest - now)


def read_retry_after(text: str | None, now: float) -> float | None:
    """Return how many seconds a `Retry-After` header asks to wait, or `None` if it is unreadable.

    Besides whole seconds and HTTP dates it accepts decimals and UNIX times: servers sent them.

    Args:
        text: The header's value, or `None` if it is absent.
        now: UNIX seconds.
    """
    timestamp = _unix_seconds(text, now)
    return None if timestamp is None else max(0.0, timestamp - now)


def _read_limit(
    prefix: str, noted: tuple[Mapping[str, str], float] | None
) -> Limit | None:
    if noted is None:
        return None
    headers, now = noted
    remaining = _number(headers.get(f"{prefix}remaining"))
    if remaining is None:
        return None
    reset = _unix_seconds(headers.get(f"{prefix}reset"), now)
    return Limit(
        limit=int(_number(headers.get(f"{prefix}limit")) or 0),
        remaining=int(remaining),
        reset_at=None if reset is None else datetime.fromtimestamp(reset, UTC),
    )


def _number(text: str | None) -> float | None:
    if text is None or re.fullmatch(NUMBER, text.strip()) is None:
        return None
    # A number with too many digits for a float is read as infinity.
    return max(-LATEST_UNIX_SECONDS, min(float(text), LATEST_UNIX_SECONDS))


def _unix_seconds(text: str | None, now: float) -> float | None:
    """Return the UNIX time of a UNIX time, a number of seconds from `now`, or an HTTP date."""
    number = _number(text)
    if number is None:
        if not text:
            return None
        import email.utils  # Slow to import and rarely needed.

        try:
            date = email.utils.parsedate_to_datetime(text)
            # A date without a zone is UTC, as RFC 9110 requires of all HTTP dates.
            number = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):
            return None
    if number < 0:
        return None
    start = 0 if number >= EARLIEST_UNIX_SECONDS else now
    return min(start + number, LATEST_UNIX_SECONDS)
