"""Title expansion: which members a request wants in full instead of in short (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

__all__ = ["Expansion"]

MOST_PATHS = 20


class Expansion(frozenset[str]):
    """The members named in `expand`; naming `items.owner` names `items` too."""

    def __new__(cls, expand: Sequence[str] | None = None) -> Self:
        """Read the paths of a request; what follows the first 20 is ignored."""
        members: set[str] = set()
        for path in (expand or ())[:MOST_PATHS]:
            steps = path.strip().split(".")
            members.update(".".join(steps[:end]) for end in range(1, len(steps) + 1))
        return super().__new__(cls, members)

    def below(self, member: str) -> Self:
        """Return what is wanted in full inside a member."""
        inside = f"{member}."
        return super().__new__(
            type(self),
            [path.removeprefix(inside) for path in self if path.startswith(inside)],
        )
