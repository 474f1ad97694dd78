"""What is never shown: a token, a password, a client's secret, a message (pure).

Error trackers and debuggers record the values in frames: a `Secret` appears there as `***`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import UNSET

from hipkit.api.groups import completed_names

__all__ = ["HIDDEN", "MaskedStruct", "Secret"]

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


MASK = Secret("")
"""Stands for a hidden value: its `repr` is `***`."""


class MaskedStruct(msgspec.Struct, frozen=True):
    """A struct whose `repr` has `***` for hidden fields, and leaves out absent ones.

    `None` is absence, unless a field has another default.
    """

    secrets: ClassVar[frozenset[str]] = frozenset()
    """The fields that are never shown."""

    def _is_hidden(self, name: str) -> bool:
        return name in self.secrets

    def __dir__(self) -> list[str]:
        names = completed_names(super().__dir__())
        return [name for name in names if name != "secrets"]

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        # msgspec's own shows every field, in tracebacks that are printed with rich.
        names, defaults = self.__struct_fields__, self.__struct_defaults__
        usual = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
        return [
            (name, MASK if self._is_hidden(name) else value)
            for name in names
            if (value := getattr(self, name)) is not UNSET
            and (value is not None or usual.get(name) is not None)
        ]
