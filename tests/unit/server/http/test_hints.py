from __future__ import annotations

from datetime import datetime
from types import NoneType

import pytest
from msgspec import UnsetType

from hipkit.api.model import DateTime
from hipkit.server.http.hints import is_model, model_of, parts_of, without
from hipkit.v2.models import Card, Target


@pytest.mark.parametrize(
    ("hint", "parts"),
    [
        (str, (str,)),
        (str | int, (str, int)),
        (str | None | UnsetType, (str, NoneType)),
        (DateTime, (datetime,)),
        (DateTime | None, (datetime, NoneType)),
        (list[str], (list[str],)),
    ],
)
def test_a_union_is_taken_apart_without_limits_and_unset(
    hint: object, parts: tuple[object, ...]
) -> None:
    assert parts_of(hint) == parts


def test_a_union_without_one_of_its_types_stays_a_union_of_the_others() -> None:
    assert without(NoneType, str | int | None) == str | int
    assert without(NoneType, str | None) is str
    assert without(NoneType, str) is str


def test_the_model_of_a_union_is_found() -> None:
    assert model_of(str | Target | None) is Target
    assert model_of(list[Card]) is None
    assert is_model(Card)
    assert not is_model(Card | None)
