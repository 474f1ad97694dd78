"""The table of operations in every generated package, and access to their classes.

The table describes the operations without importing them: the server routes by it, the command
line lists it. Read next: `v2/catalog.py`, which is such a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import cast

import msgspec

from hipkit.api.operation import Operation

__all__ = ["Entry", "OperationHelp", "load_operation"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    operation_id: str
    class_name: str
    module: str
    """Full name of the module that defines the class."""
    tag: str
    method: str
    path: str
    """Path template below the base URL, with Python's argument names in braces."""
    summary: str
    official_name: str | None = None
    """Name in the API's own documentation."""
    deprecated: bool = False
    also: tuple[str, ...] = ()
    """Other methods with the same meaning: the server accepts them, the client uses none."""

    def load(self) -> type[Operation[object]]:
        """Import the module and return the class."""
        kind = getattr(import_module(self.module), self.class_name)
        return cast("type[Operation[object]]", kind)


class OperationHelp(msgspec.Struct, frozen=True, kw_only=True):
    """The documentation of an operation, for the help of a command line."""

    details: tuple[str, ...] = ()
    """Paragraphs after the summary; one that ends with a line end keeps its lines."""
    arguments: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    """Scopes, kinds of token and source."""


def load_operation(
    entries: Iterable[Entry], operation_id: str
) -> type[Operation[object]]:
    """Return the class of the operation with this name.

    Raises:
        KeyError: No operation has this name.
    """
    for entry in entries:
        if entry.operation_id == operation_id:
            return entry.load()
    raise KeyError(operation_id)
