"""Parse msgspec's error messages about values that do not fit their type (pure).

msgspec reports what is wrong only in an English sentence. No other module parses that
sentence; `tests/unit/api/test_misfit.py` compares with the installed version, and
`pyproject.toml` allows no minor version that was not tested.
"""

from __future__ import annotations

import re

import msgspec

__all__ = ["Misfit", "read_misfit"]

PLACE = " - at `$"
EXPECTED = r"Expected `(.+?)`(?:, got `(.+?)`)?"
MISSING = r"missing required field `(.+?)`"


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """One value that does not fit its type."""

    text: str
    """msgspec's message without the path."""
    place: str
    """JSON path such as `$.items[0].id`; empty for the document itself."""
    missing: str | None
    """The required member that an object lacks."""
    expected: tuple[str, ...]
    """Names of the expected types, such as `int` and `null`; empty if the message names none."""
    got: str
    """Name of the value's type; empty if the message names none."""
    is_no_choice: bool
    """Whether the value is not one of the allowed choices."""
    is_no_date: bool
    """Whether a date was expected."""


def read_misfit(error: msgspec.ValidationError) -> Misfit:
    """Return the parsed message of an error."""
    text, place = str(error), ""
    # The sender's text may be quoted before the path, so the last match counts.
    if PLACE in text and text.endswith("`"):
        text, _, place = text.rpartition(PLACE)
        place = f"${place.removesuffix('`')}"
    expected = re.match(EXPECTED, text)
    missing = re.search(MISSING, text)
    return Misfit(
        text=text,
        place=place,
        missing=missing and missing[1],
        expected=tuple(expected[1].split(" | ")) if expected else (),
        got=(expected and expected[2]) or "",
        is_no_choice=text.startswith("Invalid enum value"),
        is_no_date="datetime" in text,
    )
