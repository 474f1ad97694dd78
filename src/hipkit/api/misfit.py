"""Reads what msgspec says about a value that does not fit (pure).

msgspec says what is wrong in an English sentence and nowhere else. No other module reads that
sentence; `tests/unit/api/test_misfit.py` compares with the installed version, and
`pyproject.toml` allows no minor version that was not tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

__all__ = ["Misfit", "read_misfit"]

PLACE = " - at `$"
EXPECTED = re.compile(r"^Expected `(.+?)`(?:, got `(.+?)`)?")
MISSING = re.compile(r"missing required field `(.+?)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One value that does not fit its type."""

    text: str
    """msgspec's sentence without the place."""
    place: str
    """Path from the document, `$.items[0].id`; empty for the document itself."""
    missing: str | None
    """The required member that an object lacks."""
    expected: tuple[str, ...]
    """Names of the types that would fit, such as `int` and `null`; empty where none is told."""
    got: str
    """Name of the value's type; empty where none is told."""
    is_no_choice: bool
    """Whether a choice is none of those that are listed."""
    is_no_date: bool
    """Whether a date was expected."""


def read_misfit(error: msgspec.ValidationError) -> Misfit:
    """Return what an error says."""
    text, place = str(error), ""
    # What somebody sent may be quoted before the place, so the last one counts.
    if PLACE in text and text.endswith("`"):
        text, _, place = text.rpartition(PLACE)
        place = f"${place.removesuffix('`')}"
    expected = EXPECTED.match(text)
    missing = MISSING.search(text)
    return Misfit(
        text=text,
        place=place,
        missing=missing and missing[1],
        expected=tuple(expected[1].split(" | ")) if expected else (),
        got=(expected and expected[2]) or "",
        is_no_choice=text.startswith("Invalid enum value"),
        is_no_date="datetime" in text,
    )
