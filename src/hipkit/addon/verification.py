"""Verification of HipChat's requests: webhooks, and addresses with `signed_request`.

HipChat signs with a JSON Web Token, whose key is the installation's secret. The token does not
cover the body, so whoever has a token could post another event with it: what the body says of the
installation, the sender and the room must agree with the token.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import inf, isfinite
from typing import cast
from urllib.parse import parse_qsl

import jwt
from jwt.types import Options

from hipkit.addon.installations import Installation, Installations
from hipkit.api.errors import SignatureError
from hipkit.api.frames import clears_locals
from hipkit.api.reading import UnreadableError
from hipkit.api.secret import Secret
from hipkit.webhooks import WebhookEvent, read_event

__all__ = [
    "LEEWAY_SECONDS",
    "SignedRequest",
    "check_event",
    "renew",
    "verify_request",
    "verify_webhook",
]

LEEWAY_SECONDS = 60.0
"""How far the clocks of HipChat and of the add-on may differ."""
LONGEST_AGE_SECONDS = 15 * 60.0
"""Of a token without `exp`."""
RENEWED_SECONDS = 60 * 60
LONGEST_TOKEN = 8 * 1024
MOST_FIELDS = 100
SHORTEST_GOOD_KEY = 32
"""Below it PyJWT warns. HipChat's secrets have 40 characters."""
DIGITS = re.compile(r"[0-9]{1,18}")
SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}

