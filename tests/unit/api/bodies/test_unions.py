from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from hipkit.api.bodies.reading import UnreadableError, read_json
from hipkit.api.bodies.unions import TaggedUnion
from hipkit.api.model import Model


class Cat(Model, frozen=True, kw_only=True):
    kind: str
    lives: int | None = None


class Dog(Model, frozen=True, kw_only=True):
    kind: str


if TYPE_CHECKING:
    Pet: TypeAlias = Cat | Dog | dict[str, object]
else:

    class Pet(TaggedUnion):
        tag = "kind"
        kinds = {"cat": Cat, "dog": Dog}  # noqa: RUF012 - a class variable of the base


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"kind":"cat","lives":"9"}', Cat(kind="cat", lives=9)),
        (b'{"kind":"dog"}', Dog(kind="dog")),
        (b'{"kind":"cow","legs":4}', {"kind": "cow", "legs": 4}),
        (b'{"kind":["cat"]}', {"kind": ["cat"]}),
        (b"{}", {}),
    ],
)
def test_the_tag_says_what_an_object_is_read_as(text: bytes, value: object) -> None:
    assert read_json(text, Pet) == value
    assert read_json(b"[" + text + b"]", list[Pet]) == [value]
    assert isinstance(value, Pet)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'["cat"]', "Expected `object`, got `str`"),
        (b'[{"kind":"cat","lives":[]}]', "Expected `int | null`"),
    ],
)
def test_what_is_no_such_object_cannot_be_read(text: bytes, fault: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        read_json(text, list[Pet])

    assert fault in str(raised.value)
    assert raised.value.where == "$[0]"


def test_other_values_are_no_instances() -> None:
    assert not isinstance("cat", Pet)
    assert not isinstance(None, Pet)
