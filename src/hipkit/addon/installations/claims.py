"""The JSON Web Tokens with which HipChat signs its requests: where they are, and what they say.

Read next: `verification.py`.
"""

from __future__ import annotations

import re
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf, isfinite
from typing import cast

import msgspec

from hipkit.api.errors import SignatureError
from hipkit.api.secret import Secret
from hipkit.extras import install_hint

try:
    import jwt
    from jwt.algorithms import HMACAlgorithm
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"hipkit.addon needs the extra addon: {install_hint('addon')}", name=error.name
    ) from None

__all__ = [
    "LEEWAY_SECONDS",
    "LONGEST_AGE_SECONDS",
    "Claims",
    "Headers",
    "id_text",
    "read_issuer",
    "read_token",
    "room_number",
    "sign_token",
    "verify_token",
    "whole_number",
]

LEEWAY_SECONDS = 60.0
"""How far the clocks of HipChat and of the add-on may differ."""
LONGEST_AGE_SECONDS = 15 * 60.0
"""Of a token without `exp`."""
LONGEST_TOKEN = 8 * 1024
TOKEN_DOTS = 2
SHORTEST_GOOD_KEY = 32
"""Below it PyJWT warns. HipChat's secrets have 40 characters."""
DIGITS = re.compile(r"[0-9]{1,18}")


class _Hs256(HMACAlgorithm):
    """HS256, whose key is whatever the host chose, of any length.

    PyJWT's own refuses public keys of other algorithms, which takes as long as the signature. Here
    there is no other algorithm.
    """

    def __init__(self) -> None:
        super().__init__(HMACAlgorithm.SHA256)

    def prepare_key(self, key: str | bytes) -> bytes:
        """Return the key in bytes."""
        return key.encode() if isinstance(key, str) else key

    def check_key_length(self, key: object) -> None:
        """Accept any length: it is no mistake of this program."""


def _hs256_only() -> jwt.PyJWS:
    verifier = jwt.PyJWS(algorithms=[])
    verifier.register_algorithm("HS256", _Hs256())
    return verifier


_VERIFIER = _hs256_only()
_CLAIMS = msgspec.json.Decoder()

Headers = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]
"""Names and values of headers, in any case; or pairs, as ASGI has them."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says, verified."""

    issuer: str
    subject: str | None
    room_id: int | None
    timezone: str | None
    token_id: str | None
    ends_at: float
    is_renewed: bool


