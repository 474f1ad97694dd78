"""Verification of HipChat's requests: webhooks, and addresses with `signed_request`.

HipChat signs with a JSON Web Token, whose key is the installation's secret. The token does not
cover the body, so whoever has a token could post another event with it: what the body says of the
installation, the sender and the room must agree with the token.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl

import msgspec

from hipkit.addon.installations.claims import (
    Claims,
    Headers,
    id_text,
    read_issuer,
    read_token,
    room_number,
    sign_token,
    verify_token,
    whole_number,
)
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.api.bodies.reading import UnreadableError
from hipkit.api.errors import SignatureError
from hipkit.api.frames import clears_locals
from hipkit.api.secret import Secret
from hipkit.webhooks import WebhookEvent, read_event

__all__ = [
    "SignedRequest",
    "check_event",
    "renew",
    "verify_request",
    "verify_webhook",
]

RENEWED_SECONDS = 60 * 60
MOST_FIELDS = 100


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
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
        return whole_number(self.subject)


@clears_locals
def verify_webhook(
    headers: Headers,
    body: bytes,
    secret: str | Secret,
    *,
    query: str | Mapping[str, str] = "",
    now: float | datetime | None = None,
) -> WebhookEvent:
    """Return the event that HipChat posted to a signed webhook, after verifying it.

    It needs nothing else of this package: use it in any web framework.

    Args:
        headers: The request's headers.
        body: The request's body, unchanged. Limit its size before you call this.
        secret: The installation's `oauthSecret`.
        query: The address's query, in which some servers send the token.
        now: The time, in seconds since 1970 or with UTC offset. Defaults to now.

    Raises:
        SignatureError: The request is not signed with the secret, or not now, or it contradicts
            its signature. `status` is the status to answer with.
    """
    claims = verify_token(
        read_token(headers, _fields(query), ()), secret, _seconds(now)
    )
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
    token = read_token(headers, _fields(query), () if form is None else form.items())
    installation = await installations.find(read_issuer(token))
    if installation is None:
        raise SignatureError("the request is not from a known installation")
    claims = verify_token(token, installation.secret, seconds)
    if claims.issuer != installation.oauth_id:
        # A name that is given twice may be read in two ways.
        raise SignatureError("the request's signature is malformed", status=400)
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
    return sign_token(claims, signed.installation.secret)


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
    sender_id = id_text(_member(sender, "id"))
    if None not in (subject, sender_id) and subject != sender_id:
        raise SignatureError(
            "the event is from another person than its signature", status=400
        )
    room = room_number(_member(_member(item, "room"), "id"))
    if None not in (room_id, room) and room_id != room:
        raise SignatureError(
            "the event is from another room than its signature", status=400
        )


def _check_not_renewed(*, is_renewed: bool) -> None:
    if is_renewed:
        raise SignatureError("the event is signed with a token of a view")


async def _remember(
    installations: Installations, claims: Claims, token: Secret, now: float
) -> None:
    """Refuse a token that was used before, until it expires by itself."""
    # All that is signed, and not its `jti` alone, which a host could use twice. Not the signature,
    # which may be padded or not.
    content, _, _ = token.reveal().rpartition(".")
    used = sha256(content.encode()).hexdigest()
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


def _member(value: object, name: str) -> object:
    """Return a member of a typed or plain object."""
    if isinstance(value, dict):
        return value.get(name)
    return getattr(value, "from_" if name == "from" else name, None)


def _fields(query: str | Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if isinstance(query, Mapping):
        return query.items()
    if not query:
        return ()
    try:
        return parse_qsl(query, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise SignatureError(
            "the address has too many parameters", status=400
        ) from None


def _seconds(now: float | datetime | None) -> float:
    if now is None:
        return time.time()
    return now.timestamp() if isinstance(now, datetime) else now
