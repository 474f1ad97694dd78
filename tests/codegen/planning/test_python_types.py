from __future__ import annotations

import pytest

from codegen.planning.python_types import BYTES, NOTHING, OBJECT, Type, joined, single

TEXT, NUMBER = single("str", "str"), single("int", "int")
DATE = single("datetime", "date")
PET, SHOP = single("Pet", "dict", frozenset({"Pet"})), single("Shop", "dict")


@pytest.mark.parametrize(
    ("types", "annotation"),
    [
        ([TEXT, NUMBER, TEXT], "str | int"),
        ([TEXT, NOTHING], "str | None"),
        ([], "object"),
        ([NOTHING], "None"),
        # msgspec cannot tell two objects, two lists, or bytes and text apart.
        ([PET, SHOP], "object"),
        ([PET, NOTHING, SHOP], "object | None"),
        ([BYTES, TEXT], "object"),
        ([OBJECT, TEXT], "object"),
        # In JSON, a date is text too.
        ([single("DateTime", "date"), TEXT], "str"),
        ([DATE, TEXT], "datetime | str"),
        (
            [single("Literal['a']", "literal"), single("Literal['b']", "literal")],
            "Literal['a', 'b']",
        ),
        ([single("Literal['a']", "literal"), TEXT], "Literal['a'] | str"),
        ([single("Literal['a']", "literal"), DATE], "datetime | str"),
    ],
)
def test_types_are_joined_into_a_union_that_msgspec_reads(
    types: list[Type], annotation: str
) -> None:
    assert joined(types).annotation == annotation


def test_a_union_names_the_models_of_its_parts() -> None:
    assert joined([PET, TEXT]).models == {"Pet"}


def test_optional_and_unset_annotations_allow_none() -> None:
    assert TEXT.optional == "str | None"
    assert TEXT.unset == "str | UnsetType | None"
