"""A text that is never shown: a token, a password, a client's secret (pure).

Error trackers and debuggers record the values in frames: a `Secret` appears there as `***`.
"""

from __future__ import annotations

__all__ = ["HIDDEN", "Secret"]

HIDDEN = "***"


class Secret:
    """Holds a secret text; its `str` and `repr` are `***`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. Use it within one expression, so that no local variable holds it."""
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret cannot be pickled: a stored copy could be read")
