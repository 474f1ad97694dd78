"""JSON as models: what real servers send, and where a body does not fit."""

from __future__ import annotations

import json
import sys

import pytest

from hipkit.api.bodies.reading import UnreadableError, read_json
from hipkit.api.model import Model

HALF = "\ufffd"


LARGEST = sys.float_info.max


class Thing(Model, frozen=True, omit_defaults=True):
    number: int | None = None
    amount: float | None = None
    text: str | None = None
    number_or_text: int | str | None = None
    anything: object = None


@pytest.mark.parametrize(
    ("body", "thing"),
    [
        (rb'{"text": "a\ud83d"}', Thing(text="a" + HALF)),
        (rb'{"unknown": "\ud83d", "text": "b"}', Thing(text="b")),
        (rb'{"anything": {"\ud83d": 1}}', Thing(anything={HALF: 1})),
        (b'{"number": 1.0}', Thing(number=1)),
        (b'{"number": 12e2}', Thing(number=1200)),
        (b'{"number": 1e30}', Thing(number=int(1e30))),
        (b'{"number_or_text": 1e30}', Thing(number_or_text=int(1e30))),
        (b'{"number": 1e30, "text": "\\ud83d"}', Thing(number=int(1e30), text=HALF)),
        (b'{"number": -0}', Thing(number=0)),
        (b'{"amount": 1e400}', Thing(amount=LARGEST)),
        (b'{"unknown": 1e400, "number": "5"}', Thing(number=5)),
        (b'{"anything": %s}' % (b"9" * 4400), Thing(anything=LARGEST)),
        (b'{"text": "\\u0000"}', Thing(text="\0")),
    ],
)
def test_a_model_is_read_from_all_that_the_grammar_allows(
    body: bytes, thing: Thing
) -> None:
    assert Thing.from_json(body) == thing
    assert Thing.from_json(b"\xef\xbb\xbf" + body) == thing


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"number": 1.5}', "$.number"),
        (b'{"number": 1e400, "amount": []}', "$.amount"),
        (b'{"text": NaN}', ""),
        (b'{"text": "a', ""),
    ],
)
def test_a_value_of_a_wrong_type_is_reported_with_its_path(
    body: bytes, where: str
) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_json(body, Thing)
    assert caught.value.where == where


class Things(Model, frozen=True, omit_defaults=True):
    items: list[Thing]


def test_a_repair_leaves_the_items_that_fit_as_they_are() -> None:
    values = [1.5, 2, True, "3", 4.0]
    body = json.dumps({"items": [{"number_or_text": each} for each in values]})
    assert [each.number_or_text for each in Things.from_json(body).items] == [
        "1.5",
        2,
        "true",
        "3",
        4,
    ]
