"""Whatever is JSON by its grammar is read; whatever is not is told with its place."""

from __future__ import annotations

import json
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.bodies.json_grammar import parse_json

HALF = "\ufffd"
LARGEST = sys.float_info.max


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"\ud83d"', HALF),
        (rb'"\uDE00 b"', HALF + " b"),
        (rb'"\ud83d\ud83d\ude00"', HALF + "\U0001f600"),
        (rb'"\ud83d\u0041"', HALF + "A"),
        (rb'"\\ud83d"', r"\ud83d"),
        (rb'"\\\ud83d"', "\\" + HALF),
        (rb'{"\ud83d": ["\ude00"]}', {HALF: [HALF]}),
        (b'"\\u0000"', "\0"),
        (b"\xef\xbb\xbf[]", []),
        (b" \r\n\t[ ] \n", []),
        (b"1" + b"0" * 30, 10**30),
        (b"9" * 4400, LARGEST),
        (b"-" + b"9" * 4400, -LARGEST),
        (b"[1e400, -1E+400, 1e-400]", [LARGEST, -LARGEST, 0.0]),
        (b"-0", 0),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (rb'{"a": 1, "\ud83d": 1, "a": 2}', {"a": 2, HALF: 1}),
    ],
)
def test_what_the_grammar_allows_is_read(body: bytes, value: object) -> None:
    assert parse_json(body) == value


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"NaN", "Expecting value: line 1 column 1 (char 0)"),
        (b'["NaN\\"", 1, -Infinity]', "Expecting value: line 1 column 14 (char 13)"),
        (b'{"a": 1e400, "b": Infinity}', "Expecting value: line 1 column 19 (char 18)"),
        (b'{\n"a": "\r"}', "Invalid control character at: line 2 column 7 (char 8)"),
        (
            b"{a: 1}",
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (b"[] []", "Extra data: line 1 column 4 (char 3)"),
    ],
)
def test_a_syntax_error_is_reported_with_its_position(body: bytes, shown: str) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        parse_json(body)
    assert str(caught.value) == shown


def test_invalid_utf8_is_reported_with_its_position() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        parse_json(b'{"a": "\xe9"}')
    assert (caught.value.start, caught.value.reason) == (7, "invalid continuation byte")


def test_what_is_too_deep_is_a_recursion_error() -> None:
    for body in (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000):
        with pytest.raises(RecursionError):
            parse_json(body)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(documents)
def test_what_the_standard_library_writes_is_read(document: object) -> None:
    text = json.dumps(document).replace("Infinity", "1e999")
    read = parse_json(text.encode())
    # Written again it is the same, whatever was no whole letter or beyond range.
    assert parse_json(msgspec.json.encode(read)) == read


@given(st.text(st.sampled_from('\\ud83DeEcC0"A'), max_size=24))
def test_escapes_are_read_as_the_standard_library_reads_them(letters: str) -> None:
    body = f'"{letters}"'.encode()
    try:
        wanted = json.loads(body)
    except ValueError:
        with pytest.raises(ValueError, match="line 1"):
            parse_json(body)
        return
    assert parse_json(body) == "".join(
        HALF if "\ud800" <= letter <= "\udfff" else letter for letter in wanted
    )
