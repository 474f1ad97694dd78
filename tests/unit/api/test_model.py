"""How models are read, written, shown and checked."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import field

from hipkit.api.bodies.reading import UnreadableError
from hipkit.api.model import (
    DateTime,
    ListPage,
    Model,
    Reader,
    Rule,
    RuleError,
    find_broken_rule,
)
from hipkit.v2.catalog import OPERATIONS
from hipkit.v2.models import Card, CardDescription, RoomPage, UserPage


class Point(Model, frozen=True, omit_defaults=True, kw_only=True):
    rules: ClassVar = {
        "x": Rule(minimum=0, maximum=9.5),
        "label": Rule(min_length=1, max_length=3, pattern="^[a-z]*$"),
        "colors": Rule(max_length=2, enum=("red", "blue")),
        "style": Rule(enum=("link", "image", None)),
        "url": Rule(required_when={"style": ("link", "image")}),
    }
    secrets = frozenset({"token"})

    x: float
    label: str | None = None
    colors: list[str] | None = None
    style: str | None = None
    url: str | None = None
    token: str | None = None
    from_: str | None = field(name="from", default=None)
    seen: DateTime | None = None
    inner: Point | None = None
    points: list[Point] | None = None
    on: bool | None = None
    number: int | None = None


def test_what_is_unknown_is_ignored_and_what_is_left_out_is_none() -> None:
    point = Point.from_json(b'{"x": 1, "later": {"a": [1]}}')

    assert point == Point(x=1)
    assert point.label is None


def test_numbers_and_booleans_may_come_as_text() -> None:
    point = Point.from_json('{"x": "1.5", "on": "true", "number": "7"}')

    assert (point.x, point.on, point.number) == (1.5, True, 7)


@pytest.mark.parametrize(
    "text",
    [
        '"2015-01-12T02:28:11+00:00"',
        '"2015-01-12T02:28:11Z"',
        "1421029691",
        '"1421029691"',
    ],
)
def test_a_timestamp_is_read_in_several_formats(text: str) -> None:
    assert Point.from_json(f'{{"x":0,"seen":{text}}}').seen == datetime(
        2015, 1, 12, 2, 28, 11, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"{}", b'{"x": "one"}', b'{"x": 1, "on": 7}', b"\xff"]
)
def test_what_is_not_the_object_raises(text: bytes) -> None:
    with pytest.raises(UnreadableError):
        Point.from_json(text)


def test_only_what_is_set_is_written_and_in_the_apis_names() -> None:
    assert Point(x=0, from_="me").to_json() == b'{"x":0,"from":"me"}'


POINTS = [
    Point(x=1),
    Point(x=1, from_="a", token="t", seen=datetime(2015, 1, 1, tzinfo=UTC)),
    Point(x=1, inner=Point(x=2, colors=["red"]), points=[Point(x=3), Point(x=4)]),
]


@pytest.mark.parametrize("point", POINTS)
def test_models_survive_json_pickle_and_copy(point: Point) -> None:
    assert Point.from_json(point.to_json()) == point
    assert pickle.loads(pickle.dumps(point)) == point
    assert copy.copy(point) == point == copy.deepcopy(point)


ANY_POINT = st.builds(
    Point,
    x=st.floats(allow_nan=False, allow_infinity=False),
    label=st.none() | st.text(),
    colors=st.none() | st.lists(st.text()),
    from_=st.none() | st.text(),
    seen=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(ANY_POINT)
def test_any_model_survives_json(point: Point) -> None:
    assert Point.from_json(point.to_json()) == point


@given(ANY_POINT)
def test_a_dict_is_what_the_json_says(point: Point) -> None:
    assert point.to_dict() == json.loads(point.to_json())
    assert Point.from_json(json.dumps(point.to_dict())) == point


def test_a_dict_has_the_apis_names_and_forms() -> None:
    point = Point(x=1, from_="a", seen=datetime(2016, 9, 9, tzinfo=UTC))

    assert point.to_dict() == {
        "x": 1.0,
        "from": "a",
        "seen": "2016-09-09T00:00:00+00:00",
    }


def test_a_dict_has_what_was_null_and_leaves_out_what_is_unset() -> None:
    assert Point.from_json(b'{"x": 1, "label": null}').to_dict() == {
        "x": 1.0,
        "label": None,
    }


def test_what_is_changed_in_a_dict_does_not_change_the_model() -> None:
    point = Point(x=1, colors=["red"], inner=Point(x=2))
    changed = point.to_dict()
    cast("list[str]", changed["colors"]).append("blue")
    cast("dict[str, object]", changed["inner"])["x"] = 3

    assert point == Point(x=1, colors=["red"], inner=Point(x=2))


def test_a_timestamp_without_an_offset_gives_no_dict() -> None:
    with pytest.raises(ValueError, match="UTC offset"):
        Point(x=1, seen=datetime(2016, 9, 9)).to_dict()  # noqa: DTZ001 - the mistake


# Type checkers, which refuse to iterate over a page, must not see it here.
PAGES: list[tuple[Any, str]] = [
    (RoomPage(items=[]), "RoomPage is .* client.items(GetAllRooms()) "),
    (UserPage(items=[]), "client.items(GetAllMembers(room_id_or_name)) or "),
]


@pytest.mark.parametrize(("page", "text"), PAGES)
@pytest.mark.parametrize("iterate", [iter, aiter, list, dict])
def test_a_page_that_is_iterated_over_names_what_to_iterate_over(
    iterate: Callable[[Any], object], page: Any, text: str
) -> None:
    pattern = text.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(TypeError, match=pattern):
        iterate(page)


def test_every_page_of_the_api_names_its_calls() -> None:
    pages = 0
    for entry in OPERATIONS:
        kind = entry.load().result
        if isinstance(kind, type) and {"items", "links"} <= {*dir(kind)}:
            pages += 1
            assert issubclass(kind, ListPage)
            names = [call.partition("(")[0] for call in kind.listed_by]
            assert entry.class_name in names
    assert pages


def test_a_model_does_not_change() -> None:
    point = Point(x=1)

    with pytest.raises(AttributeError):
        point.x = 2  # type: ignore[misc]  # that it is refused is the test


def test_secrets_are_not_shown_however_deep() -> None:
    point = Point(x=1, token="geheim", points=[Point(x=2, token="geheim")])

    assert repr(point) == "Point(x=1, token=***, points=[Point(x=2, token=***)])"
    assert str(point) == repr(point)


@pytest.mark.parametrize(
    ("point", "member", "rule", "limit"),
    [
        (Point(x=-1), "x", "minimum", 0),
        (Point(x=10), "x", "maximum", 9.5),
        (Point(x=1, label=""), "label", "minLength", 1),
        (Point(x=1, label="abcd"), "label", "maxLength", 3),
        (Point(x=1, label="A"), "label", "pattern", "^[a-z]*$"),
        (Point(x=1, colors=["red"] * 3), "colors", "maxLength", 2),
        (Point(x=1, colors=["green"]), "colors", "enum", ("red", "blue")),
        (Point(x=1, style="media"), "style", "enum", ("link", "image", None)),
        (Point(x=1, style="link"), "url", "required", True),
        (Point(x=1, inner=Point(x=-1)), "inner.x", "minimum", 0),
        (
            Point(x=1, points=[Point(x=1), Point(x=1, inner=Point(x=-1))]),
            "points[1].inner.x",
            "minimum",
            0,
        ),
    ],
)
def test_check_names_the_member_and_the_rule(
    point: Point, member: str, rule: str, limit: object
) -> None:
    with pytest.raises(RuleError) as caught:
        point.check()

    error = caught.value
    assert (error.member, error.rule, error.limit) == (member, rule, limit)
    assert str(error).startswith(f"{member}: ")
    again = pickle.loads(pickle.dumps(error))
    assert (again.member, again.rule, again.limit, str(again)) == (
        member,
        rule,
        limit,
        str(error),
    )


@pytest.mark.parametrize(
    "point",
    [
        Point(x=0),
        Point(x=9.5, label="abc", colors=["red", "blue"], style="link", url="u"),
        Point(x=1, style=None, points=[]),
    ],
)
def test_check_is_content_with_what_keeps_every_rule(point: Point) -> None:
    point.check()
    assert find_broken_rule(point) is None


@pytest.mark.parametrize(
    ("reader", "longest"),
    [("document", 2), ("strict server", 4), ("lenient server", 6)],
)
def test_a_server_takes_longer_texts_where_the_rule_says_so(
    reader: Reader, longest: int
) -> None:
    class Named(Model, frozen=True):
        rules: ClassVar = {
            "name": Rule(max_length=2, larger_max_length=4, lenient_max_length=6)
        }

        name: str

    assert find_broken_rule(Named("x" * longest), reader=reader) is None
    broken = find_broken_rule(Named("x" * (longest + 1)), reader=reader)
    assert broken is not None
    assert (broken.rule, broken.limit) == ("maxLength", 2)


def test_nothing_is_checked_unasked() -> None:
    assert Point(x=-1, label="A").to_json() == b'{"x":-1,"label":"A"}'


def test_a_card_is_checked_down_to_its_parts() -> None:
    card = Card(
        style="application",
        id="1",
        title="t",
        description=CardDescription(format="html", value=""),
    )

    with pytest.raises(RuleError) as caught:
        card.check()

    assert (caught.value.member, caught.value.rule) == (
        "description.value",
        "minLength",
    )
