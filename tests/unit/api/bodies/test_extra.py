from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.bodies.extra import (
    EXTRA,
    OpenObject,
    extra_members,
    keeps_extra,
    named_values,
)
from hipkit.api.bodies.reading import UnreadableError, read_json
from hipkit.api.bodies.unions import TaggedUnion
from hipkit.api.model import Model


class Label(Model, OpenObject, frozen=True, omit_defaults=True, kw_only=True):
    name: str | None = None
    inner: Label | None = None
    extra: dict[str, int] = extra_members()


class Closed(Model, frozen=True, omit_defaults=True, kw_only=True):
    name: str | None = None
    closed: Closed | None = None


class Box(Model, frozen=True, omit_defaults=True, kw_only=True):
    labels: dict[str, list[Label]] | None = None


class Either(TaggedUnion):
    tag = "kind"
    kinds = {"label": Label, "closed": Closed}  # noqa: RUF012 - a class variable of the base


@pytest.mark.parametrize(
    ("kind", "keeps"),
    [
        (Label, True),
        (Box, True),
        (list[Box | None], True),
        (Either, True),
        (Closed, False),
        (dict[str, object], False),
        (None, False),
    ],
)
def test_whether_further_members_are_kept_is_known_by_the_type(
    kind: object, keeps: bool
) -> None:
    assert keeps_extra(kind) is keeps


@pytest.mark.parametrize(
    "text",
    [
        '{"name":"a","x":1}',
        '{"x":1,"inner":{"y":2,"name":null}}',
        "{}",
        '{"é\\u0000\\"":1}',
    ],
)
def test_what_is_read_is_written_again(text: str) -> None:
    label = Label.from_json(text)

    assert Label.from_json(label.to_json()) == label
    assert label.to_dict() == read_json(text.encode(), dict[str, object])


def test_what_cannot_be_parsed_is_unreadable() -> None:
    body = b'{"x":"\xff","name":null}'

    with pytest.raises(UnreadableError, match="not UTF-8"):
        read_json(body, Label)
    # Where nothing further is kept, nothing is lost.
    assert read_json(body, Closed) == Closed()


@pytest.mark.parametrize(
    ("wire", "value", "named"),
    [
        ("a", 1, [("a", 1)]),
        ("a", {"b": 1}, [("a", {"b": 1})]),
        (EXTRA, {"b": 1, "c": 2}, [("b", 1), ("c", 2)]),
        (f"a[{EXTRA}]", {"b": 1}, [("a[b]", 1)]),
        (EXTRA, None, [(EXTRA, None)]),
    ],
)
def test_a_mapping_has_a_name_for_each_key(
    wire: str, value: Any, named: list[tuple[str, object]]
) -> None:
    assert list(named_values(wire, value)) == named
