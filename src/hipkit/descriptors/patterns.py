"""Search texts for patterns, in bounded time: both come from strangers.

The dialect is that of Python's `re`, as HipChat's was, run by the package `regex`, which has a
time limit. Syntax that `re` lacks, and patterns that would grow without bound, are errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, cast

from hipkit.extras import install_hint

__all__ = [
    "LONGEST_PATTERN",
    "Match",
    "find_match",
    "find_problem",
    "is_found",
]

LONGEST_PATTERN = 1_000

LARGEST_PATTERN = 10_000
"""The size of a pattern with its counted repeats written out, as compiling does."""
MOST_COMPILED = 200
"""Compiled patterns that are kept; the largest take half a megabyte each."""

MATCH_SECONDS = 0.05


class Match(Protocol):
    """A match of a pattern in a text."""

    def group(self) -> str:
        """Return what matched."""

    def groups(self) -> tuple[str | None, ...]:
        """Return all groups, in order."""

    def groupdict(self) -> Mapping[str, str | None]:
        """Return the named groups."""


class Pattern(Protocol):
    """What is used of a compiled pattern of `regex`, which has no types of its own."""

    def search(
        self, text: str, *, timeout: float, concurrent: bool
    ) -> Match | None: ...


REPEAT = re.compile(r"\{\s*(\d+)")
# For `regex` a `{e<=1}` allows one error in the match; for `re` it is literal text.
LITERAL_BRACE = re.compile(r"(?<!\\)(?<!\\[NpP])\{(?!\d*,?\d*\})")
RECURSION = re.compile(r"\(\?(?:R|\d|[+-]\d|&|P>)")


def find_problem(pattern: str) -> str | None:
    """Return why a pattern cannot be used, such as `is too deep`; `None` if it can.

    Raises:
        ModuleNotFoundError: The extra `addon` is missing.
    """
    if len(pattern) > LONGEST_PATTERN:
        return f"is longer than {LONGEST_PATTERN} characters"
    if RECURSION.search(pattern):
        return "calls itself, which this dialect cannot"
    size = len(pattern)
    for count in REPEAT.findall(pattern):
        size *= max(1, int(count))
        if size > LARGEST_PATTERN:
            return "repeats its parts too often"
    try:
        _compile(pattern)
    except RecursionError:
        return "is too deep"
    except (ValueError, OverflowError) as error:
        return f"is not a regular expression: {error}"
    return None


def is_found(pattern: str, text: str) -> bool:
    """Return whether a pattern that has no problem matches anywhere in a text.

    Raises:
        TimeoutError: The search took more than 50 ms.
    """
    return find_match(pattern, text) is not None


def find_match(pattern: str, text: str) -> Match | None:
    """Return the first match, anywhere in a text, of a pattern that has no problem.

    Raises:
        TimeoutError: The search took more than 50 ms.
    """
    # `concurrent` releases the interpreter: otherwise a slow pattern would hold up every call.
    return _compile(pattern).search(text, timeout=MATCH_SECONDS, concurrent=True)


@lru_cache(maxsize=MOST_COMPILED)
def _compile(pattern: str) -> Pattern:
    try:
        import regex  # type: ignore[import-untyped]  # see `Pattern`
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"Patterns need the extra addon: {install_hint('addon')}", name=error.name
        ) from error
    try:
        plain = LITERAL_BRACE.sub(r"\\{", pattern)
        # The package's own store is not bounded by size, and would keep each a second time.
        compiled = regex.compile(plain, regex.VERSION0, cache_pattern=False)
        return cast("Pattern", compiled)
    except regex.error as error:
        raise ValueError(str(error)) from error
