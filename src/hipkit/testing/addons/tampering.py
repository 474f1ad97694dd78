"""What arrives at an add-on when somebody else than its host sends, or changes what it sent.

Each change is one that real attackers, clocks and proxies make: an add-on has to refuse the request
or, for a repeated delivery, to handle it once.
"""

from __future__ import annotations

import json
from typing import Literal, get_args

import jwt
from msgspec.structs import replace

from hipkit.transports.protocol import Request

__all__ = ["Tampering", "signature_in", "tampered"]

Tampering = Literal[
    "unsigned",
    "forged",
    "alg_none",
    "expired",
    "stranger",
    "replayed",
    "other_body",
    "wrong_host",
]
"""How requests to an add-on are changed:

- `unsigned`: the signature is left out.
- `forged`: it is made with another secret.
- `alg_none`: it says that it needs no signature, `"alg": "none"`.
- `expired`: it was good two hours ago.
- `stranger`: it is from an installation that the add-on does not know.
- `replayed`: it is that of the request before, which may have been about another person or room.
- `other_body`: the body is about another room than the signature.
- `wrong_host`: an installation names another host, which does not name itself.
"""

KINDS = get_args(Tampering)
SCHEME = "JWT "
STRANGER = "00000000-0000-4000-8000-000000000000"
OTHER_SECRET = "x" * 40
OTHER_ROOM = 999_999_999
EXPIRED_SECONDS = 2 * 60 * 60


def tampered(
    request: Request,
    how: Tampering,
    *,
    secret: str | None,
    earlier: str | None,
    wrong_host: str,
) -> Request:
    """Return a request as it arrives after it was tampered with.

    Args:
        request: The request as the server sent it.
        how: The change.
        secret: The secret it was signed with; `None` if it was not.
        earlier: The signature of the request before.
        wrong_host: A host that answers as the server does, under another name.

    Raises:
        ValueError: There is no such change.
    """
    if how not in KINDS:
        raise ValueError(f"how must be one of {', '.join(KINDS)}, not {how!r}")
    if how == "wrong_host":
        return _with_body(request, capabilitiesUrl=f"{wrong_host}/v2/capabilities")
    token = signature_in(request)
    if token is None or secret is None:
        return request
    if how == "other_body":
        return _in_other_room(request)
    if how == "replayed":
        return _with_signature(request, earlier or token)
    return _with_signature(request, _changed(token, how, secret))


def signature_in(request: Request) -> str | None:
    """Return the signature of a request."""
    for name, value in request.headers:
        if name.lower() == "authorization" and value.startswith(SCHEME):
            return value.removeprefix(SCHEME)
    return None


def _changed(token: str, how: Tampering, secret: str) -> str | None:
    claims = jwt.decode(token, options={"verify_signature": False})
    match how:
        case "forged":
            return jwt.encode(claims, OTHER_SECRET, "HS256")
        case "alg_none":
            return jwt.encode(claims, "", "none")
        case "stranger":
            return jwt.encode({**claims, "iss": STRANGER}, secret, "HS256")
        case "expired":
            times = {name: claims[name] - EXPIRED_SECONDS for name in ("iat", "exp")}
            return jwt.encode({**claims, **times}, secret, "HS256")
        case _:
            return None


def _with_signature(request: Request, token: str | None) -> Request:
    others = tuple(
        (name, value)
        for name, value in request.headers
        if name.lower() != "authorization"
    )
    signed = () if token is None else (("Authorization", f"{SCHEME}{token}"),)
    return replace(request, headers=(*others, *signed))


def _with_body(request: Request, **changed: object) -> Request:
    if not isinstance(request.content, bytes) or b"oauthId" not in request.content:
        return request
    body = {**json.loads(request.content), **changed}
    return replace(request, content=json.dumps(body).encode())


def _in_other_room(request: Request) -> Request:
    if not isinstance(request.content, bytes):
        return request
    body = json.loads(request.content)
    body["item"]["room"]["id"] = OTHER_ROOM
    return replace(request, content=json.dumps(body).encode())