def read_token(
    headers: Headers,
    query: Iterable[tuple[str, str]],
    form: Iterable[tuple[str, str]],
) -> Secret:
    """Return the token of a request, wherever it is.

    Raises:
        SignatureError: There is none, or more than one.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found = [
        token
        for name, value in pairs
        if name.lower() in ("authorization", b"authorization")
        and (token := _strip_scheme(_text(value)))
    ]
    # What stands in the header was put there by HipChat, an address may be anybody's. A page's form
    # is posted to the address that the page was opened with, whose token may have expired since.
    for fields in (form, query):
        found = found or [
            value for name, value in fields if name == "signed_request" and value
        ]
    tokens = set(found)
    if not tokens:
        raise SignatureError("the request is not signed")
    if len(tokens) > 1 or len(token := tokens.pop()) > LONGEST_TOKEN:
        raise SignatureError("the request's signature is malformed", status=400)
    return Secret(token)


def _strip_scheme(value: str) -> str:
    """Return the token in an `Authorization` header; empty if it holds something else."""
    scheme, _, rest = value.strip().partition(" ")
    if not rest:
        return scheme.removeprefix("token=").strip('"') if "." in scheme else ""
    token = rest.strip().removeprefix("token=").strip('"')
    # A bearer's token may be of another kind, for whatever stands before the add-on.
    is_ours = scheme.lower() == "jwt" or (
        scheme.lower() == "bearer" and token.count(".") == TOKEN_DOTS
    )
    return token if is_ours else ""


def read_issuer(token: Secret) -> str:
    """Return who a token says it is from, without verifying it.

    Raises:
        SignatureError: It is malformed.
    """
    try:
        _, payload, _ = token.reveal().split(".")
        padded = payload + "=" * (-len(payload) % 4)
        claims = msgspec.json.decode(urlsafe_b64decode(padded), type=_Issuer)
    except (ValueError, RecursionError):  # Of base64, and of JSON.
        claims = _Issuer()
    return _issuer(msgspec.structs.asdict(claims))


class _Issuer(msgspec.Struct):
    """The one claim that is read before the signature is verified."""

    iss: str = ""


def verify_token(token: Secret, secret: str | Secret, now: float) -> Claims:
    """Return what a token says, after verifying its signature and its times.

    Raises:
        SignatureError: It is not signed with the secret, or not good now.
        ValueError: The secret is empty.
    """
    key = secret.reveal() if isinstance(secret, Secret) else secret
    if not key:
        raise ValueError("the secret is empty, with which anybody can sign")
    try:
        # PyJWT's own checks of claims take no other time than the system's, and reject a `sub`
        # that is a number, as HipChat's was.
        claims = _CLAIMS.decode(_VERIFIER.decode(token.reveal(), key, ["HS256"]))
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
        raise SignatureError("the request is not signed with this secret") from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise SignatureError(
            "the request's signature is malformed", status=400
        ) from None
    if not isinstance(claims, dict):
        raise SignatureError("the request's signature is malformed", status=400)
    return _read_claims(claims, now)


def sign_token(claims: Mapping[str, object], secret: Secret) -> str:
    """Return a token that says this, signed with a secret."""
    key = secret.reveal()
    with _any_key_length(key):
        return jwt.encode(dict(claims), key, "HS256")


def _read_claims(claims: Mapping[str, object], now: float) -> Claims:
    context = claims.get("context")
    if not isinstance(context, dict):
        context = {}
    issued_at, expires_at = (_seconds_of(claims, name) for name in ("iat", "exp"))
    starts_at = _seconds_of(claims, "nbf")
    for begins in (issued_at, starts_at):
        if begins is not None and begins > now + LEEWAY_SECONDS:
            raise SignatureError("the request's signature is not valid yet")
    if expires_at is None:
        if issued_at is None:
            raise SignatureError("the request's signature has no time", status=400)
        expires_at = issued_at + LONGEST_AGE_SECONDS
    if now >= expires_at + LEEWAY_SECONDS:
        raise SignatureError("the request's signature has expired")
    return Claims(
        issuer=_issuer(claims),
        subject=id_text(claims.get("sub", claims.get("prn"))),
        room_id=room_number(context.get("room_id")),
        timezone=_optional_text(
            context.get("user_tz", context.get("tz", claims.get("tz")))
        ),
        token_id=id_text(claims.get("jti")),
        ends_at=expires_at + LEEWAY_SECONDS,
        is_renewed="aud" in claims,
    )


def _issuer(claims: Mapping[str, object]) -> str:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise SignatureError("the request's signature has no issuer", status=400)
    return issuer


def _seconds_of(claims: Mapping[str, object], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    try:
        seconds = float(cast("str | float", value))
    except (TypeError, ValueError, OverflowError):
        seconds = inf
    if isinstance(value, bool) or not isfinite(seconds):
        raise SignatureError(f"the signature's {name} is no time", status=400)
    return seconds


def id_text(value: object) -> str | None:
    """Return an id, which may be a number or text, as text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise SignatureError("an id is neither a number nor text", status=400)
    try:
        return str(value)
    except ValueError:
        raise SignatureError("an id is too long", status=400) from None


def room_number(value: object) -> int | None:
    """Return a room's id, which may be a number or text; `None` if there is none."""
    text = id_text(value)
    number = whole_number(text)
    if text is not None and number is None:
        raise SignatureError("the room's id is not a number", status=400)
    return number


def whole_number(text: str | None) -> int | None:
    """Return the number that a text is; `None` if it is something else."""
    if text is None or not DIGITS.fullmatch(text):
        return None
    return int(text)


def _optional_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


@contextmanager
def _any_key_length(key: str) -> Iterator[None]:
    """Accept a short secret: the server chose it, so it is no mistake of this program."""
    if len(key) >= SHORTEST_GOOD_KEY:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        yield
