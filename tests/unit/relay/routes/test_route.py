from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.routes.route import Conditions, Route, takers
from hipkit.relay.targets.matrix import Matrix, MatrixSettings
from hipkit.server.events.posted import PostedMessage
from tests.unit.relay.fake_target import FakeSettings, FakeTarget

RED = PostedMessage(
    id="e9b2c3a0-0000-7000-8000-000000000001",
    sent_us=1_700_000_000_000_000,
    kind="notification",
    room="Dev Ops",
    body="<b>disk</b> full on db-7",
    format="html",
    sender="Nagios 4",
    color="red",
)
PRIVATE = PostedMessage(
    id="e9b2c3a0-0000-7000-8000-000000000002",
    sent_us=1_700_000_000_000_000,
    kind="message",
    body="lunch?",
    sender="Alice",
    recipient="Bob",
)


def route(name: str = "ops", **values: Any) -> Route:
    return Route(name=name, target=FakeTarget(), settings=FakeSettings(), **values)


def names(
    *routes: Route,
    message: PostedMessage = RED,
    text: str | None = None,
    bridge: str | None = None,
) -> list[str]:
    taking = takers(routes, message, text=text, bridge=bridge)
    return [found.name for found in taking]


@pytest.mark.parametrize(
    ("rooms", "is_taken"),
    [
        (("*",), True),
        (("Dev Ops",), True),
        (("dev ops",), True),
        (("Build *", "DEV*"), True),
        (("Dev ?ps",), True),
        (("Dev [A-Z]ps",), True),
        (("Build *",), False),
        (("Dev",), False),
        ((), False),
    ],
)
def test_rooms_are_matched_as_patterns_in_any_case(
    rooms: tuple[str, ...], is_taken: bool
) -> None:
    assert names(route(rooms=rooms)) == ["ops"] * is_taken


@pytest.mark.parametrize(
    ("when", "is_taken"),
    [
        (Conditions(color=frozenset({"red", "yellow"})), True),
        (Conditions(color=frozenset({"green"})), False),
        (Conditions(sender=("nagios*",)), True),
        (Conditions(sender=("Jenkins", "Nagios")), False),
        (Conditions(kind=frozenset({"notification"})), True),
        (Conditions(kind=frozenset({"message", "topic"})), False),
        (Conditions(text=r"db-\d"), True),
        (Conditions(text=r"^disk full$"), False),
        (Conditions(color=frozenset({"red"}), sender=("Jenkins",)), False),
    ],
)
def test_all_conditions_have_to_hold(when: Conditions, is_taken: bool) -> None:
    assert names(route(when=when)) == ["ops"] * is_taken


def test_message_without_color_has_none_of_the_colors() -> None:
    plain = PostedMessage(
        id="x", sent_us=1, kind="message", room="a", body="", sender=""
    )
    assert (
        names(route(when=Conditions(color=frozenset({"yellow"}))), message=plain) == []
    )


def test_text_without_markup_is_searched_where_there_is_one() -> None:
    when = Conditions(text="^disk full")
    assert names(route(when=when), text="disk full on db-7") == ["ops"]
    assert names(route(when=when)) == []


def test_private_messages_are_for_routes_that_say_so() -> None:
    routes = (route("all", rooms=("*",)), route("own", rooms=(), private=True))
    assert names(*routes, message=PRIVATE) == ["own"]


def test_private_messages_have_to_meet_the_conditions_too() -> None:
    when = Conditions(sender=("Mallory",))
    assert names(route(private=True, when=when), message=PRIVATE) == []


def test_every_matching_route_takes_a_message_in_the_order_of_the_file() -> None:
    assert names(route("b"), route("a"), route("c", rooms=("x",))) == ["b", "a"]


def test_route_that_stops_is_the_last_one_only_for_what_it_takes() -> None:
    red = Conditions(color=frozenset({"red"}))
    green = Conditions(color=frozenset({"green"}))
    rest = route("rest")
    assert names(route("red", when=red, stop=True), rest) == ["red"]
    assert names(route("green", when=green, stop=True), rest) == ["rest"]


def test_route_does_not_take_back_what_its_bridge_sent() -> None:
    ops, other = route("ops", stop=True), route("other")
    assert names(ops, other, bridge="ops") == ["other"]
    assert names(ops, other, bridge="other") == ["ops"]


def test_text_that_takes_too_long_is_taken_and_ends_no_search() -> None:
    slow = Conditions(text="^(a+)+$")
    text = "a" * 5_000 + "!"
    assert names(route("slow", when=slow, stop=True), route("rest"), text=text) == [
        "slow",
        "rest",
    ]


def test_settings_of_the_target_are_not_shown() -> None:
    settings = FakeSettings(url="https://chat.example.com/hooks/s3cret")
    shown = repr(Route(name="ops", target=FakeTarget(), settings=settings))
    assert "s3cret" not in shown


def test_a_key_of_references_says_where_a_route_leads_but_no_secret() -> None:
    def key(token: str = "one", server: str = "a.example", room: str = "!a") -> str:
        settings = MatrixSettings(
            homeserver=f"https://{server}", room=room, token=Secret(token)
        )
        return Route(name="ops", target=Matrix(), settings=settings).key("1")

    assert key() == key(token="two")
    assert len({key(), key(room="!b"), key(server="b.example")}) == 3
