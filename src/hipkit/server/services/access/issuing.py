"""Issue tokens: every token is created here, whichever way it was asked for."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_token
from hipkit.server.services.access.scopes import TokenKind
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.tokens import NewToken

__all__ = [
    "ACCESS_SECONDS",
    "PERSONAL_SECONDS",
    "IssuedToken",
    "TokenToIssue",
    "check_secret",
    "issue_token",
]

ACCESS_SECONDS = 60 * 60
"""Lifetime of the access tokens that `POST /v2/oauth/token` issues."""

PERSONAL_SECONDS = 365 * 24 * 60 * 60
"""Lifetime of personal tokens, notification tokens and refresh tokens."""

SECRET = re.compile(r"[\x21-\x7e]{8,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenToIssue:
    """A token to issue. Whoever issues it decides who may have which scopes."""

    kind: TokenKind
    group_id: int
    scopes: Collection[str]
    seconds: int | None = PERSONAL_SECONDS
    """Its lifetime; `None` for a token that never expires."""
    value: str | None = field(default=None, repr=False)
    """A value that a program already uses; random if left out."""
    name: str = ""
    """A label for lists."""
    user_id: int | None = None
    """The user that it acts for."""
    client_id: str | None = None
    """The OAuth client that it was issued to."""
    room_id: int | None = None
    """The only room that it may reach."""
    refresh_id: int | None = None
    """The refresh token that it came with, whose grant it belongs to."""
    parent_id: int | None = None
    """The grant of the credential that it was issued for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token with its value, which is shown once: only its hash is stored."""

    id: int
    token: str = field(repr=False)
    scopes: tuple[str, ...]


async def issue_token(stores: Stores, now_us: int, wanted: TokenToIssue) -> IssuedToken:
    """Within a command: store a new token, and return it with its value.

    Raises:
        BadRequestError: The value cannot be a token, or is one already.
    """
    value, seconds = wanted.value, wanted.seconds
    token = new_token() if value is None else check_secret(value, "A token")
    token_hash = hash_token(token)
    if value is not None and await stores.tokens.by_hash(token_hash) is not None:
        raise BadRequestError("This token exists already")
    scopes = tuple(sorted(wanted.scopes))
    new = NewToken(
        hash=token_hash,
        kind=wanted.kind,
        group_id=wanted.group_id,
        user_id=wanted.user_id,
        client_id=wanted.client_id,
        room_id=wanted.room_id,
        scopes=" ".join(scopes),
        name=wanted.name,
        expires_us=None if seconds is None else now_us + seconds * SECOND_US,
        refresh_id=wanted.refresh_id,
    )
    token_id = await stores.tokens.add(new, now_us, parent_id=wanted.parent_id)
    return IssuedToken(id=token_id, token=token, scopes=scopes)


def check_secret(secret: str, what: str) -> str:
    """Return a token or client secret that was chosen elsewhere.

    Raises:
        BadRequestError: It has characters or a length that cannot be; it is not repeated.
    """
    if SECRET.fullmatch(secret) is None:
        raise BadRequestError(
            f"{what} is 8 to 200 visible ASCII characters", field="secret"
        )
    return secret
