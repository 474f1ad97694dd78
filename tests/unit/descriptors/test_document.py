from __future__ import annotations

import pytest

from hipkit.descriptors.document import (
    LARGEST_DESCRIPTOR,
    parse_document,
    place_of,
    remove_trailing_commas,
)
from hipkit.descriptors.faults import DescriptorError, Fault


def fault_of(body: bytes) -> Fault:
    with pytest.raises(DescriptorError) as caught:
        parse_document(body)
    (fault,) = caught.value.faults
    return fault


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"key": "a",}', "line 1, column 12"),
        (b'{"capabilities": {"webhook": [1,\n  2,\n]}}', "line 2, column 4"),
        (b'\xef\xbb\xbf{\n  "key": "a" , \n}', "line 2, column 14"),
    ],
)
def test_a_trailing_comma_is_named_where_it_stands(body: bytes, place: str) -> None:
    fault = fault_of(body)
    assert fault.place == place
    assert "comma" in fault.problem
    assert fault.remedy.startswith("Remove the comma")


def test_trailing_commas_become_spaces() -> None:
    body = b'{"a,]": [1, ",}",\n], "b\\",]": {},}'
    clean, faults = remove_trailing_commas(body)
    assert clean == b'{"a,]": [1, ",}" \n], "b\\",]": {} }'
    assert [fault.place for fault in faults] == [
        "line 1, column 17",
        "line 2, column 15",
    ]
    assert remove_trailing_commas(clean) == (clean, [])


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 100_000, b'"' * 99_999, b'"\\'])
def test_a_text_without_end_has_no_trailing_commas(body: bytes) -> None:
    assert remove_trailing_commas(body + b",}")[0].endswith((b",}", b" }"))


def test_another_break_of_the_grammar_is_named_with_its_line() -> None:
    fault = fault_of(b'{\n  "key" "a"\n}')
    assert fault.place == "line 2, column 9"
    assert "Expecting ':' delimiter" in fault.problem


def test_a_comma_inside_of_a_text_is_no_trailing_comma() -> None:
    assert "comma" not in fault_of(b'{"a": ",]" "b"}').problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff{}",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"<html>Not found</html>",
    ],
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    fault = fault_of(body)
    assert fault.severity == "error"
    assert fault.problem
    assert fault.remedy


def test_a_document_is_read_up_to_the_limit() -> None:
    start, end = b'{"a": "', b'"}'
    filling = b"x" * (LARGEST_DESCRIPTOR - len(start + end))
    assert parse_document(start + filling + end)["a"] == filling.decode()
    assert "256 KiB" in fault_of(start + filling + b"x" + end).problem


def test_a_place_is_a_json_path() -> None:
    assert place_of(["capabilities", "webhook", 0, "url"]) == (
        "capabilities.webhook[0].url"
    )
    assert place_of(["icon", "url@2x"]) == "icon.url@2x"
    assert place_of([]) == ""


def test_a_strange_name_is_quoted_and_bounded_in_a_place() -> None:
    assert place_of(["a", "b\x1b[31m.c"]) == 'a["b\\u001b[31m.c"]'
    assert len(place_of(["x" * 10_000])) < 100
