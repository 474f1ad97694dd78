"""Advice on fields of a request: what to change, by the words of the error (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable

from hipkit.server.page.advice.text import codes
from hipkit.server.page.formatting import code

__all__ = ["V1_FLAGS", "advice_on_field"]


def advice_on_field(problem: str, *, is_v1: bool = False) -> str | None:
    """Return how to mend the field that an error names; `None` if it names none.

    Args:
        is_v1: Whether the call is of version 1, whose booleans are numbers.
        problem: The error in plain words, such as `Value 'x' for field 'color' is not one of
            'red', 'green'`.
    """
    missing = re.fullmatch(r"Required field '([^']+)' is missing", problem)
    if missing is not None:
        return f"Add the field {code(missing[1])} to what the program sends."
    named = FIELD.fullmatch(problem)
    if named is None:
        return None
    field, wrong = code(named["field"]), named["wrong"]
    if is_v1 and named["field"] in V1_FLAGS:
        return f"Send {field} as {codes((0, 1), 'or')}."
    for pattern, action in ACTIONS:
        found = re.fullmatch(pattern, wrong, re.DOTALL)
        if found is not None:
            return action(field, found)
    return f"Change {field} in the program: the line above names what is wrong with it."


def _one_of(field: str, found: re.Match[str]) -> str:
    choices = re.findall(r"'([^']*)'", found[1]) or found[1].split(", ")
    one_of = "one of " if choices[1:] else ""
    return f"Change {field} in the program to {one_of}{codes(choices, 'or')}."


def _type(field: str, found: re.Match[str]) -> str:
    return f"Send {field} as {TYPES.get(found[1], f'a value of the type {found[1]}')}."


V1_FLAGS = frozenset({"guest_access", "include_deleted", "is_group_admin", "notify"})
"""Fields of version 1 that are 0 or 1."""

# A value may hold any text, so the last field that is named counts.
FIELD = re.compile(
    r"(?:Value .*for field|Field) '(?P<field>[^']+)' (?P<wrong>.+)", re.DOTALL
)

TYPES = {
    "array": "a JSON array: `[...]`",
    "boolean": "`true` or `false`, without quotes",
    "integer": "a number without a fraction",
    "null": "`null`",
    "number": "a number",
    "object": "a JSON object: `{...}`",
    "string": "a text, in quotes",
}

Action = Callable[[str, "re.Match[str]"], str]

ACTIONS: tuple[tuple[str, Action], ...] = (
    (r"is not one of (.+)", _one_of),
    (r"is not of type '(\w+)'", _type),
    (r"is shorter than 1", lambda field, _: f"Send a text in {field}: it is empty."),
    (
        r"is shorter than (\d+)",
        lambda field, found: f"Send at least {found[1]} characters in {field}.",
    ),
    (
        r"is longer than (\d+)(?: characters)?",
        lambda field, found: f"Shorten {field} to at most {found[1]} characters.",
    ),
    (
        r"is less than (\S+)",
        lambda field, found: f"Send {code(found[1])} or more in {field}.",
    ),
    (
        r"is greater than (\S+)",
        lambda field, found: f"Send {code(found[1])} or less in {field}.",
    ),
    (
        r"does not match regular expression '(.+)'",
        lambda field, found: f"Change {field} so that it matches {code(found[1])}.",
    ),
)
"""What to do, by what is wrong."""
