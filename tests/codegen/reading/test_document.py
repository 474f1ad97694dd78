from __future__ import annotations

import pytest

from codegen.reading.document import Document, SpecError

LINES = {("a",): 2, ("a", "b/c"): 3}


def read(value: object) -> Document:
    return Document("spec.yaml", value, LINES)


def test_an_error_has_file_line_place_and_fault() -> None:
    node = read({"a": {"b/c": {"d": 1}}}).root.get("a")
    assert node is not None
    member = node.get("b/c")
    assert member is not None

    # The line of d is not known: that of the mapping around it is given.
    [(_, inner)] = member.items()
    assert str(inner.error("is wrong")) == "spec.yaml:3: #/a/b~1c/d: is wrong"


def test_a_reference_is_followed_to_its_end() -> None:
    first = read({"a": {"$ref": "#/b"}, "b": {"$ref": "#/c~1d"}, "c/d": 7}).root.get(
        "a"
    )

    assert first is not None
    assert first.follow().value == 7


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("#/nothing", "does not exist"),
        ("other.yaml#/a", "is outside of this document"),
        (7, "must be a text"),
        ("#/a", "leads back to itself"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(
    reference: object, fault: str
) -> None:
    node = read({"a": {"$ref": reference}}).root.get("a")

    assert node is not None
    with pytest.raises(SpecError, match=fault):
        node.follow()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"a": 1}, "must be a text"),
        ({"a": ["x", 1]}, "must be a text"),
        ({"a": "x"}, "must be a list"),
    ],
)
def test_members_of_the_wrong_type_are_errors(value: object, fault: str) -> None:
    root = read(value).root

    with pytest.raises(SpecError, match=fault):
        (root.text if value == {"a": 1} else root.texts)("a")


def test_unknown_members_are_errors_except_extensions() -> None:
    read({"known": 1, "x-own": 2}).root.reject_unknown(frozenset({"known"}))

    with pytest.raises(SpecError, match="'other' is not supported here"):
        read({"known": 1, "other": 2}).root.reject_unknown(frozenset({"known"}))
