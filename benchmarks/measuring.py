"""The cost of a call, and the statistics of a cost that varies between rounds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Cost", "Spread", "quotients"]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of many measurements, and between which two values half of them lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Take the quartiles."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds per call, a value a round."""

    cpu: tuple[float, ...]
    """User and system time of the measured process, all its threads."""
    wall: tuple[float, ...]


def quotients(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Compare round by round: neighbours in time were disturbed alike."""
    return Spread.of([mine / other for mine, other in zip(ours, theirs, strict=True)])
