from __future__ import annotations

import io

import pytest

from hipkit.api.bodies.files import File
from hipkit.api.bodies.form_data import FormDataBody


def test_parts_have_their_names_types_and_a_closing_boundary() -> None:
    body = FormDataBody(
        [("note", "hi"), ("data", b"[1]"), ("file", File(b"x", name="a.txt"))],
        boundary="b",
    )

    assert body.content_type == "multipart/form-data; boundary=b"
    assert b"".join(body) == (
        b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n'
        b'--b\r\nContent-Disposition: form-data; name="data"\r\n'
        b"Content-Type: application/json\r\n\r\n[1]\r\n"
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
    )


@pytest.mark.parametrize("name", ['a"; filename="b', "a\r\nX-Evil: 1"])
def test_a_name_ends_no_header(name: str) -> None:
    raw = b"".join(FormDataBody([(name, File(b"", name=name))], boundary="b"))

    assert raw.count(b"\r\n") == 6
    assert raw.count(b'"') == 4


def test_it_is_as_long_as_it_says_and_can_be_sent_again_if_its_files_can() -> None:
    once = File(iter([b"one", b"two"]), name="a")
    known = FormDataBody([("a", "text"), ("b", File(io.BytesIO(b"xyz"), name="c"))])
    unknown = FormDataBody([("a", once)])

    assert known.size_bytes == len(b"".join(known)) == len(b"".join(known))
    assert known.replayable
    assert unknown.size_bytes is None
    assert not unknown.replayable
    assert b"onetwo" in b"".join(unknown)
    with pytest.raises(ValueError, match="was read already"):
        FormDataBody([("a", once)])


def test_boundaries_are_random() -> None:
    assert FormDataBody([]).content_type != FormDataBody([]).content_type
