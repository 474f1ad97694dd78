"""The parts of a body, whatever separates them."""

from __future__ import annotations

import mmap

import pytest

from hipkit.api.errors import BadRequestError
from hipkit.server.http.bodies.multipart import (
    Part,
    read_boundary,
    read_part_headers,
    split_parts,
    text_of,
)


def mapping(body: bytes) -> mmap.mmap:
    data = mmap.mmap(-1, len(body))
    data.write(body)
    return data


def parts(body: bytes) -> list[tuple[Part, bytes]]:
    data = mapping(body)
    return [(part, text_of(data, part)) for part in split_parts(data, b"B")]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=repr)
@pytest.mark.parametrize("end", [b"--B--", b"--B--\r\nepilogue", b""], ids=repr)
def test_line_ends_may_be_bare_and_the_end_missing(line_end: bytes, end: bytes) -> None:
    lines = (b"--B", b"X: 1", b"", b"one", b"--B", b"X: 2", b"", b"two\r\n--Bc", end)

    found = parts(line_end.join(lines))

    assert [part.headers["x"] for part, _ in found] == ["1", "2"]
    assert [text.rstrip() for _, text in found] == [b"one", b"two\r\n--Bc"]


def test_headers_may_be_folded_and_the_first_of_a_name_counts() -> None:
    headers = read_part_headers(b"A: 1;\r\n\t2\nB: \xe9\na: 3\n: 4\nnothing")

    assert headers == {"a": "1; 2", "b": "é"}


def test_only_a_part_with_a_filename_is_a_file() -> None:
    head = b"--B\nContent-Disposition: form-data; name=a"

    [(text, _)] = parts(head + b"\n\nx\n--B--")
    [(file, _)] = parts(head + b'; filename=""\n\nx\n--B--')

    assert (text.is_file, file.is_file) == (False, True)


def test_the_boundary_is_found_in_quotes() -> None:
    assert read_boundary('multipart/form-data; boundary="a b"') == b"a b"
    with pytest.raises(BadRequestError, match="multipart/form-data needs a boundary"):
        read_boundary("multipart/form-data; x=y")
