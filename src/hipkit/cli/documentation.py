"""Read an operation's help from its generated docstring."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from hipkit.api.catalog import Entry

__all__ = ["Documentation", "read_documentation"]

IN_THE_SHELL = {
    "`None` sends null.": "The word null sends null.",
    "a client's `items()` walks all of them": "--all walks all of them",
}
"""Python's terms in the docstrings, and what the help says instead."""
SECTIONS = frozenset({"Args:", "Attributes:", "Raises:", "Returns:"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Documentation:
    """A docstring in its parts."""

    opening: tuple[str, ...]
    """What the operation does, and what is odd about it; a paragraph each."""
    arguments: Mapping[str, str]
    closing: tuple[str, ...]
    """Scopes, tokens, source."""


def read_documentation(entry: Entry) -> Documentation:
    """Read an operation's documentation from the method that has the full text."""
    module = import_module(entry.module)
    name = entry.module.rpartition(".")[2].title().replace("_", "")
    text = inspect.getdoc(getattr(getattr(module, name), entry.operation_id)) or ""
    return parse_documentation(text)


def parse_documentation(text: str) -> Documentation:
    """Split a docstring in Google's form."""
    opening: list[str] = []
    arguments: dict[str, str] = {}
    closing: list[str] = []
    section = ""
    for block in text.split("\n\n"):
        lines = block.splitlines()
        if lines[0] in SECTIONS:
            section = lines[0]
            if section == "Args:":
                arguments |= _entries(lines[1:])
        elif section:
            closing.append(block)
        else:
            opening.append(_in_the_shell(block))
    return Documentation(
        opening=tuple(opening), arguments=arguments, closing=tuple(closing)
    )


def _entries(lines: list[str]) -> dict[str, str]:
    """Join the lines of each `name: text`, which is indented less than what follows it."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        if not line.startswith(" " * 8):
            name, _, text = line.strip().partition(": ")
        else:
            text = f"{found[name]} {line.strip()}"
        found[name] = text
    return {name: _in_the_shell(text) for name, text in found.items()}


def _in_the_shell(text: str) -> str:
    for python, shell in IN_THE_SHELL.items():
        text = text.replace(python, shell)
    return text
