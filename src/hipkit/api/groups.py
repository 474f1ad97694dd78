"""The base class of the generated classes with methods, such as `Rooms` (pure).

It adds what people see of them in a shell: their `repr`, and the names that completion offers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

__all__ = ["OperationGroup", "completed_names"]

S = TypeVar("S")


class OperationGroup(Generic[S]):
    """Methods that send operations.

    Args:
        send: Sends an operation, such as a client's `send`.
    """

    __slots__ = ("_send",)

    def __init__(self, send: S) -> None:
        self._send = send

    def __repr__(self) -> str:
        client = getattr(self._send, "__self__", None)
        name = type(self).__name__
        return f"<{name}>" if client is None else f"<{name} of {client!r}>"

    def __dir__(self) -> list[str]:
        return completed_names(super().__dir__())


def completed_names(names: Iterable[str]) -> list[str]:
    """Return the names that completion offers: none that are private or msgspec's own.

    Those of Python's protocols stay, since `unittest.mock` copies what it finds.
    """
    return sorted(
        name
        for name in names
        if not name.startswith("_")
        or (name.startswith("__") and not name.startswith("__struct"))
    )
