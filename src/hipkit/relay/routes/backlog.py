"""The backlog policy: which of many waiting messages one summary stands for (pure).

How position, range and single messages fit together:

- A route's messages are tried in order, the first waiting one at a time. While the target fails,
  that one is what probes it; there is no summary yet, as the backlog still grows.
- The first message that gets through after the target failed for 15 minutes marks the route as
  recovered. The mark is stored with that message's outcome, so a kill does not lose it.
- Before the next message is sent, if it is not red, the waiting ones are counted. Too few: the mark
  is removed, and each is sent. Else the *range* of a summary is stored in place of the mark, from
  this message to the last one that is covered: older than 15 minutes, and none of the newest 20.
- The summary is sent in the place of the first message of its range. So the route's position, which
  every outcome moves in one commit, tells all there is to know:

      position < first            the summary is not settled: it is what is sent next. Its id is
                                  stored with the range, so a second try is the same message.
      first <= position < last    the summary is settled. Red messages up to `last` are sent one by
                                  one, in order; the others are passed over: the summary had them.
      last <= position            all is sent; the range has no meaning any more.

- So red messages before the range go before the summary, those within it after, and what comes
  after the range comes last. Nothing is passed over before the outcome of the summary is stored,
  and nothing of a range is dropped for its age: it would be neither sent nor counted.
- A new range begins after the old one, as its first message is one that is sent. Storing it moves
  the position up to that message, so that the old range can be forgotten in the same commit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = [
    "FAILED_SECONDS",
    "LEAST_WAITING",
    "NEWEST_SENT",
    "OLD_SECONDS",
    "Range",
    "RangeFinder",
]

FAILED_SECONDS = 15 * 60
"""How long the target must have failed."""

LEAST_WAITING = 101
"""How many messages must wait at least."""

OLD_SECONDS = 15 * 60
"""How old a message must be to be in a summary."""

NEWEST_SENT = 20
"""How many of the newest messages are sent one by one, whatever their age."""

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Range:
    """The events of a summary, red ones excepted: both ends are in it."""

    first: int
    last: int

    def is_next(self, position: int, event_id: int) -> bool:
        """Return whether the summary is sent in place of an event."""
        return position < self.first == event_id

    def covers(self, position: int, event_id: int, *, is_red: bool) -> bool:
        """Return whether an event is passed over, because the summary had it."""
        is_inside = self.first < event_id <= self.last
        return is_inside and self.first <= position and not is_red


class RangeFinder:
    """Finds the range of a summary among what a route waits for.

    Args:
        now_us: The time.
    """

    def __init__(self, now_us: int) -> None:
        self._old_us = now_us - OLD_SECONDS * MICROSECONDS
        self._first: int | None = None
        self._last: int | None = None
        self._waiting = self._covered = 0
        self._are_old = True
        # What is old, but may still turn out to be one of the newest.
        self._newest: deque[tuple[int, bool, bool]] = deque()

    def add(self, event_id: int, created_us: int, *, is_red: bool) -> None:
        """Add the next waiting message, in their order. The first must not be red."""
        self._waiting += 1
        if self._first is None:
            self._first = event_id
        # No message is old that comes after a young one: a clock may have dated it wrongly.
        self._are_old = self._are_old and created_us <= self._old_us
        self._newest.append((event_id, is_red, self._are_old))
        if len(self._newest) <= NEWEST_SENT:
            return
        covered, was_red, is_old = self._newest.popleft()
        if is_old and not was_red:
            self._last = covered
            self._covered += 1

    def find(self) -> Range | None:
        """Return the range; `None` where too few messages wait, or could be covered."""
        if self._first is None or self._last is None:
            return None
        if self._waiting < LEAST_WAITING or self._covered < 2:
            return None
        return Range(self._first, self._last)
