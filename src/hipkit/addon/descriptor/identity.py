"""What an add-on says about itself, checked (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from hipkit.api.suggestions import did_you_mean
from hipkit.v2.models import AddonVendor, Icon

__all__ = ["Identity", "Scope", "make_identity"]

Scope = Literal[
    "send_notification",
    "send_message",
    "view_room",
    "admin_room",
    "view_group",
    "admin_group",
    "manage_rooms",
    "view_messages",
    "import_data",
]
"""What an add-on's tokens allow."""
SCOPES: tuple[str, ...] = get_args(Scope)
KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")
LONGEST_LABEL = 64
"""Characters of the label of a notification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an add-on says about itself, as `AddOn` checked it."""

    key: str
    name: str
    description: str
    vendor: AddonVendor | None
    homepage: str | None
    scopes: tuple[str, ...]
    from_name: str
    avatar: str | Icon | None
    allow_room: bool
    allow_global: bool
    allow_room_configuration: bool
    user_tokens: bool


def make_identity(
    *,
    key: str,
    name: str,
    scopes: Iterable[str],
    description: str,
    vendor: tuple[str, str] | None,
    homepage: str | None,
    from_name: str | None,
    avatar: str | Icon | None,
    allow_room: bool,
    allow_global: bool,
    allow_room_configuration: bool,
    user_tokens: bool,
) -> Identity:
    """Return an identity from the arguments of `AddOn`.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument is invalid; the message names it.
    """
    _check_text("key", key)
    if KEY.fullmatch(key) is None:
        raise ValueError(
            f"key must be 1 to 200 letters, digits, ., _ and -, not {key!r}: clients join it to "
            "module keys with a colon"
        )
    _check_text("name", name)
    if not name.strip():
        raise ValueError("name must not be empty")
    _check_text("description", description)
    label = name[:LONGEST_LABEL] if from_name is None else from_name
    _check_text("from_name", label)
    if not 1 <= len(label) <= LONGEST_LABEL or not label.strip():
        raise ValueError(f"from_name has 1 to {LONGEST_LABEL} characters")
    switches = {
        "allow_room": allow_room,
        "allow_global": allow_global,
        "allow_room_configuration": allow_room_configuration,
        "user_tokens": user_tokens,
    }
    for switch, value in switches.items():
        if not isinstance(value, bool):
            raise TypeError(f"{switch} must be True or False, not {value!r}")
    if not (allow_room or allow_global):
        raise ValueError(
            "allow_room and allow_global are both False: it could be installed nowhere"
        )
    if homepage is not None:
        _check_address("homepage", homepage)
    if not isinstance(avatar, str | Icon | None):
        raise TypeError(f"avatar must be an address or an Icon, not {avatar!r}")
    if avatar == "" or (isinstance(avatar, Icon) and not avatar.url):
        raise ValueError("avatar must not be empty")
    return Identity(
        key=key,
        name=name,
        description=description,
        vendor=None if vendor is None else _vendor(vendor),
        homepage=homepage,
        scopes=_scopes(scopes),
        from_name=label,
        avatar=avatar,
        **switches,
    )


def _scopes(scopes: object) -> tuple[str, ...]:
    if isinstance(scopes, str) or not isinstance(scopes, Iterable):
        raise TypeError(f"scopes must be a list of texts, not {scopes!r}")
    given = tuple(scopes)
    for scope in given:
        if scope not in SCOPES:
            hint = did_you_mean(scope, SCOPES) if isinstance(scope, str) else ""
            raise ValueError(
                f"scopes: there is no scope {scope!r}{hint} There are {', '.join(SCOPES)}"
            )
    return tuple(dict.fromkeys(given))


def _vendor(vendor: object) -> AddonVendor:
    if not (isinstance(vendor, tuple) and len(vendor) == 2):
        raise TypeError(f"vendor must be a name and an address, not {vendor!r}")
    name, url = vendor
    _check_text("vendor's name", name)
    if not name.strip():
        raise ValueError("vendor's name must not be empty")
    _check_address("vendor's address", url)
    return AddonVendor(name=name, url=url)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} has half of a surrogate pair in it") from None


def _check_address(name: str, value: object) -> None:
    _check_text(name, value)
    try:
        parts = urlsplit(str(value))
    except ValueError:
        parts = urlsplit("")
    is_clean = str(value).isprintable() and " " not in str(value)
    if (
        parts.scheme != "https"
        or not parts.hostname
        or "@" in parts.netloc
        or not is_clean
    ):
        raise ValueError(f"{name} must be an https address, not {value!r}")
