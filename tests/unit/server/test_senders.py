from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.server.senders import (
    SenderSettings,
    SenderToken,
    check_open_door,
    is_loopback,
)

TOKEN = "tOkEn-of-ci"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - checked, not listened on


def listed(name: str = "CI", token: str = TOKEN, **others: Any) -> SenderToken:
    return SenderToken(token=Secret(token), name=name, **others)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.9.9.9"]
)
def test_loopback_needs_neither_networks_nor_tokens(host: str) -> None:
    assert is_loopback(host)
    check_open_door(host, SenderSettings())


@pytest.mark.parametrize(
    "host", [EVERYWHERE, "::", "10.0.0.5", "relay.example.com", ""]
)
def test_another_host_is_no_open_door(host: str) -> None:
    with pytest.raises(ValueError, match=r"accept = \[.*\[\[senders.token\]\]"):
        check_open_door(host, SenderSettings())


@pytest.mark.parametrize(
    "settings",
    [SenderSettings(accept=("10.0.0.0/8",)), SenderSettings(token=(listed(),))],
)
def test_another_host_is_served_with_networks_or_tokens(
    settings: SenderSettings,
) -> None:
    check_open_door(EVERYWHERE, settings)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"accept": ("10.0.0.1/8",)}, "not a network"),
        ({"accept": ("everywhere",)}, "not a network"),
        ({"name": " "}, "1 to 50 characters"),
        ({"name": "two\nlines"}, "1 to 50 characters"),
        ({"token": (listed(name="x" * 51),)}, "1 to 50 characters"),
        ({"token": (listed(token=""),)}, "no program could send"),
        ({"token": (listed(token="two words"),)}, "no program could send"),
        ({"token": (listed("A"), listed("B"))}, "listed twice"),
        (
            {"token": (listed(bridge="ops"), listed(token="other"))},
            "bridge different routes",
        ),
        ({"token": (listed("Relay", bridge="ops"),)}, "bridge different routes"),
        ({"rooms": {"Ops": "Dev Ops"}}, "not an id"),
        ({"rooms": {"1000000000": "Dev Ops"}}, "not an id"),
        ({"rooms": {"99999999999999999": "Dev Ops"}}, "not an id"),
        ({"rooms": {"7": ""}}, "1 to 50 characters"),
        ({"calls_a_minute": 0}, "1 or more"),
        ({"disk_bytes": -1}, "0 or more"),
    ],
)
def test_a_wrong_value_is_refused_without_naming_a_token(
    values: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        SenderSettings(**values)

    assert TOKEN not in str(caught.value)


def test_bridges_are_found_by_the_ids_of_senders() -> None:
    settings = SenderSettings(token=(listed(bridge="ops"), listed("B", "other")))

    assert settings.bridges == {"sender:CI": "ops"}


def test_tokens_are_not_shown() -> None:
    assert TOKEN not in repr(SenderSettings(token=(listed(),)))
