"""Forms with a file, as browsers and others send them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.errors import ApiError, BadRequestError
from hipkit.server.http.bodies.form_data import FormData, read_form_data
from hipkit.server.http.requests import Message, Request
from hipkit.server.services.errors import TooLargeError
from hipkit.server.settings import Settings
from hipkit.server.storage.blobs import BlobStore

DATA = bytes(range(256)) * 20 + b"\r\n--B in the middle\r\n\r\n"
MOST_BYTES = 10_000

Read = Callable[[bytes], FormData]


def field(name: str, value: bytes) -> bytes:
    return b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
        name.encode(),
        value,
    )


def file(content: bytes, name: bytes = b"a.bin", kind: bytes = b"text/plain") -> bytes:
    return (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
        b"Content-Type: %s\r\n\r\n%s\r\n" % (name, kind, content)
    )


END = b"--B--\r\n"
NO_FILE = file(b"", b"", b"application/octet-stream")


def request(body: bytes, content_type: str, **headers: str) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(
        method="POST",
        path=b"/",
        query={},
        headers={"content-type": content_type, **headers},
        bearer=None,
        credentials=None,
        has_bad_credentials=False,
        root="http://chat.test",
        peer="",
        receive=receive,
    )


def read_with(folder: Path, body: bytes, content_type: str, **headers: str) -> FormData:
    settings = Settings(database=folder / "a.db", largest_file_bytes=MOST_BYTES)
    blobs = BlobStore(folder / "files")
    sent = request(body, content_type, **headers)
    return asyncio.run(read_form_data(sent, blobs, settings))


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return lambda body: read_with(tmp_path, body, "multipart/form-data; boundary=B")


def content(form: FormData) -> bytes:
    assert form.file is not None
    found = form.file.upload.path.read_bytes()
    form.file.upload.close()
    return found


def test_fields_and_the_file_are_read(read: Read) -> None:
    form = read(field("message", "Grüße\r\n".encode()) + file(DATA) + END)

    assert form.fields == {"message": ["Grüße\r\n"]}
    assert form.file is not None
    assert (form.file.name, form.file.content_type) == ("a.bin", "text/plain")
    assert content(form) == DATA


def test_without_a_chosen_file_there_is_none(read: Read) -> None:
    assert read(field("message", b"x") + NO_FILE + END).file is None


def test_an_empty_file_is_a_file(read: Read) -> None:
    assert content(read(file(b"") + END)) == b""


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"../../etc/passwd", "passwd"),
        (b"C:\\\\Users\\\\a.txt", "a.txt"),
        (b"a\x1b[31m.txt", "a[31m.txt"),
        ("Übersicht 🎉.pdf".encode(), "Übersicht 🎉.pdf"),
        (b"..", "file"),
        (b"x" * 400, "x" * 255),
    ],
)
def test_a_name_is_never_a_path(read: Read, sent: bytes, name: str) -> None:
    form = read(file(b"x", sent) + END)

    assert form.file is not None
    assert form.file.name == name
    form.file.upload.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--B",
        END,
        b"nothing of the kind",
        field("message", b"x"),
        file(DATA),
        file(DATA)[:-200],
        file(b"a") + file(b"b") + END,
        field("", b"x") + END,
        field("message", b"\xff") + END,
        field("message", b"a\0b") + END,
        b"--B\r\nContent-Disposition: form-data; name=" + b"x" * 9_000 + b"\r\n" + END,
        b"--B\r\n\r\nx\r\n" + END,
        file(b"@@@", kind=b"text/plain\r\nContent-Transfer-Encoding: base64") + END,
        file(b"x", kind=b"text/plain\r\nContent-Transfer-Encoding: rot13") + END,
    ],
    ids=[
        *("nothing", "half", "no part", "no form", "no end", "no end of a file"),
        *("cut", "two files", "no name", "no utf-8", "nul", "long head", "no head"),
        *("no base64", "unknown encoding"),
    ],
)
def test_what_is_no_form_is_refused_and_leaves_no_file(
    read: Read, body: bytes, tmp_path: Path
) -> None:
    with pytest.raises(BadRequestError):
        read(body)

    assert list((tmp_path / "files").glob("*")) == []


@pytest.mark.parametrize(
    "body",
    [
        file(b"x" * (MOST_BYTES + 1)) + END,
        file(b"x" * 1_000_000) + END,
        field("message", b"x" * 200_000) + END,
    ],
    ids=["the file", "the body", "a field"],
)
def test_what_is_too_large_is_refused_and_leaves_no_file(
    read: Read, body: bytes, tmp_path: Path
) -> None:
    with pytest.raises(TooLargeError):
        read(body)

    assert list((tmp_path / "files").glob("*")) == []


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'x' * 500}",
        f"multipart/form-data; boundary=B; {'x' * 5_000}",
    ],
)
def test_a_boundary_is_needed(tmp_path: Path, content_type: str) -> None:
    with pytest.raises(BadRequestError):
        read_with(tmp_path, field("message", b"x") + END, content_type)


def test_a_compressed_form_is_refused(tmp_path: Path) -> None:
    kind = "multipart/form-data; boundary=B"

    with pytest.raises(BadRequestError, match="compressed"):
        read_with(tmp_path, END, kind, **{"content-encoding": "gzip"})


def test_a_form_with_many_fields_is_refused(read: Read) -> None:
    assert len(read(field("a", b"x") * 10 + END).fields["a"]) == 10
    for count in (11, 1_000):
        with pytest.raises(BadRequestError, match="more than 10 fields"):
            read(field("a", b"x") * count + END)


@given(
    body=st.lists(
        st.sampled_from([b"--B", b"--", b"\r\n", b"name=", b'"', b"\0", b";", b"\xff"])
        | st.sampled_from([field("a", b"x"), file(b"y"), NO_FILE, END])
        | st.binary(max_size=8),
        max_size=12,
    ).map(b"".join)
)
def test_any_bytes_are_read_or_refused_and_leave_no_part(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        form = read_with(folder, body, "multipart/form-data; boundary=B")
    except ApiError:
        pass
    else:
        if form.file is not None:
            form.file.upload.close()

    assert list((folder / "files").glob("*.part")) == []