Headers = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]
"""Names and values of headers, in any case; or pairs, as ASGI has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request that HipChat signed: for whom it was made, and where.

    Attributes:
        installation: The installation.
        subject: The person's id as text; `None` if the request is not about a person.
        room_id: The room of the request; `None` outside rooms.
        timezone: The person's time zone, such as `Europe/Berlin`; `None` if it is not known.
        token_id: The token's id (`jti`); `None` if it has none.
        is_renewed: Whether the token is one of `renew`.
    """

    installation: Installation
    subject: str | None
    room_id: int | None
    timezone: str | None
    token_id: str | None
    is_renewed: bool

    @property
    def user_id(self) -> int | None:
        """The person's id; `None` if the request is not about a person."""
        return _whole(self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    """What a token says, verified."""

    issuer: str
    subject: str | None
    room_id: int | None
    timezone: str | None
    token_id: str | None
    ends_at: float
    is_renewed: bool


@clears_locals
def verify_webhook(
    headers: Headers,
    body: bytes,
    secret: str | Secret,
    *,
    now: float | datetime | None = None,
) -> WebhookEvent:
    """Return the event that HipChat posted to a signed webhook, after verifying it.

    It needs nothing else of this package: use it in any web framework.

    Args:
        headers: The request's headers.
        body: The request's body, unchanged. Limit its size before you call this.
        secret: The installation's `oauthSecret`.
        now: The time, in seconds since 1970 or with UTC offset. Defaults to now.

    Raises:
        SignatureError: The request is not signed with the secret, or not now, or it contradicts
            its signature. `status` is the status to answer with.
    """
    claims = _verify(_read_token(headers, (), ()), secret, _seconds(now))
    event = _read_event(body)
    _check_agreement(claims.issuer, claims.subject, claims.room_id, event)
    _check_not_renewed(is_renewed=claims.is_renewed)
    return event


@clears_locals
async def verify_request(
    installations: Installations,
    *,
    headers: Headers = (),
    query: str | Mapping[str, str] = "",
    form: Mapping[str, str] | None = None,
    once: bool = False,
    now: float | None = None,
) -> SignedRequest:
    """Return whose request it is, after verifying its signature.

    The token may be in the header `Authorization` (`JWT ...`, `JWT token=...`, `Bearer ...`, or
    alone), or the parameter or form field `signed_request`.

    Args:
        installations: All installations.
        headers: The request's headers.
        query: The address's query, encoded or as a mapping.
        form: The form's fields.
        once: Whether to refuse a token that was used before. HipChat may repeat a delivery with
            the same token.
        now: Seconds since 1970. Defaults to now.

    Raises:
        SignatureError: There is no token, or it is not to be trusted. `status` is the status to
            answer with; 401 goes with the header `WWW-Authenticate: JWT`.
    """
    seconds = _seconds(now)
    token = _read_token(headers, _fields(query), () if form is None else form.items())
    installation = await installations.find(_read_issuer(token))
    if installation is None:
        raise SignatureError("the request is not from a known installation")
    claims = _verify(token, installation.secret, seconds)
    room_id = installation.room_id
    if None not in (room_id, claims.room_id) and room_id != claims.room_id:
        raise SignatureError(
            "the request is for another room than the installation", status=400
        )
    if once:
        await _remember(installations, claims, token, seconds)
    return SignedRequest(
        installation=installation,
        subject=claims.subject,
        room_id=claims.room_id if room_id is None else room_id,
        timezone=claims.timezone,
        token_id=claims.token_id,
        is_renewed=claims.is_renewed,
    )


def check_event(signed: SignedRequest, event: WebhookEvent) -> None:
    """Check that a webhook's body agrees with its signature.

    Raises:
        SignatureError: It is about another installation, sender or room; or it was signed with a
            token of `renew`, which people have in their browsers.
    """
    oauth_id = signed.installation.oauth_id
    _check_agreement(oauth_id, signed.subject, signed.room_id, event)
    _check_not_renewed(is_renewed=signed.is_renewed)


@clears_locals
def renew(signed: SignedRequest, *, now: float | None = None) -> str:
    """Return a new token with the same claims, good for an hour.

    Views stay open longer than a token is good. `verify_request` accepts it, `check_event` does
    not.
    """
    seconds = int(_seconds(now))
    context = {"room_id": signed.room_id, "user_tz": signed.timezone}
    claims: dict[str, object] = {
        "iss": signed.installation.oauth_id,
        "aud": [signed.installation.oauth_id],
        "iat": seconds,
        "exp": seconds + RENEWED_SECONDS,
        "context": {name: value for name, value in context.items() if value},
    }
    if signed.subject is not None:
        claims["sub"] = signed.subject
    key = signed.installation.secret.reveal()
    with _any_key_length(key):
        return jwt.encode(claims, key, "HS256")


def _read_token(
    headers: Headers,
    query: Iterable[tuple[str, str]],
    form: Iterable[tuple[str, str]],
) -> Secret:
    """Return the token of a request, wherever it is."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found = [
        token
        for name, value in pairs
        if _text(name).lower() == "authorization"
        and (token := _strip_scheme(_text(value)))
    ]
    # What stands in the header was put there by HipChat, an address may be anybody's.
    if not found:
        parameters = [*query, *form]
        found = [value for name, value in parameters if name == "signed_request"]
    tokens = {token for token in found if token}
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
    if scheme.lower() not in ("jwt", "bearer"):
        return ""
    return rest.strip().removeprefix("token=").strip('"')


def _read_issuer(token: Secret) -> str:
    """Return who a token says it is from, without verifying it."""
    try:
        claims = jwt.decode(token.reveal(), options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise SignatureError(
            "the request's signature is malformed", status=400
        ) from None
    return _issuer(claims)


def _verify(token: Secret, secret: str | Secret, now: float) -> _Claims:
    """Return what a token says, after verifying signature and times."""
    key = secret.reveal() if isinstance(secret, Secret) else secret
    if not key:
        raise ValueError("the secret is empty, with which anybody can sign")
    try:
        with _any_key_length(key):
            # PyJWT's own checks of claims take no other time than the system's, and reject a
            # `sub` that is a number, as HipChat's was.
            claims = jwt.decode(
                token.reveal(), key, algorithms=["HS256"], options=SIGNATURE_ONLY
            )
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
        raise SignatureError("the request is not signed with this secret") from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise SignatureError(
            "the request's signature is malformed", status=400
        ) from None
    return _read_claims(claims, now)


def _read_claims(claims: Mapping[str, object], now: float) -> _Claims:
    context = claims.get("context")
    if not isinstance(context, Mapping):
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
    return _Claims(
        issuer=_issuer(claims),
        subject=_id_text(claims.get("sub", claims.get("prn"))),
        room_id=_room_id(context.get("room_id")),
        timezone=_optional_text(
            context.get("user_tz", context.get("tz", claims.get("tz")))
        ),
        token_id=_id_text(claims.get("jti")),
        ends_at=expires_at + LEEWAY_SECONDS,
        is_renewed="aud" in claims,
    )


def _check_agreement(
    oauth_id: str, subject: str | None, room_id: int | None, event: WebhookEvent
) -> None:
    """Check that an event is about the installation, the person and the room of its token."""
    if event.oauth_client_id not in (None, oauth_id):
        raise SignatureError(
            "the event is for another installation than its signature", status=400
        )
    item = event.item
    sender = _member(item, "sender")
    if sender is None:
        sender = _member(_member(item, "message"), "from")
    sender_id = _id_text(_member(sender, "id"))
    if None not in (subject, sender_id) and subject != sender_id:
        raise SignatureError(
            "the event is from another person than its signature", status=400
        )
    room = _room_id(_member(_member(item, "room"), "id"))
    if None not in (room_id, room) and room_id != room:
        raise SignatureError(
            "the event is from another room than its signature", status=400
        )


def _check_not_renewed(*, is_renewed: bool) -> None:
    if is_renewed:
        raise SignatureError("the event is signed with a token of a view")


async def _remember(
    installations: Installations, claims: _Claims, token: Secret, now: float
) -> None:
    """Refuse a token that was used before, until it expires by itself."""
    # The whole token and not its `jti` alone, which a host could use twice.
    used = sha256(token.reveal().encode()).hexdigest()
    is_new = await installations.storage.add(
        "used token",
        used,
        b"",
        now=now,
        owner=claims.issuer,
        expires_at=claims.ends_at,
    )
    if not is_new:
        raise SignatureError("the request was sent before")


def _read_event(body: bytes) -> WebhookEvent:
    try:
        return read_event(body)
    except UnreadableError as error:
        raise SignatureError(f"the event cannot be read: {error}", status=400) from None


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


def _id_text(value: object) -> str | None:
    """Return an id, which may be a number or text, as text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise SignatureError("an id is neither a number nor text", status=400)
    try:
        return str(value)
    except ValueError:
        raise SignatureError("an id is too long", status=400) from None


def _room_id(value: object) -> int | None:
    text = _id_text(value)
    number = _whole(text)
    if text is not None and number is None:
        raise SignatureError("the room's id is not a number", status=400)
    return number


def _whole(text: str | None) -> int | None:
    if text is None or not DIGITS.fullmatch(text):
        return None
    return int(text)


def _optional_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _member(value: object, name: str) -> object:
    """Return a member of a typed or plain object."""
    if isinstance(value, Mapping):
        return value.get(name)
    return getattr(value, "from_" if name == "from" else name, None)


def _fields(query: str | Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if isinstance(query, Mapping):
        return query.items()
    try:
        return parse_qsl(query, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise SignatureError(
            "the address has too many parameters", status=400
        ) from None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _seconds(now: float | datetime | None) -> float:
    if now is None:
        return time.time()
    return now.timestamp() if isinstance(now, datetime) else now


@contextmanager
def _any_key_length(key: str) -> Iterator[None]:
    """Let a short secret pass: the server chose it, so it is no mistake of this program."""
    if len(key) >= SHORTEST_GOOD_KEY:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        yield
