from __future__ import annotations

import pytest

from hipkit.api.suggestions import closest, did_you_mean

KNOWN = ("get-room", "get-room-members", "delete-room", "timeout")


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("get-rom", "get-room"),
        ("get_room", "get-room"),
        ("GET-ROOM-MEMBER", "get-room-members"),
        ("time_out", "timeout"),
    ],
)
def test_a_misspelt_name_gets_the_closest_known_one(name: str, suggested: str) -> None:
    assert did_you_mean(name, KNOWN) == f", did you mean {suggested}?"


@pytest.mark.parametrize("name", ["", "x", "frobnicate", "\ud800", "-" * 10_000])
def test_a_name_that_resembles_none_gets_no_suggestion(name: str) -> None:
    assert did_you_mean(name, KNOWN) == "."


def test_the_prefix_stands_before_the_suggestion() -> None:
    assert did_you_mean("timout", KNOWN, prefix="--") == ", did you mean --timeout?"


def test_the_closest_name_is_returned_as_it_is_spelt() -> None:
    assert closest("ON CAL", ["Ops", "On Call"]) == "On Call"
    assert closest("elsewhere", ["Ops", "On Call"]) is None
