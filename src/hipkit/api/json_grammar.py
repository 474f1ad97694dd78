r"""Reads whatever is JSON by its grammar (pure); both sides of the wire use it.

msgspec reads all that programs usually write, and reads it fast. It refuses a few texts that the
grammar allows: half of a surrogate pair (`"\ud83d"`, what is left of an emoji that was cut), and
numbers beyond the range of a float. The standard library reads those, and knows the place where
a text breaks the grammar.
Read next: `reading.py`, which makes typed values of the same texts.
"""

from __future__ import annotations

import re
import sys
from typing import NoReturn

import msgspec

__all__ = ["BOM", "parse_json"]

BOM = b"\xef\xbb\xbf"

ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
CONSTANTS = re.compile(r'"(?:\\.|[^"\\])*"|(?P<constant>-?Infinity|NaN)', re.DOTALL)

MOST_DIGITS = 4_000
"""Python refuses to read integers of more than 4,300 digits."""


def parse_json(body: bytes) -> object:
    """Read a JSON document as plain values.

    A byte order mark is passed over. Half of a surrogate pair becomes U+FFFD, a number beyond all
    range the largest that there is; of members with one name the last counts.

    Raises:
        UnicodeDecodeError: It is not UTF-8.
        json.JSONDecodeError: It is not JSON; says where.
        RecursionError: It is nested too deeply.
    """
    body = body.removeprefix(BOM)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parse_slowly(body.decode())


def _parse_slowly(text: str) -> object:
    import json  # What follows is rare, and most programs never meet it.

    def refuse(_: str) -> NoReturn:
        # NaN and Infinity are Python's own; all in front of the first one was JSON.
        found = (each for each in CONSTANTS.finditer(text) if each["constant"])
        raise json.JSONDecodeError("Expecting value", text, next(found).start())

    document: object = json.loads(
        text, parse_constant=refuse, parse_float=_number, parse_int=_whole_number
    )
    if "\\u" in text:
        # Once more, so that places told above are those of the text that came.
        document = json.loads(
            ESCAPES.sub(_whole_letter, text),
            parse_float=_number,
            parse_int=_whole_number,
        )
    return document


def _whole_letter(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["half"] else escape[0]


def _number(text: str) -> float:
    largest = sys.float_info.max
    return min(max(float(text), -largest), largest)


def _whole_number(text: str) -> int | float:
    return int(text) if len(text) <= MOST_DIGITS else _number(text)
