"""Patterns of webhooks: what a server accepts."""

from __future__ import annotations

from hipkit.descriptors.patterns import find_problem
from hipkit.server.services.errors import (
    InvalidValueError,
    NotImplementedHereError,
)

__all__ = ["check_pattern"]


def check_pattern(pattern: str) -> None:
    """Check that a pattern can be used.

    Raises:
        InvalidValueError: It is not a regular expression, or too large.
        NotImplementedHereError: The extra `server` is missing.
    """
    try:
        problem = find_problem(pattern)
    except ModuleNotFoundError as error:
        raise NotImplementedHereError(str(error)) from error
    if problem is not None:
        raise InvalidValueError("pattern", "pattern", problem, pattern)
