"""Generate tokens, passwords, ids and keys."""

from __future__ import annotations

import secrets
import string
import uuid

__all__ = [
    "TOKEN_LENGTH",
    "new_client_id",
    "new_installable_token",
    "new_key",
    "new_password",
    "new_token",
    "new_version",
]

LETTERS = string.ascii_letters + string.digits
TOKEN_LENGTH = 40
INSTALLABLE_LENGTH = 20
PASSWORD_LENGTH = 16
KEY_BYTES = 24


def new_token() -> str:
    """Return a token or client secret: 40 random letters and digits, as HipChat's had."""
    return "".join(secrets.choice(LETTERS) for _ in range(TOKEN_LENGTH))


def new_installable_token() -> str:
    """Return a token that fetches an add-on's data once: 20 letters and digits, as HipChat's."""
    return "".join(secrets.choice(LETTERS) for _ in range(INSTALLABLE_LENGTH))


def new_password() -> str:
    """Return a random password."""
    return "".join(secrets.choice(LETTERS) for _ in range(PASSWORD_LENGTH))


def new_client_id() -> str:
    """Return a random id for an OAuth client."""
    return str(uuid.uuid4())


def new_key() -> str:
    """Return the secret part of an address."""
    return secrets.token_urlsafe(KEY_BYTES)


def new_version() -> str:
    """Return a version: a text that changes whenever a room or user does."""
    return "".join(
        secrets.choice(string.ascii_uppercase + string.digits) for _ in range(8)
    )
