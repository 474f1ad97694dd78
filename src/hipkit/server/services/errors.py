"""Refusals that say more than `hipkit.api.errors` does: only a server has it to say."""

from __future__ import annotations

from msgspec import UNSET

from hipkit.api.errors import BadRequestError, ServerError

__all__ = [
    "InvalidValueError",
    "MissingValueError",
    "NotImplementedHereError",
    "TooLargeError",
    "shown",
]

LONGEST_SHOWN = 100


class InvalidValueError(BadRequestError):
    """A value breaks a rule.

    Attributes:
        value: What was sent; it goes back to the caller, and nowhere else. `UNSET` where
            not even the caller is told.
    """

    def __init__(
        self,
        field: str,
        validation: str,
        problem: str,
        value: object = UNSET,
        expected_type: object = None,
    ) -> None:
        told = (
            f"Field '{field}'"
            if value is UNSET
            else f"Value {shown(value)} for field '{field}'"
        )
        super().__init__(
            f"{told} {problem}",
            field=field,
            validation=validation,
            expected_type=expected_type,
        )
        self.value = value


class MissingValueError(BadRequestError):
    """A value is missing."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"Required field '{field}' is missing", field=field, validation="required"
        )


class TooLargeError(BadRequestError):
    """The body is larger than this server takes."""

    default_status = 413


class NotImplementedHereError(ServerError):
    """The call is HipChat's, but this server does not answer it."""

    default_status = 501


def shown(value: object) -> str:
    """Write a value as HipChat did: it was a Python 2 program, and so is its spelling."""
    text = f"u{value!r}" if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
