"""What the installed msgspec says about values that do not fit, and how that is read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest

from hipkit.api.bodies.misfit import Misfit, read_misfit


class Part(msgspec.Struct):
    id: int
    name: str | None = None
    style: Literal["a", "b"] = "a"
    level: Literal[1, 2] = 1
    either: int | str | None = None
    seen: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    sizes: dict[str, int] = {}
    parts: list[Part] = []


def misfit_of(document: object) -> Misfit:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(document, Part, strict=False)
    return read_misfit(caught.value)


@pytest.mark.parametrize(
    ("document", "place", "expected", "got"),
    [
        ([], "", ("object",), "array"),
        ({"id": "x"}, "$.id", ("int",), "str"),
        ({"id": 1.5}, "$.id", ("int",), "float"),
        ({"id": 1, "name": 3}, "$.name", ("str", "null"), "int"),
        ({"id": 1, "name": True}, "$.name", ("str", "null"), "bool"),
        ({"id": 1, "name": {}}, "$.name", ("str", "null"), "object"),
        ({"id": 1, "either": 1.5}, "$.either", ("int", "str", "null"), "float"),
        ({"id": 1, "sizes": {"x": []}}, "$.sizes[...]", ("int",), "array"),
        ({"id": 1, "parts": [{"id": 1}, 7]}, "$.parts[1]", ("object",), "int"),
        ({"id": 1, "seen": []}, "$.seen", ("datetime", "null"), "array"),
    ],
)
def test_a_wrong_type_is_reported_with_the_expected_ones(
    document: object, place: str, expected: tuple[str, ...], got: str
) -> None:
    misfit = misfit_of(document)

    assert (misfit.place, misfit.expected, misfit.got) == (place, expected, got)
    assert misfit.missing is None
    assert not misfit.is_no_choice
    assert " - at " not in misfit.text


@pytest.mark.parametrize(
    ("document", "place"),
    [({}, ""), ({"id": 1, "parts": [{"id": 1}, {}]}, "$.parts[1]")],
)
def test_a_missing_member_is_named(document: object, place: str) -> None:
    misfit = misfit_of(document)

    assert (misfit.missing, misfit.place) == ("id", place)
    assert misfit.expected == ()


@pytest.mark.parametrize(
    "member",
    [{"style": "z"}, {"style": "z - at `$.id`"}, {"style": "`"}, {"level": 3}],
)
def test_an_invalid_choice_is_distinguished_from_a_wrong_type(
    member: dict[str, Any],
) -> None:
    misfit = misfit_of({"id": 1, **member})

    assert misfit.is_no_choice
    (name,) = member
    assert misfit.place == f"$.{name}"
    assert misfit.expected == ()


@pytest.mark.parametrize(
    "text", ["2015-01-01", "2015-01-01T00:00:00", "yesterday", "2015-13-01T00:00:00Z"]
)
def test_an_invalid_date_is_reported(text: str) -> None:
    misfit = misfit_of({"id": 1, "seen": text})

    assert misfit.is_no_date
    assert misfit.place == "$.seen"
    assert not misfit_of({"id": "x"}).is_no_date


def test_only_versions_that_were_tried_are_allowed() -> None:
    assert msgspec.__version__.startswith("0.22."), (
        "run this file with the new version, then raise the bound in pyproject.toml"
    )
