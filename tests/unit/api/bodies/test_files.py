"""Files and pictures on their way out: names, types, sizes, and reading them once or again."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hipkit import File
from hipkit.api.bodies.files import FileSource, as_file
from hipkit.api.bodies.multipart import RelatedBody
from hipkit.v2 import UpdatePhoto
from tests.scripted import KINDS, Kind, answer, connect, done, script_for

both = pytest.mark.parametrize("kind", KINDS)
DATA = bytes(range(256)) * 3


class Once(io.BytesIO):
    """A stream that can be read once, such as a pipe."""

    def seekable(self) -> bool:
        return False


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "grüße 1.png"
    place.write_bytes(DATA)
    return place


def sources(path: Path) -> Iterator[FileSource]:
    yield path
    yield str(path)
    yield DATA
    yield File(DATA, name="x.bin")
    yield File(path)
    yield File(io.BytesIO(DATA), name="x")
    yield path.open("rb")


def test_every_source_yields_the_same_bytes_twice(path: Path) -> None:
    for source in sources(path):
        file = as_file(source)
        assert file.replayable
        assert file.size_bytes == len(DATA)
        assert b"".join(file.chunks()) == DATA
        assert b"".join(file.chunks()) == DATA
        if hasattr(source, "close"):
            source.close()


def test_a_file_object_is_read_from_where_it_stands(path: Path) -> None:
    with path.open("rb") as source:
        source.seek(100)
        file = as_file(source)
        assert file.size_bytes == len(DATA) - 100
        assert b"".join(file.chunks()) == DATA[100:]
        assert b"".join(file.chunks()) == DATA[100:]


def test_a_stream_that_cannot_seek_has_no_size_and_is_read_once() -> None:
    file = File(Once(DATA), name="x")
    assert not file.replayable
    assert file.size_bytes is None
    assert b"".join(file.chunks()) == DATA
    body = RelatedBody(File(Once(DATA), name="x"), None)
    assert (body.size_bytes, body.replayable) == (None, False)


def test_the_name_is_the_last_part_of_the_path(path: Path) -> None:
    assert File(path).name == "grüße 1.png"
    assert File(str(path)).name == "grüße 1.png"
    with path.open("rb") as source:
        assert as_file(source).name == "grüße 1.png"
    assert as_file(DATA).name == "file"
    assert File(path, name="other.txt").name == "other.txt"


def test_what_has_no_name_needs_one() -> None:
    with pytest.raises(ValueError, match="name"):
        File(DATA)
    with pytest.raises(ValueError, match="name"):
        as_file(io.BytesIO(DATA))


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.png", "image/png"),
        ("a.TXT", "text/plain"),
        ("a.json", "application/json"),
        ("a", "application/octet-stream"),
        ("a.unheardof", "application/octet-stream"),
        ("log.txt.gz", "application/octet-stream"),
        ("backup.tar.gz", "application/octet-stream"),
    ],
)
def test_the_type_is_guessed_from_the_name(name: str, content_type: str) -> None:
    assert File(DATA, name=name).content_type == content_type


def test_a_given_type_counts() -> None:
    assert File(DATA, name="a.png", content_type="image/x-own").content_type == (
        "image/x-own"
    )


@pytest.mark.parametrize("content_type", ["a/b\r\nX-Evil: 1", "ä/b", "\x00"])
def test_a_type_that_would_break_the_part_is_refused(content_type: str) -> None:
    with pytest.raises(ValueError, match="content_type"):
        File(DATA, name="a", content_type=content_type)


def test_a_file_opened_as_text_is_a_mistake(path: Path) -> None:
    text: Any
    with path.open(encoding="latin-1") as text, pytest.raises(TypeError, match='"rb"'):
        as_file(text)
    text = io.StringIO("x")
    with pytest.raises(TypeError, match='"rb"'):
        File(text, name="x")


def test_a_file_that_is_not_there_is_named_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    missing = tmp_path / "missing.png"
    for kind in KINDS:
        # Nobody listens there: a request would fail in another way.
        client = connect(kind, "httpcore2", base_url="http://127.0.0.1:1/v2", retries=0)
        with pytest.raises(FileNotFoundError, match=r"missing\.png"):
            done(client.rooms.share_file_with_room("ops", file=missing))
        with pytest.raises(FileNotFoundError, match=r"missing\.png"):
            done(client.users.update_photo("@jane", photo=missing))
        with pytest.raises(IsADirectoryError, match=re.escape(tmp_path.name)):
            done(client.rooms.share_file_with_room("ops", file=tmp_path))


def test_nothing_of_the_content_is_shown(path: Path) -> None:
    assert repr(File(b"secret text", name="a.txt")) == (
        "File(name='a.txt', content_type='text/plain')"
    )
    assert "secret" not in repr(RelatedBody(b"secret text", b"secret"))


# --- the body of a shared file ------------------------------------------------------------------


@both
def test_a_file_is_shared_from_any_source(kind: Kind, path: Path) -> None:
    script = script_for(kind, lambda _: answer(None, 204))
    client = connect(kind, script)
    for source in sources(path):
        done(client.users.share_file_with_user("@jane", file=source, message="hi"))
        if hasattr(source, "close"):
            source.close()
    assert len(script.bodies) == 7
    assert all(DATA in body and b'{"message":"hi"}' in body for body in script.bodies)


@both
def test_a_picture_goes_as_base64_from_bytes_path_or_text(
    kind: Kind, path: Path
) -> None:
    script = script_for(kind, lambda _: answer(None, 204))
    client = connect(kind, script)
    encoded = base64.b64encode(DATA).decode()
    done(client.users.update_photo("@jane", photo=DATA))
    done(client.users.update_photo("@jane", photo=path))
    done(client.rooms.update_room_avatar("ops", avatar=encoded))
    done(
        client.groups.update_group_avatar(1, avatar=f"data:image/png;base64,{encoded}")
    )
    sent = [next(iter(json.loads(body).values())) for body in script.bodies]
    assert sent[:3] == [encoded] * 3
    assert sent[3] == f"data:image/png;base64,{encoded}"


def test_nothing_is_read_before_the_call_is_sent(tmp_path: Path) -> None:
    place = tmp_path / "later.png"
    operation = UpdatePhoto("@jane", photo=place)
    assert "later" not in repr(operation)
    place.write_bytes(b"x")
    assert json.loads(operation.call().content or b"") == {"photo": "eA=="}  # type: ignore[arg-type]


def test_an_iterable_is_read_once_in_its_own_chunks() -> None:
    file = File(iter([b"a", b"", b"bc"]), name="a.txt")

    assert (file.size_bytes, file.replayable) == (None, False)
    assert list(file.chunks()) == [b"a", b"bc"]


@both
def test_an_iterable_that_was_sent_is_not_sent_again_as_an_empty_file(
    kind: Kind,
) -> None:
    script = script_for(kind, answer(None, 204))
    client = connect(kind, script)
    file = File(iter([b"a"]), name="a.txt")
    done(client.rooms.share_file_with_room("ops", file=file))

    with pytest.raises(ValueError, match=r"'a\.txt' was read already"):
        done(client.rooms.share_file_with_room("dev", file=file))

    assert len(script.requests) == 1


def test_a_progress_function_is_checked() -> None:
    async def awaited(*_: object) -> None: ...

    with pytest.raises(TypeError, match="on_progress must be a plain function"):
        File(b"a", name="x", on_progress=awaited)
    with pytest.raises(TypeError, match="on_progress must be a function"):
        File(b"a", name="x", on_progress=3)  # type: ignore[arg-type]


def test_an_iterable_needs_a_name_and_yields_bytes() -> None:
    with pytest.raises(ValueError, match="no name"):
        File(iter([b"a"]))
    with pytest.raises(TypeError, match="yields bytes, not str"):
        list(File(["text"], name="a.txt").chunks())  # type: ignore[list-item]
    with pytest.raises(TypeError):
        File(17, name="a.txt")  # type: ignore[arg-type]


def test_progress_counts_from_zero_to_the_size_at_every_reading() -> None:
    seen: list[tuple[int, int | None]] = []
    data = b"x" * 150_000
    file = File(data, name="x", on_progress=lambda *values: seen.append(values))

    for _ in range(2):
        assert b"".join(file.chunks()) == data

    once = [(0, 150_000), (65_536, 150_000), (131_072, 150_000), (150_000, 150_000)]
    assert seen == once * 2


def test_progress_of_a_stream_has_no_total() -> None:
    seen: list[tuple[int, int | None]] = []
    file = File([b"ab"], name="x", on_progress=lambda *values: seen.append(values))

    list(file.chunks())

    assert seen == [(0, None), (2, None)]


@both
def test_an_iterable_and_its_progress_reach_the_request(kind: Kind) -> None:
    seen: list[int] = []
    script = script_for(kind, answer(None, 204))
    file = File([b"ab", b"c"], name="x", on_progress=lambda sent, _: seen.append(sent))

    done(connect(kind, script).rooms.share_file_with_room("ops", file=file))

    assert b"\r\n\r\nabc\r\n--" in script.bodies[0]
    assert seen == [0, 2, 3]
