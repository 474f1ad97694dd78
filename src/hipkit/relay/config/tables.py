"""Read the tables of a file into structs, and collect every problem with its place.

A struct is the description of a table: its fields are the keys that there are. A field of the type
`Secret` is a reference, one of a type of `values.py` is written in that type's form, and where a
list is wanted one text stands for a list of itself.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from hipkit.api.secret import HIDDEN, Secret
from hipkit.api.suggestions import did_you_mean
from hipkit.relay.config.lines import Path, find_line, scan_lines
from hipkit.relay.config.problems import Problem
from hipkit.relay.config.references import References
from hipkit.relay.config.values import PARSERS

__all__ = ["RefusedError", "TableReader", "fields_of"]

S = TypeVar("S", bound=msgspec.Struct)

SHOWN = re.compile(r"[\w .-]{1,30}")
"""What is shown of a file: never what may be a pasted address, nor anything long."""
PARTS = re.compile(r"[\s/?#]+")
MOST_UNKNOWN = 100
"""Keys of a table that are told one by one."""
SHORTEST_PART = 8
"""Of a secret; `https:` in an error is none."""
KINDS: Mapping[object, str] = {
    bool: "must be true or false",
    float: "must be a number",
    int: "must be a whole number",
    str: "must be a text in quotes",
}


@cache
def fields_of(shape: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """Return the fields of a struct. Thousands of routes may have the same ones."""
    return msgspec.structs.fields(shape)


class RefusedError(Exception):
    """A value that was refused; its problem is recorded."""


class TableReader:
    """Reads the tables of one file.

    Attributes:
        problems: What was wrong so far.

    Args:
        text: The file's text, which is TOML.
        references: What reads secrets.
    """

    def __init__(self, text: str, references: References) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._references = references
        self._names: dict[int, str] = {}

    @cached_property
    def _lines(self) -> dict[Path, int]:
        return scan_lines(self._text)

    def name_route(self, number: int, name: str) -> None:
        """Remember the name of a route, for the places of its problems."""
        self._names[number] = name

    def refuse(self, path: Path, text: str) -> None:
        """Record a problem."""
        line = find_line(self._lines, path)
        self.problems.append(Problem(line=line, place=self._shown(path), text=text))

    def refuse_unknown(
        self, table: Iterable[str], known: Iterable[str], at: Path
    ) -> None:
        """Record a problem for each key that is not known."""
        known = tuple(known)
        unknown = [key for key in table if key not in known]
        for key in unknown[:MOST_UNKNOWN]:
            shown = f"key {key!r}" if SHOWN.fullmatch(key) else "such key"
            self.refuse(
                (*at, key),
                f"there is no {shown}{did_you_mean(key, known)} Keys here are"
                f" {', '.join(known)}",
            )
        if len(unknown) > MOST_UNKNOWN:
            more = len(unknown) - MOST_UNKNOWN
            self.refuse(at, f"there are {more} more keys that are not known")

    def choose(self, value: object, choices: Iterable[str], at: Path, what: str) -> str:
        """Return a value that is one of a few.

        Raises:
            RefusedError: It is none of them.
        """
        choices = tuple(choices)
        if isinstance(value, str) and value in choices:
            return value
        text = value if isinstance(value, str) else ""
        shown = repr(text) if SHOWN.fullmatch(text) else "such"
        self.refuse(
            at,
            f"there is no {what} {shown}{did_you_mean(text, choices)}"
            f" There are {', '.join(choices)}",
        )
        raise RefusedError

    def read(
        self, shape: type[S], table: object, at: Path, *, ignored: Iterable[str] = ()
    ) -> S:
        """Return a table as a struct.

        Args:
            shape: The struct.
            table: The table.
            at: Where it is.
            ignored: Keys of the table that are none of the struct's fields.

        Raises:
            RefusedError: Something is wrong. All that is has been recorded.
        """
        if not isinstance(table, Mapping):
            self.refuse(at, "must be a table of keys and values")
            raise RefusedError
        fields = fields_of(shape)
        known = [field.encode_name for field in fields]
        before = len(self.problems)
        ignored = set(ignored)
        self.refuse_unknown((key for key in table if key not in ignored), known, at)
        values: dict[str, object] = {}
        for field in fields:
            key = field.encode_name
            if key in table:
                try:
                    values[field.name] = self.value(field.type, table[key], (*at, key))
                except RefusedError:
                    continue
            elif field.required:
                self.refuse(at, f"{key} is missing")
        if len(self.problems) > before:
            raise RefusedError
        try:
            return shape(**values)
        except ValueError as error:
            self.refuse(at, _without_secrets(str(error), values.values()))
            raise RefusedError from None

    def value(self, kind: Any, value: object, at: Path) -> object:
        """Return a value as a field's type has it.

        Raises:
            RefusedError: It is none of that type. The problem has been recorded.
        """
        kind = _without_none(kind)
        if get_origin(kind) in (tuple, frozenset):
            return self._list(kind, value, at)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.read(kind, value, at)
        if get_origin(kind) is Literal:
            return self.choose(value, get_args(kind), at, str(_key(at)))
        if kind is Secret:
            return self._parsed(self._references.read, value, at)
        if kind in PARSERS:
            if not isinstance(value, str):
                self.refuse(at, KINDS[str])
                raise RefusedError
            return self._parsed(PARSERS[kind], value, at)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self.refuse(at, KINDS.get(kind) or str(error))
            raise RefusedError from None

    def _list(self, kind: Any, value: object, at: Path) -> object:
        inner = get_args(kind)[0]
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list):
            self.refuse(at, "must be a list in square brackets")
            raise RefusedError
        found: list[object] = []
        is_refused = False
        for number, item in enumerate(items):
            try:
                found.append(self.value(inner, item, (*at, number)))
            except RefusedError:
                is_refused = True
        if is_refused:
            raise RefusedError
        return cast("Callable[[list[object]], object]", get_origin(kind))(found)

    def _parsed(
        self, parse: Callable[[Any], object], value: object, at: Path
    ) -> object:
        try:
            return parse(value)
        except ValueError as error:
            self.refuse(at, str(error))
            raise RefusedError from None

    def _shown(self, path: Path) -> str:
        """Return a place as people read it: `route "ops", when.color`."""
        if path[:1] != ("route",) or len(path) < 2 or not isinstance(path[1], int):
            return _dotted(path)
        name = self._names.get(path[1])
        route = f"route {path[1] + 1}" if name is None else f'route "{name}"'
        return ", ".join(part for part in (route, _dotted(path[2:])) if part)


def _without_secrets(text: str, values: Iterable[object]) -> str:
    """Return an error's text without parts of secrets: `urlsplit` quotes what it cannot read."""
    for value in values:
        for secret in value if isinstance(value, tuple) else (value,):
            if isinstance(secret, Secret):
                for part in PARTS.split(secret.reveal()):
                    if len(part) >= SHORTEST_PART:
                        text = text.replace(part, HIDDEN)
    return text


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif SHOWN.fullmatch(part):
            text += f".{part}" if text else part
    return text


def _key(path: Path) -> str | int:
    return next((part for part in reversed(path) if isinstance(part, str)), "value")


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    inner = [each for each in get_args(kind) if each is not type(None)]
    return inner[0] if len(inner) == 1 else kind
