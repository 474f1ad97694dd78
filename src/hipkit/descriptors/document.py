"""A descriptor as plain JSON: read from bytes, and the JSON paths in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from hipkit.api.bodies.reading import UnreadableError, read_document
from hipkit.descriptors.faults import DescriptorError, Fault

__all__ = ["LARGEST_DESCRIPTOR", "Document", "parse_document", "place_of"]

Document = dict[str, object]

LARGEST_DESCRIPTOR = 262_144
"""In bytes. Descriptors have a few kilobytes; what a stranger's address returns is bounded."""

LONGEST_NAME = 60
PLAIN_NAME = re.compile(r"[A-Za-z0-9_@-]+")
POSITION = re.compile(r": line (\d+) column (\d+) \(char (\d+)\)")
TRAILING_COMMA = re.compile(r",\s*(?P<bracket>[}\]])")


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
        raise DescriptorError([_syntax_fault(body, error)]) from None
    if not isinstance(document, dict):
        raise _error(
            problem="is no JSON object",
            remedy='Write it as {"key": ..., "name": ..., ...}.',
        )
    return document


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


def _syntax_fault(body: bytes, error: UnreadableError) -> Fault:
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
    line, column, offset = map(int, position.groups())
    text = body.decode(errors="replace").removeprefix("\ufeff")
    # The parser stops behind the comma, or at it, depending on Python's version.
    before = text[:offset].rstrip()
    comma = len(before) - 1 if before.endswith(",") else offset
    found = TRAILING_COMMA.match(text, comma)
    if found is not None:
        line = text.count("\n", 0, comma) + 1
        column = comma - text.rfind("\n", 0, comma)
        return Fault(
            place=f"line {line}, column {column}",
            problem=f"is a comma before {found['bracket']}",
            remedy="Remove the comma: JSON allows none behind the last item.",
        )
    reason = POSITION.sub("", str(error)).removeprefix("not JSON: ")
    return Fault(
        place=f"line {line}, column {column}",
        problem=f"is not JSON: {reason}",
        remedy="Check the brackets, commas and quotation marks there.",
    )
