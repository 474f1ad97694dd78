from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.errors import ForbiddenError
from hipkit.api.secret import Secret
from hipkit.server.senders import SenderSettings, SenderToken
from hipkit.server.services.senders.policy import Origin, SenderPolicy

LOCAL = Origin.of("127.0.0.1", {})
NEAR = Origin.of("10.1.2.3", {})
FAR = Origin.of("192.0.2.9", {})


def policy(*tokens: tuple[str, str], **settings: Any) -> SenderPolicy:
    listed = tuple(
        SenderToken(token=Secret(token), name=name) for token, name in tokens
    )
    return SenderPolicy(SenderSettings(token=listed, **settings))


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.8.8.8", "::ffff:127.0.0.1"])
def test_any_token_is_taken_from_this_machine(peer: str) -> None:
    assert policy().find("whatever", Origin.of(peer, {})) == "Relay"


@pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3", "fe80::1%eth0", ""])
def test_any_token_is_taken_from_nowhere_else(peer: str) -> None:
    with pytest.raises(ForbiddenError, match=r"Programs may not send from .*accept"):
        policy().find("whatever", Origin.of(peer, {}))


@pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1"])
def test_any_token_is_taken_from_accepted_networks_and_this_machine(peer: str) -> None:
    found = policy(accept=("10.0.0.0/8",)).find("whatever", Origin.of(peer, {}))

    assert found == "Relay"


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_what_a_proxy_on_this_machine_passes_on_is_not_from_this_machine(
    name: str,
) -> None:
    with pytest.raises(ForbiddenError):
        policy().find("whatever", Origin.of("127.0.0.1", {name: "127.0.0.1"}))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.com"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_a_page_in_a_browser_needs_a_listed_token(headers: dict[str, str]) -> None:
    chosen = policy(("s3cret", "CI"), accept=("127.0.0.0/8",))

    with pytest.raises(ForbiddenError):
        chosen.find("whatever", Origin.of("127.0.0.1", headers))
    assert chosen.find("s3cret", Origin.of("127.0.0.1", headers)) == "CI"


def test_a_listed_token_is_taken_from_anywhere_where_no_network_is_named() -> None:
    assert policy(("s3cret", "CI")).find("s3cret", FAR) == "CI"


def test_a_listed_token_is_taken_only_from_networks_that_are_named() -> None:
    chosen = policy(("s3cret", "CI"), accept=("10.0.0.0/8",))

    assert chosen.find("s3cret", NEAR) == "CI"
    with pytest.raises(ForbiddenError):
        chosen.find("s3cret", FAR)


def test_a_listed_token_is_taken_from_this_machine_beside_the_networks() -> None:
    chosen = policy(("s3cret", "CI"), accept=("10.0.0.0/8",), any_token=False)
    assert chosen.find("s3cret", Origin.of("127.0.0.1", {})) == "CI"
    passed_on = Origin.of("127.0.0.1", {"x-forwarded-for": "198.51.100.9"})
    with pytest.raises(ForbiddenError):
        chosen.find("s3cret", passed_on)


def test_without_any_token_only_listed_ones_are_known() -> None:
    chosen = policy(("s3cret", "CI"), any_token=False)

    assert chosen.find("s3cret", LOCAL) == "CI"
    assert chosen.find("s3cret ", LOCAL) is None
    assert chosen.find("", LOCAL) is None


def test_odd_letters_are_no_problem() -> None:
    assert policy().find("\ud800\x00é", LOCAL) == "Relay"


def test_rooms_are_called_as_the_settings_say() -> None:
    chosen = policy(rooms={"12345": "Dev Ops"})

    assert (chosen.has_name(12345), chosen.has_name(7)) == (True, False)
    assert (chosen.room_name(12345), chosen.room_name(7)) == ("Dev Ops", "Room 7")


@pytest.mark.parametrize(
    ("number", "is_id"), [(0, False), (1, True), (999_999_999, True), (10**9, False)]
)
def test_ids_of_hipchat_have_up_to_nine_digits(number: int, is_id: bool) -> None:
    assert policy().is_id(number) is is_id
