"""Collect the problems of a document, so that all are told at once, and the names chosen for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from codegen.reading.document import SpecError
from sourcefiles.errors import in_short


class Problems:
    """What cannot be generated, and where the generator chose a name of its own.

    Args:
        strict: Whether a name that would have to be chosen is a problem.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self._found: dict[str, SpecError] = {}
        self._choices: dict[str, list[str]] = {}
        self.left_out: dict[str, SpecError] = {}
        """The operations that cannot be generated, by method and path, and the first reason."""

    @property
    def found(self) -> list[SpecError]:
        """The problems, each once: many operations may meet the same one."""
        return list(self._found.values())

    def add(self, error: SpecError) -> None:
        """Add a problem."""
        self._found.setdefault(str(error), error)

    @contextlib.contextmanager
    def collecting(self, operation: str | None = None) -> Iterator[None]:
        """Add what is raised, and leave the operation out, if one is named."""
        try:
            yield
        except SpecError as error:
            self.add(error)
            if operation is not None:
                self.left_out.setdefault(operation, error)

    def choose(self, why: str, name: str, error: SpecError) -> None:
        """Note that a name was chosen; in strict mode it is a problem."""
        if self.strict:
            raise error
        self.note(why, name)

    def note(self, why: str, name: str) -> None:
        """Note a choice that is right in strict mode too."""
        self._choices.setdefault(why, []).append(name)

    def notes(self) -> Iterator[str]:
        """Yield a line for what was left out, and one for each kind of choice."""
        for name, error in self.left_out.items():
            yield f"left out: {name}: {error}"
        for why, names in self._choices.items():
            yield f"{why}: {in_short(names)}"
