"""The multipart body of a shared file."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hipkit import File
from hipkit.api.bodies.files import CHUNK_BYTES
from hipkit.api.bodies.multipart import RelatedBody

DATA = bytes(range(256)) * 3


def parts(body: RelatedBody) -> list[tuple[dict[str, str], bytes]]:
    """Take a body apart as a strict reader would."""
    boundary = body.content_type.partition("boundary=")[2]
    raw = b"".join(body)
    delimiter = f"--{boundary}".encode()
    assert raw.startswith(delimiter + b"\r\n")
    assert raw.endswith(b"\r\n" + delimiter + b"--\r\n")
    inner = raw[len(delimiter) + 2 : -len(delimiter) - 6]
    found = []
    for part in inner.split(b"\r\n" + delimiter + b"\r\n"):
        head, _, content = part.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        found.append((dict(line.split(": ", 1) for line in lines), content))
    return found


def test_a_shared_file_goes_as_two_parts_the_text_first() -> None:
    body = RelatedBody(File(DATA, name="ä b.png"), b'{"message":"x"}')
    (head, text), (file_head, content) = parts(body)
    assert head == {
        "Content-Type": "application/json; charset=UTF-8",
        "Content-Disposition": 'attachment; name="metadata"',
    }
    assert text == b'{"message":"x"}'
    assert file_head == {
        "Content-Type": "image/png",
        "Content-Disposition": 'attachment; name="file"; filename="ä b.png"',
    }
    assert content == DATA
    assert body.size_bytes == len(b"".join(body))


def test_without_a_text_the_file_goes_alone() -> None:
    ((head, content),) = parts(RelatedBody(b"", None))
    assert head["Content-Disposition"].endswith('filename="file"')
    assert content == b""


def test_a_json_file_goes_as_text_since_a_second_json_part_is_refused() -> None:
    body = RelatedBody(File(b"{}", name="a.json"), b'{"message":"x"}')
    assert parts(body)[1][0]["Content-Type"] == "text/plain"


@given(
    name=st.text(min_size=1),
    message=st.none() | st.text(),
    content=st.binary(max_size=200),
)
def test_no_name_text_or_content_breaks_the_body(
    name: str, message: str | None, content: bytes
) -> None:
    try:
        name.encode()
        (message or "").encode()
    except UnicodeEncodeError:
        return
    metadata = None if message is None else json.dumps({"message": message}).encode()
    body = RelatedBody(File(content, name=name), metadata)
    found = parts(body)
    assert len(found) == (1 if message is None else 2)
    assert found[-1][1] == content
    assert found[-1][0].keys() == {"Content-Type", "Content-Disposition"}
    assert b"".join(body) == b"".join(body)
    assert body.size_bytes == len(b"".join(body))


def test_a_boundary_is_never_used_twice() -> None:
    types = {RelatedBody(b"", None).content_type for _ in range(100)}
    assert len(types) == 100


def test_a_large_file_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as target:
        target.truncate(64 * 1024 * 1024)
    body = RelatedBody(large, b'{"message":"x"}')
    tracemalloc.start()
    try:
        size = sum(map(len, body))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == body.size_bytes
    assert peak < 2 * 1024 * 1024
    assert max(map(len, File(large).chunks())) == CHUNK_BYTES
