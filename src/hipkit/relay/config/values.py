"""Values of a relay's file that have a form of their own: durations, templates, patterns (pure)."""

from __future__ import annotations

import re
from typing import NewType

from hipkit.api.suggestions import did_you_mean
from hipkit.descriptors.patterns import find_problem

__all__ = ["PARSERS", "Duration", "Name", "Pattern", "Template"]

Duration = NewType("Duration", float)
"""Seconds, written as `90s`, `30m`, `12h`, `2d` or `1w`."""
Name = NewType("Name", str)
"""What people call a thing: one line."""
Pattern = NewType("Pattern", str)
"""A regular expression, as webhooks have them."""
Template = NewType("Template", str)
"""A text with `{room}`, `{from}` and `{color}` in it."""

WRITTEN_DURATION = re.compile(r"([0-9]{1,6})([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
FIELDS = ("room", "from", "color")
FIELD = re.compile(r"\{([^{}]*)\}")
LONGEST_NAME = 100
LONGEST_TEMPLATE = 250
SHORT = re.compile(r"[\w-]{1,20}")


def parse_duration(text: str) -> Duration:
    """Return a duration in seconds."""
    found = WRITTEN_DURATION.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError("must be a duration such as 30m, 12h or 2d")
    return Duration(int(found[1]) * SECONDS[found[2]])


def parse_name(text: str) -> Name:
    """Return a name."""
    if not text.strip():
        raise ValueError("must not be empty")
    if len(text) > LONGEST_NAME:
        raise ValueError(f"must have at most {LONGEST_NAME} characters")
    if text != text.strip() or not text.isprintable():
        raise ValueError(
            "must be one line of text, without spaces around it or control characters"
        )
    return Name(text)


def parse_pattern(text: str) -> Pattern:
    """Return a regular expression that can be used."""
    if (problem := find_problem(text)) is not None:
        raise ValueError(f"the pattern {problem}")
    return Pattern(text)


def parse_template(text: str) -> Template:
    """Return a template whose fields exist."""
    if len(text) > LONGEST_TEMPLATE:
        raise ValueError(f"must have at most {LONGEST_TEMPLATE} characters")
    for name in FIELD.findall(text):
        if name not in FIELDS:
            shown = f"{{{name}}}" if SHORT.fullmatch(name) else "such a field"
            known = ", ".join(f"{{{each}}}" for each in FIELDS)
            raise ValueError(
                f"there is no {shown}{did_you_mean(name, FIELDS)} There are {known}"
            )
    return Template(text)


PARSERS = {
    Duration: parse_duration,
    Name: parse_name,
    Pattern: parse_pattern,
    Template: parse_template,
}
"""How a text becomes each."""
