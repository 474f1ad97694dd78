"""What is wrong with a relay's file: each problem with line, place and remedy (values)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Problem", "RelayFileError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong."""

    line: int | None
    """Counted from 1; `None` where it is about the file as a whole."""
    place: str
    """Such as `route "ops", url`; empty for the file as a whole."""
    text: str
    """What is wrong there, and what to do. No secret is in it."""


class RelayFileError(ValueError):
    """A relay's file that cannot be used.

    Attributes:
        path: The file.
        problems: Everything that is wrong with it, from top to bottom.
    """

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(self.lines()))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.path, self.problems)

    def lines(self) -> list[str]:
        """Return each problem as a line of text, which begins with the file and its line."""
        return [
            ": ".join(
                part
                for part in (
                    str(self.path) if each.line is None else f"{self.path}:{each.line}",
                    each.place,
                    each.text,
                )
                if part
            )
            for each in self.problems
        ]
