"""Errors that only a server raises, beside those of `hipkit.api.errors`."""

from __future__ import annotations

import re

from msgspec import UNSET

from hipkit.api.errors import BadRequestError, ServerError

__all__ = [
    "FullError",
    "InvalidValueError",
    "MissingValueError",
    "NotImplementedHereError",
    "TooLargeError",
    "format_value",
    "plain_words",
]

LONGEST_VALUE = 100

PLAIN_WORDS = (
    (r"(?<![\w'\"])u(?=['\"])", ""),
    (r"\[('[^']*'(?:, '[^']*')*)\]", r"\1"),
    (r"is not in the enumeration: ", "is not one of "),
    (r"\AValue None for", "Value null for"),
    (r"\AValue True for", "Value true for"),
    (r"\AValue False for", "Value false for"),
    (r"Invalid content type: None", "The content type is missing"),
    (
        r"'utf8' codec can't decode byte (\w+) in position (\d+)",
        r"byte \1 at position \2",
    ),
    (r"'utf8' codec can't decode bytes in position", "bytes at position"),
)
"""What HipChat's messages have of Python 2, and what it means."""


class InvalidValueError(BadRequestError):
    """A value breaks a rule.

    Attributes:
        value: The value as sent. Only the caller gets it back; `UNSET` if not even they do,
            because it is a secret.
    """

    def __init__(
        self,
        field: str,
        validation: str,
        problem: str,
        value: object = UNSET,
        expected_type: object = None,
    ) -> None:
        subject = (
            f"Field '{field}'"
            if value is UNSET
            else f"Value {format_value(value)} for field '{field}'"
        )
        super().__init__(
            f"{subject} {problem}",
            field=field,
            validation=validation,
            expected_type=expected_type,
        )
        self.value = value


class MissingValueError(BadRequestError):
    """A required value is missing."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"Required field '{field}' is missing", field=field, validation="required"
        )


class TooLargeError(BadRequestError):
    """The body is larger than this server accepts."""

    default_status = 413


class NotImplementedHereError(ServerError):
    """The operation exists in HipChat's API, but not on this server."""

    default_status = 501


class FullError(ServerError):
    """There is no room left for more of something, until the operator sees to it."""

    default_status = 507


def format_value(value: object) -> str:
    """Return a value as HipChat showed it: with Python 2's `repr`."""
    text = f"u{value!r}" if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "..."


def plain_words(message: str) -> str:
    """Return an error's message without what only Python 2 would say, for people.

    Programs get the message itself: some in use look for just these words.
    """
    for python, plain in PLAIN_WORDS:
        message = re.sub(python, plain, message)
    return message
