from __future__ import annotations

from typing import Any

import pytest

from hipkit.addon.descriptor.identity import Identity, make_identity
from hipkit.v2.models import AddonVendor, Icon

FULL: dict[str, Any] = {
    "key": "com.example.karma",
    "name": "Karma",
    "scopes": ["send_notification"],
    "description": "",
    "vendor": None,
    "homepage": None,
    "from_name": None,
    "avatar": None,
    "allow_room": True,
    "allow_global": True,
    "allow_room_configuration": False,
    "user_tokens": False,
}


def make(**changes: object) -> Identity:
    return make_identity(**(FULL | changes))


def test_the_name_is_the_label_of_notifications() -> None:
    assert make().from_name == "Karma"
    assert make(name="K" * 70).from_name == "K" * 64
    assert make(from_name="Bot").from_name == "Bot"


def test_a_scope_is_asked_for_once() -> None:
    twice = ["view_room", "send_notification", "view_room"]
    assert make(scopes=twice).scopes == ("view_room", "send_notification")


def test_a_vendor_has_name_and_address() -> None:
    made = make(vendor=("Example", "https://example.com"))
    assert made.vendor == AddonVendor(name="Example", url="https://example.com")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"key": "a:b"}, "key must be"),
        ({"key": ""}, "key must be"),
        ({"name": " "}, "name must not be empty"),
        ({"scopes": ["send_notifications"]}, "did you mean send_notification?"),
        ({"scopes": [1]}, "no scope 1"),
        ({"vendor": ("Example", "http://example.com")}, "vendor's address"),
        ({"vendor": (" ", "https://example.com")}, "vendor's name"),
        ({"homepage": "example.com"}, "homepage must be an https"),
        ({"homepage": "https://[x"}, "homepage must be an https"),
        ({"homepage": "https://example.com/\n"}, "homepage must be an https"),
        ({"homepage": "https://ex ample.com"}, "homepage must be an https"),
        ({"name": "\ud800"}, "name has half of a surrogate pair"),
        ({"description": "\ud800"}, "description has half of a surrogate pair"),
        ({"homepage": "https://u:p@example.com"}, "homepage must be an https"),
        ({"from_name": "x" * 65}, "from_name has 1 to 64"),
        ({"from_name": ""}, "from_name has 1 to 64"),
        ({"avatar": ""}, "avatar must not be empty"),
        ({"avatar": Icon(url="")}, "avatar must not be empty"),
        ({"allow_room": False, "allow_global": False}, "installed nowhere"),
    ],
)
def test_an_invalid_argument_is_named(changes: dict[str, object], error: str) -> None:
    with pytest.raises(ValueError, match=error.replace("?", r"\?")):
        make(**changes)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"key": 1}, "key must be a text"),
        ({"name": None}, "name must be a text"),
        ({"description": b""}, "description must be a text"),
        ({"scopes": "send_notification"}, "scopes must be a list"),
        ({"scopes": None}, "scopes must be a list"),
        ({"vendor": "Example"}, "vendor must be a name and an address"),
        ({"vendor": (1, "https://example.com")}, "vendor's name must be a text"),
        ({"from_name": 3}, "from_name must be a text"),
        ({"avatar": 3}, "avatar must be"),
        ({"allow_room": "yes"}, "allow_room must be True or False"),
        ({"homepage": 3}, "homepage must be a text"),
    ],
)
def test_an_argument_of_another_type_is_named(
    changes: dict[str, object], error: str
) -> None:
    with pytest.raises(TypeError, match=error):
        make(**changes)
