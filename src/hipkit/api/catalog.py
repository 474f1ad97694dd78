"""The table of operations that every generated package has, and how to get at their classes.

A table tells what there is without importing any of it: the server routes by it, the command line
lists it. Read next: `v2/catalog.py`, which is such a table.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import cast

import msgspec

from hipkit.api.operation import Operation

__all__ = ["Entry", "load_operation"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    operation_id: str
    class_name: str
    module: str
    """The module of the class, with its package."""
    tag: str
    method: str
    path: str
    """The template below the base URL, with Python's names in braces."""
    summary: str
    official_name: str | None = None
    """What the API's own documentation called it."""
    deprecated: bool = False
    also: tuple[str, ...] = ()
    """Other methods that mean the same; a server takes them, a client has no need of them."""

    def load(self) -> type[Operation[object]]:
        """Import the module and return the class."""
        return cast(
            "type[Operation[object]]",
            getattr(import_module(self.module), self.class_name),
        )


def load_operation(
    entries: Iterable[Entry], operation_id: str
) -> type[Operation[object]]:
    """Return the class of the operation with this name.

    Raises:
        KeyError: None has it.
    """
    for entry in entries:
        if entry.operation_id == operation_id:
            return entry.load()
    raise KeyError(operation_id)
