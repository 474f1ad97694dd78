"""Signs requests to add-ons with JSON Web Tokens as HipChat's did (pure)."""

from __future__ import annotations

import importlib.util
import json

from hipkit.extras import install_hint
from hipkit.server.services.errors import NotImplementedHereError

__all__ = ["HEADER_SECONDS", "QUERY_SECONDS", "check_can_sign", "sign_request"]

HEADER_SECONDS = 60 * 60
QUERY_SECONDS = 5 * 60
"""Shorter, because proxies and web servers log URLs."""


def check_can_sign() -> None:
    """Check that the package for signatures is installed.

    Raises:
        NotImplementedHereError: It is missing.
    """
    if importlib.util.find_spec("jwt") is None:
        raise NotImplementedHereError(
            f"Signed webhooks need the extra server: {install_hint('server')}"
        )


def sign_request(
    secret: str,
    *,
    client_id: str,
    user_id: int | None,
    room_id: int | None,
    timezone: str,
    token_id: str,
    now_seconds: int,
    good_seconds: int,
) -> str:
    """Return a token for a request.

    The secret is the client's, which its receiver knows too; the user is the one who caused the
    event, if one did, or who asks, and the time zone theirs. `token_id` is unique. `room_id` is
    `None` outside a room.

    Raises:
        ModuleNotFoundError: The extra `server` is missing.
    """
    import jwt  # Loaded with the first webhook that wants it: the base install lacks it.

    context: dict[str, object] = {} if room_id is None else {"room_id": room_id}
    claims: dict[str, object] = {
        "iss": client_id,
        "iat": now_seconds,
        "exp": now_seconds + good_seconds,
        "jti": token_id,
        "context": {**context, "user_tz": timezone},
    }
    if user_id is not None:
        # As text: JWT libraries reject a `sub` that is a number. Atlassian's first framework for
        # add-ons reads `prn`, the claim's name before the standard.
        claims["sub"] = claims["prn"] = str(user_id)
    return jwt.encode(claims, secret, algorithm="HS256", json_encoder=_SpacedEncoder)


class _SpacedEncoder(json.JSONEncoder):
    """Writes JSON with spaces, so that a header begins with the documented letters."""

    def __init__(self, **options: object) -> None:
        super().__init__(**{**options, "separators": (", ", ": ")})  # type: ignore[arg-type]  # the options are the base class's own
