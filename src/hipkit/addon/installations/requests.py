"""The body of an installation, as hosts post it or have it at an address. None of it is proved.

Read next: `installing.py`.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from hipkit.addon.installations.claims import whole_number
from hipkit.addon.installations.host_policy import read_address
from hipkit.addon.installations.installation import Installation
from hipkit.api.bodies.reading import UnreadableError, read_document
from hipkit.api.errors import InstallationError
from hipkit.api.secret import Secret

__all__ = [
    "LONGEST_REQUEST",
    "InstallRequest",
    "check_host",
    "check_same",
    "read_install_request",
]

LONGEST_REQUEST = 64 * 1024
"""Bytes of an installation's body."""
OAUTH_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
"""UUIDs in practice. It stands in paths, and before a colon in a header."""
LONGEST_SECRET = 1_000


@dataclass(frozen=True, slots=True)
class InstallRequest:
    """What the body of an installation says.

    Attributes:
        oauth_id: The client's id.
        secret: The client's secret; `None` in updates.
        capabilities_url: The host's document.
        group_id: The group, if it is named.
        room_id: The room, if it is to be installed in one only.
    """

    oauth_id: str
    secret: Secret | None
    capabilities_url: str
    group_id: int | None
    room_id: int | None


def read_install_request(body: bytes) -> InstallRequest:
    """Return what an installation's body says.

    Raises:
        InstallationError: It is not the body of an installation.
    """
    if len(body) > LONGEST_REQUEST:
        raise InstallationError("The installation is too large.")
    try:
        document = read_document(body)
    except UnreadableError:
        document = None
    if not isinstance(document, dict):
        raise InstallationError("The installation is not a JSON object.")
    oauth_id, secret = document.get("oauthId"), document.get("oauthSecret")
    capabilities_url = document.get("capabilitiesUrl")
    if not isinstance(oauth_id, str) or not OAUTH_ID.fullmatch(oauth_id):
        raise InstallationError("The installation has no oauthId that can be used.")
    if not isinstance(capabilities_url, str):
        raise InstallationError("The installation has no capabilitiesUrl.")
    if secret is not None and not _is_usable(secret):
        raise InstallationError("The installation has no oauthSecret that can be used.")
    read_address(capabilities_url)
    return InstallRequest(
        oauth_id=oauth_id,
        secret=None if secret is None else Secret(str(secret)),
        capabilities_url=capabilities_url,
        group_id=_id(document, "groupId"),
        room_id=_id(document, "roomId"),
    )


def check_host(known: Installation, request: InstallRequest) -> None:
    """Check that a request is about an installation's own host.

    Raises:
        InstallationError: It is about another one (409).
    """
    if read_address(request.capabilities_url).origin != known.host:
        raise InstallationError(
            "An installation with this id belongs to another host.", status=409
        )


def check_same(known: Installation, request: InstallRequest) -> None:
    """Check that a known installation may be replaced: by a repeat, or if it is gone.

    Raises:
        InstallationError: It may not (409).
    """
    if known.gone_at is not None:
        return
    if not _is_same_secret(known.secret, request.secret):
        raise InstallationError(
            "An installation with this id exists with another secret.", status=409
        )
    if known.room_id != request.room_id:
        raise InstallationError(
            "An installation with this id exists in another room.", status=409
        )


def _is_same_secret(one: Secret, other: Secret | None) -> bool:
    return other is not None and hmac.compare_digest(
        one.reveal().encode(), other.reveal().encode()
    )


def _is_usable(secret: object) -> bool:
    return (
        isinstance(secret, str)
        and 0 < len(secret) <= LONGEST_SECRET
        and secret.isascii()
        and secret.isprintable()
    )


def _id(document: dict[str, object], name: str) -> int | None:
    """Return an id, which may be a number or text; `None` if there is none."""
    value = document.get(name)
    if value is None or value == "":
        return None
    is_id = isinstance(value, int | str) and not isinstance(value, bool)
    number = whole_number(str(value)) if is_id else None
    if not number:
        raise InstallationError(f"The installation's {name} is not a number.")
    return number
