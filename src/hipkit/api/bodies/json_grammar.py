r"""Read every text that is JSON by its grammar (pure). Client and server use it.

msgspec is fast and reads what programs usually write. It rejects a few texts that the grammar
allows: half of a surrogate pair (`"\ud83d"`, the rest of an emoji that was cut), and numbers
beyond the range of a float. The standard library reads those, and reports the position of a
syntax error.
Read next: `reading.py`, which converts the same texts to typed values.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import NoReturn

import msgspec

__all__ = ["BOM", "parse_json"]

BOM = b"\xef\xbb\xbf"

# Texts, which compile when a rare document needs them.
ESCAPES = (
    r"(?s)\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
CONSTANTS = r'(?s)"(?:\\.|[^"\\])*"|(?P<constant>-?Infinity|NaN)'

MOST_DIGITS = 4_000
"""Python does not convert integers of more than 4,300 digits."""


def parse_json(body: bytes) -> object:
    """Read a JSON document as plain values.

    A byte order mark is skipped. Half of a surrogate pair becomes U+FFFD; a number out of range
    becomes the largest float. Of several members with the same name the last one counts.

    Raises:
        UnicodeDecodeError: The body is not UTF-8.
        json.JSONDecodeError: The body is not JSON; the message says where.
        RecursionError: The body is nested too deeply.
    """
    body = body.removeprefix(BOM)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parse_slowly(body.decode())


def _parse_slowly(text: str) -> object:
    import json  # What follows is rare; most programs never get here.

    def reject(_: str) -> NoReturn:
        # NaN and Infinity are Python extensions; everything before the first one was JSON.
        found = (each for each in re.finditer(CONSTANTS, text) if each["constant"])
        raise json.JSONDecodeError("Expecting value", text, next(found).start())

    parse = partial(json.loads, parse_float=_number, parse_int=_whole_number)
    document: object = parse(text, parse_constant=reject)
    if "\\u" in text:
        # Parsed again, so that positions reported above refer to the original text.
        mended = re.sub(
            ESCAPES, lambda found: r"\ufffd" if found["half"] else found[0], text
        )
        document = parse(mended)
    return document


def _number(text: str) -> float:
    largest = sys.float_info.max
    return min(max(float(text), -largest), largest)


def _whole_number(text: str) -> int | float:
    return int(text) if len(text) <= MOST_DIGITS else _number(text)
