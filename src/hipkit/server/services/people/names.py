"""Names of rooms, users and programs, and e-mail addresses: what is valid."""

from __future__ import annotations

import re

from hipkit.server.services.errors import InvalidValueError

__all__ = ["NAME_CHARACTERS", "check_email", "clean_name"]

NAME_CHARACTERS = 50
"""The API's limit for names of rooms and users, which `hipkit admin` keeps too."""
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


def clean_name(name: str, *, most_characters: int | None = None) -> str:
    """Return a name without surrounding spaces.

    Raises:
        InvalidValueError: The name is empty, too long, or holds a line end or another control
            character.
    """
    cleaned = name.strip()
    if not cleaned:
        raise InvalidValueError("name", "minLength", "is empty", name)
    if most_characters is not None and len(cleaned) > most_characters:
        problem = f"is longer than {most_characters}"
        raise InvalidValueError("name", "maxLength", problem, name)
    if any(ord(letter) < ord(" ") or letter == "\x7f" for letter in cleaned):
        raise InvalidValueError("name", "pattern", "holds a control character", name)
    return cleaned


def check_email(email: str) -> str:
    """Return an e-mail address without surrounding spaces.

    Raises:
        InvalidValueError: It is not an e-mail address.
    """
    email = email.strip()
    if EMAIL.fullmatch(email) is None:
        raise InvalidValueError("email", "format", "is not an e-mail address", email)
    return email
