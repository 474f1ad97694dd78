"""Writes what a program said as data: `tests/data/programs`, replayed by `tests/e2e`.

What changes from run to run gets a name in braces: the tokens and the host that the set-up made,
and, as `{id 1}`, whatever an answer told and a later request repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.conversation import Call

NOT_SERVED = 501
# Shorter texts of an answer repeat by chance; numbers are the same in every run.
SECRET = re.compile(r"[\w-]{20,}")
PAIR_OVER_LINES = re.compile(
    r"""\[\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")\s*\]"""
)
WORDS_OVER_LINES = re.compile(r'\[\s*((?:(?:"\w*"|\d+),\s*)*(?:"\w*"|\d+))\s*\]')


@dataclass
class Recording:
    """The calls of one program, as they are written."""

    names: Mapping[str, str]
    changing: Mapping[str, str]
    calls: list[dict[str, object]] = field(default_factory=list)
    _told: dict[str, tuple[dict[str, object], list[object]]] = field(
        default_factory=dict
    )
    _learnt: dict[str, str] = field(default_factory=dict)

    def add(self, call: Call) -> None:
        """Take a call, unless the server does not know it yet."""
        if call.status == NOT_SERVED:
            return
        written: dict[str, object] = {
            "request": self.named(call.request),
            "headers": [self.header(*header) for header in call.headers],
        }
        if call.body:
            written["body"] = self.named(call.body.decode())
        written["status"] = call.status
        self.calls.append(written)
        if isinstance(call.answer, dict):
            written["members"] = sorted(call.answer)
            items = call.answer.get("items")
            if items and "message" in items[0]:
                written["said"] = [self.named(item["message"]) for item in items]
            for place, text in long_texts(call.answer):
                self._told.setdefault(text, (written, place))

    def header(self, name: str, value: str) -> list[str]:
        if name.lower() == "content-length":
            return [name, "{length}"]
        return [name, self.named(value)]

    def named(self, text: str) -> str:
        """Put names into a text, and have the answers keep what they told of it."""
        for name, value in self.names.items():
            text = text.replace(value, f"{{{name}}}")
        for pattern, replacement in self.changing.items():
            text = re.sub(pattern, replacement, text)
        for value, (call, place) in self._told.items():
            if value in text:
                text = text.replace(value, f"{{{self.learn(value, call, place)}}}")
        return text

    def anonymous(self, value: object) -> Any:
        """Put names into every text of a value."""
        if isinstance(value, dict):
            return {name: self.anonymous(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.anonymous(member) for member in value]
        return self.named(value) if isinstance(value, str) else value

    def learn(self, value: str, call: dict[str, object], place: list[object]) -> str:
        if value not in self._learnt:
            kind = place[-1]
            count = sum(name.startswith(f"{kind} ") for name in self._learnt.values())
            name = f"{kind} {count + 1}"
            self._learnt[value] = name
            keep = call.setdefault("keep", {})
            assert isinstance(keep, dict)
            keep[name] = place
        return self._learnt[value]


def long_texts(
    value: object, place: Sequence[object] = ()
) -> Iterator[tuple[list[object], str]]:
    """Yield every text that may be one of its kind, and the steps to it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from long_texts(member, [*place, name])
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from long_texts(member, [*place, index])
    elif isinstance(value, str) and SECRET.fullmatch(value):
        yield list(place), value


def write(path: Path, document: Mapping[str, object]) -> None:
    """Write a recording, a header or a path on one line."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    text = PAIR_OVER_LINES.sub(r"[\1, \2]", text)
    text = WORDS_OVER_LINES.sub(
        lambda found: "[" + re.sub(r"\s*\n\s*", " ", found[1]) + "]", text
    )
    assert json.loads(text) == document
    path.write_text(text + "\n")
