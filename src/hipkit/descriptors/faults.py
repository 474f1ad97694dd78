"""What is wrong with a descriptor, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hipkit.api.errors import HipkitError

__all__ = ["DescriptorError", "Fault"]

MOST_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of a descriptor.

    Attributes:
        place: JSON path such as `capabilities.webhook[0].url`; `line 3, column 5` if the document
            is not JSON; empty for the descriptor as a whole.
        problem: What is wrong there, such as `is missing`.
        remedy: What to change, as a sentence.
        severity: `error` if servers reject the descriptor, `warning` if they accept it and it
            does not do what it seems to.
    """

    place: str
    problem: str
    remedy: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.place or 'the descriptor'} {self.problem}"


class DescriptorError(HipkitError):
    """A descriptor cannot be used.

    Attributes:
        faults: All that was found, at least one, in the order of the document.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        shown = "; ".join(map(str, self.faults[:MOST_SHOWN]))
        more = len(self.faults) - MOST_SHOWN
        super().__init__(f"{shown}; and {more} more" if more > 0 else shown)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.faults,)
