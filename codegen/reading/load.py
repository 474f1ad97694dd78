"""Read a YAML or JSON document, with the line of every value.

YAML is read from the parser's events instead of by a loader: this gives lines, detects duplicate
keys, and limits how far aliases can expand. Scalars follow the core schema of YAML 1.2, so `on` and
`2013-01-01` stay text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from codegen.reading.document import Document, Place, SpecError

DEEPEST = 100
MOST_VALUES = 500_000
NULL = re.compile(r"~|null|Null|NULL|")
BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
TAG = "tag:yaml.org,2002:"


def load(path: Path, name: str | None = None) -> Document:
    """Read a document, YAML or JSON in UTF-8, which errors call `name`, or by its path."""
    name = name or str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{name}: byte {error.start} is not UTF-8; save it as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SpecError(
            f"{name}: cannot be read: {reason}; name a YAML or JSON file"
        ) from None
    reader = _Reader(name)
    try:
        value = reader.read_json(text) if text.lstrip().startswith("{") else None
        value = reader.read_yaml(text) if value is None else value
    except RecursionError:
        raise SpecError(
            f"{name}: is nested more than {DEEPEST} deep; flatten it"
        ) from None
    if not isinstance(value, dict):
        raise SpecError(
            f"{name}: is not a mapping; an OpenAPI document starts with 'openapi: 3.1.0' or"
            " 'swagger: \"2.0\"'"
        )
    return Document(name, value, reader.lines)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


@dataclass(slots=True)
class _Frame:
    """A list or mapping whose end the parser has not reached."""

    value: dict[str, object] | list[object]
    place: Place
    anchor: str | None
    size: int = 1
    key: str | None = None
    given: set[str] = field(default_factory=set)

    def next_place(self) -> Place:
        return (*self.place, str(len(self.value)) if self.key is None else self.key)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self._anchors: dict[str, tuple[object, int]] = {}

    def read_json(self, text: str) -> object:
        """Read strict JSON; return `None` if the text may be YAML in flow style."""
        try:
            value: object = json.loads(
                text,
                object_pairs_hook=self._json_object,
                parse_float=self._json_number,
                parse_constant=self._json_number,
            )
        except ValueError:
            return None
        self._examine(value, 0)
        return value

    def read_yaml(self, text: str) -> object:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return self._build(yaml.parse(text, Loader=loader))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or getattr(error, "reason", error)
            where = f"{self.name}:{mark.line + 1}" if mark else self.name
            raise SpecError(
                f"{where}: is not YAML: {problem}; correct the syntax"
            ) from None

    def _build(self, events: Iterator[yaml.Event]) -> object:
        root: list[object] = []
        frames = [_Frame(root, (), None)]
        for event in events:
            match event:
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._refuse_tag(event)
                    if frames[-1].key is None and isinstance(frames[-1].value, dict):
                        raise self._error(
                            event, "a key must be a text; write it as one"
                        )
                    if len(frames) > DEEPEST:
                        raise self._error(
                            event, f"is nested more than {DEEPEST} deep; flatten it"
                        )
                    place = frames[-1].next_place() if len(frames) > 1 else ()
                    self.lines.setdefault(place, _line(event))
                    opened: dict[str, object] | list[object] = (
                        {} if isinstance(event, yaml.MappingStartEvent) else []
                    )
                    frames.append(_Frame(opened, place, event.anchor))
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    frame = frames.pop()
                    self._add(frames[-1], frame.value, frame.size, event)
                    if frame.anchor:
                        self._anchors[frame.anchor] = (frame.value, frame.size)
                case yaml.AliasEvent():
                    value, size = self._anchored(frames, event)
                    self._add(frames[-1], value, size, event)
                case yaml.ScalarEvent():
                    self._add_scalar(frames[-1], event, is_root=len(frames) == 1)
                case yaml.DocumentStartEvent() if root:
                    raise self._error(event, "holds more than one document; keep one")
        return root[0] if root else None

    def _anchored(
        self, frames: list[_Frame], event: yaml.AliasEvent
    ) -> tuple[object, int]:
        if any(frame.anchor == event.anchor for frame in frames):
            fault = "is inside of the value that it names"
        elif event.anchor not in self._anchors:
            fault = "is not defined before it"
        else:
            return self._anchors[event.anchor]
        raise self._error(event, f"*{event.anchor} {fault}; write the value out")

    def _add_scalar(
        self, frame: _Frame, event: yaml.ScalarEvent, *, is_root: bool
    ) -> None:
        if isinstance(frame.value, dict) and frame.key is None:
            if event.value in frame.given:
                raise self._error(
                    event, f"the key {event.value!r} is given twice; keep one"
                )
            frame.given.add(event.value)
            frame.key = event.value
            self.lines[(*frame.place, frame.key)] = _line(event)
            return
        if not is_root:
            self.lines.setdefault(frame.next_place(), _line(event))
        value = self._scalar(event)
        self._add(frame, value, 1, event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)

    def _add(self, frame: _Frame, value: object, size: int, event: yaml.Event) -> None:
        # A few lines of aliases to aliases can stand for billions of values. They are counted as if
        # written out, since everything behind this walks them all.
        frame.size += size
        if frame.size > MOST_VALUES:
            raise self._error(
                event, f"holds more than {MOST_VALUES:,} values; use $ref, not aliases"
            )
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        if frame.key is None:
            raise self._error(event, "a key must be a text; write it as one")
        key, frame.key = frame.key, None
        if key != "<<":
            frame.value[key] = value
            return
        # The members of a merged mapping are added; those beside it win.
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise self._error(event, "'<<' merges mappings only; name one")
            frame.value |= source | frame.value

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text, tag = event.value, event.tag
        if tag in ("!", f"{TAG}str") or (tag is None and not event.implicit[0]):
            return text
        self._refuse_tag(event)
        if NULL.fullmatch(text):
            return None
        if BOOLEAN.fullmatch(text):
            return text[0] in "tT"
        try:
            if INTEGER.fullmatch(text):
                return int(text, 0 if text[:2] in ("0o", "0x") else 10)
        except ValueError:
            raise self._error(
                event, "the number is too long; write a shorter one"
            ) from None
        if not FLOAT.fullmatch(text):
            return text
        if not math.isfinite(number := float(text)):
            raise self._error(event, "the number is too large; write a smaller one")
        return number

    def _refuse_tag(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        plain = ("str", "map", "seq", "int", "float", "bool", "null")
        if tag not in (None, "!", *(f"{TAG}{kind}" for kind in plain)):
            raise self._error(event, f"the tag {tag!r} is not supported; remove it")

    def _error(self, event: yaml.Event, fault: str) -> SpecError:
        return SpecError(f"{self.name}:{_line(event)}: {fault}")

    def _json_object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        members: dict[str, object] = {}
        for key, value in pairs:
            if key in members:
                raise SpecError(
                    f"{self.name}: the key {key!r} is given twice; keep one"
                )
            members[key] = value
        return members

    def _json_number(self, text: str) -> float:
        if not math.isfinite(number := float(text)):
            raise SpecError(
                f"{self.name}: {text} is not a number that JSON can hold; remove it"
            )
        return number

    def _examine(self, value: object, depth: int) -> None:
        """Reject values that are nested too deeply, and lone surrogates, which no file can hold."""
        if depth > DEEPEST:
            raise SpecError(
                f"{self.name}: is nested more than {DEEPEST} deep; flatten it"
            )
        if isinstance(value, str) and any(
            "\ud800" <= letter <= "\udfff" for letter in value
        ):
            raise SpecError(
                f"{self.name}: {value!r} is not valid Unicode; correct its escapes"
            )
        if isinstance(value, dict):
            for key, item in value.items():
                self._examine(key, depth + 1)
                self._examine(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                self._examine(item, depth + 1)
