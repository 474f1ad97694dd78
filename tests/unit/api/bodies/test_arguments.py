from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest

from hipkit.api.bodies.arguments import (
    as_json,
    as_text,
    as_texts,
    quoted,
    shown_segment,
)
from tests.unit.api.bodies.test_extra import Label


class Color(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (Color.RED, "red"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.5, "1.5"),
        (datetime(2016, 9, 9, tzinfo=UTC), "2016-09-09T00:00:00+00:00"),
        ({"city": "x"}, '{"city":"x"}'),
        (Label(name="x"), as_json(Label(name="x")).decode()),
    ],
)
def test_a_value_has_one_text(value: object, text: str) -> None:
    assert as_text(value) == text
    assert list(as_texts(value, ",")) == [text]


def test_objects_and_lists_in_lists_are_json() -> None:
    assert list(as_texts([{"a": 1}, [2, 3]], None)) == ['{"a":1}', "[2,3]"]


def test_a_list_is_one_text_or_several() -> None:
    assert list(as_texts([1, "a"], None)) == ["1", "a"]
    assert list(as_texts((1, "a"), "|")) == ["1|a"]


def test_a_text_is_quoted_for_an_address_and_readable_in_an_error() -> None:
    assert quoted("a b/ü~") == "a%20b%2F%C3%BC~"
    assert shown_segment("a b/ü\n") == "a b%2Fü%0A"


def test_json_has_the_content_of_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(b"PNG")

    assert as_json({"a": picture, "b": b"PNG"}) == b'{"a":"UE5H","b":"UE5H"}'
    with pytest.raises(TypeError, match="cannot be sent as JSON: type"):
        as_json({"a": object})


def test_json_has_further_members_at_their_places(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(b"PNG")
    label = Label(name="a", extra={"x": 1}, inner=Label(extra={"y": 2}))

    body = json.loads(as_json({"label": label, "picture": picture}))

    assert body["label"] == {"name": "a", "x": 1, "inner": {"y": 2}}
    assert body["picture"] == "UE5H"
