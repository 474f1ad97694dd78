"""A descriptor as plain JSON: read from bytes, and the JSON paths in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from hipkit.api.bodies.json_grammar import BOM
from hipkit.api.bodies.reading import UnreadableError, read_document
from hipkit.descriptors.faults import DescriptorError, Fault

__all__ = [
    "LARGEST_DESCRIPTOR",
    "Document",
    "parse_document",
    "place_of",
    "remove_trailing_commas",
]

Document = dict[str, object]

LARGEST_DESCRIPTOR = 262_144
"""In bytes. Descriptors have a few kilobytes; what a stranger's address returns is bounded."""

MOST_COMMAS = 100
"""That are reported."""

LONGEST_NAME = 60
PLAIN_NAME = re.compile(r"[A-Za-z0-9_@-]+")
POSITION = re.compile(r": line (\d+) column (\d+) \(char \d+\)")
# A text without its end reaches to that of the document: looked for from each of its quotation
# marks, it would take time by the square of its length.
TRAILING_COMMA = re.compile(
    rb'"(?:\\.|[^"\\])*+"?|(?P<comma>,)(?=\s*(?P<bracket>[}\]]))', re.DOTALL
)


def parse_document(body: bytes) -> Document:
    """Return a descriptor's JSON.

    Raises:
        DescriptorError: It is larger than `LARGEST_DESCRIPTOR`, not UTF-8, not JSON, nested too
            deeply, or no object.
    """
    if len(body) > LARGEST_DESCRIPTOR:
        raise _error(
            problem=f"is larger than {LARGEST_DESCRIPTOR // 1024} KiB",
            remedy="Serve icons and texts from URLs of their own.",
        )
    try:
        document = read_document(body)
    except UnreadableError as error:
        _, commas = remove_trailing_commas(body)
        raise DescriptorError(commas or [_syntax_fault(error)]) from None
    if not isinstance(document, dict):
        raise _error(
            problem="is no JSON object",
            remedy='Write it as {"key": ..., "name": ..., ...}.',
        )
    return document


def remove_trailing_commas(body: bytes) -> tuple[bytes, list[Fault]]:
    """Return a document with spaces for commas behind last items, and a fault for each."""
    faults: list[Fault] = []

    def replace(found: re.Match[bytes]) -> bytes:
        if found["comma"] is None:
            return found[0]
        if len(faults) < MOST_COMMAS:
            faults.append(_comma_fault(body, found))
        return b" "

    return TRAILING_COMMA.sub(replace, body), faults


def place_of(path: Iterable[str | int]) -> str:
    """Return a path as text, such as `capabilities.webhook[0].url`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif PLAIN_NAME.fullmatch(step) and len(step) <= LONGEST_NAME:
            text += f".{step}"
        else:
            text += f"[{json.dumps(step[:LONGEST_NAME])}]"
    return text.removeprefix(".")


def _error(*, problem: str, remedy: str) -> DescriptorError:
    return DescriptorError([Fault(place="", problem=problem, remedy=remedy)])


def _comma_fault(body: bytes, found: re.Match[bytes]) -> Fault:
    start = body.rfind(b"\n", 0, found.start()) + 1
    line = body.count(b"\n", 0, start) + 1
    before = body[start : found.start()].removeprefix(BOM).decode(errors="replace")
    return Fault(
        place=f"line {line}, column {len(before) + 1}",
        problem=f"is a comma before {found['bracket'].decode()}",
        remedy="Remove the comma: JSON allows none behind the last item.",
    )


def _syntax_fault(error: UnreadableError) -> Fault:
    """Return where JSON's grammar is broken, and how."""
    position = POSITION.search(str(error))
    if position is None:
        place, problem = "", f"is {error}"
        if error.where:
            place, problem = error.where, "is not UTF-8"
        return Fault(
            place=place,
            problem=problem,
            remedy="Serve the descriptor as JSON in UTF-8.",
        )
    line, column = map(int, position.groups())
    reason = POSITION.sub("", str(error)).removeprefix("not JSON: ")
    return Fault(
        place=f"line {line}, column {column}",
        problem=f"is not JSON: {reason}",
        remedy="Check the brackets, commas and quotation marks there.",
    )
