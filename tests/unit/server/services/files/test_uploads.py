from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest

from hipkit.api.bodies.files import File
from hipkit.api.bodies.multipart import RelatedBody
from tests.unit.server.asgi import RawResponse, Site

DATA = bytes(range(256)) * 20 + b"\r\n--BOUNDARY in the middle\r\n\n"
WEB_CLIENT = (
    b"--BOUNDARY\r\n"
    b"Content-Type: application/json; charset=UTF-8\r\n"
    b'Content-Disposition: attachment; name="metadata"\r\n\r\n'
    b'{"message": "look"}\r\n'
    b"--BOUNDARY\r\n"
    b"Content-Type: application/octet-stream\r\n"
    b'Content-Disposition: attachment; name="file"; filename="a b.bin"\r\n\r\n'
    + DATA
    + b"\r\n--BOUNDARY--\r\n"
)
RUBY = (
    b"--BOUNDARY\n"
    b"Content-Type: application/json; charset=UTF-8\n"
    b'Content-Disposition: attachment; name="metadata"\n\n'
    b'{"message": "look"}\n'
    b"--BOUNDARY\n"
    b"Content-Type: ; charset=UTF-8\n"
    b"Content-Transfer-Encoding: base64\n"
    b'Content-Disposition: attachment; name="file"; filename="a b.bin"\n\n'
    + base64.encodebytes(DATA)
    + b"\n--BOUNDARY--"
)
GO = (
    b"--BOUNDARY\n"
    b"Content-Type: application/json; charset=UTF-8\n"
    b'Content-Disposition: attachment; name="metadata"\n\n'
    b'{"message": "look"}\n'
    b"--BOUNDARY\n"
    b"Content-Type: application/octet-stream\n"
    b"Content-Transfer-Encoding: base64\n"
    b'Content-Disposition: attachment; name="file"; filename="a b.bin"\n\n'
    + base64.b64encode(DATA)
)
FILE_ONLY = (
    b"preamble to be skipped\r\n--BOUNDARY  \r\n"
    b'Content-Disposition: attachment; name="file"; filename="a b.bin"\r\n\r\n'
    + DATA
    + b"\r\n--BOUNDARY--\r\nepilogue"
)


def share(
    site: Site,
    body: bytes | list[bytes],
    *,
    target: str = "/v2/room/Ops/share/file",
    content_type: str = "multipart/related; boundary=BOUNDARY",
    **options: Any,
) -> RawResponse:
    header = ("Content-Type", content_type)
    return site.send("POST", target, body=body, headers=[header], **options)


def fetch(site: Site, url: str, method: str = "GET") -> RawResponse:
    return site.send(method, url.removeprefix("http://chat.test"), token=None)


@pytest.mark.parametrize(
    ("body", "text"),
    [(WEB_CLIENT, "look"), (RUBY, "look"), (GO, "look"), (FILE_ONLY, "")],
    ids=["web client", "ruby", "go", "file only"],
)
def test_uploads_of_every_known_client_are_read(
    site: Site, body: bytes, text: str
) -> None:
    site.add_room("Ops")
    pieces = [body[start : start + 700] for start in range(0, len(body), 700)]

    assert share(site, pieces).status == 204

    (message,) = site.messages("Ops")
    plain = {"date", "from", "id", "mentions", "message", "type"}
    assert set(message) == plain | {"file", "authenticated_file"}
    assert message["message"] == text
    assert message["type"] == "message"
    assert set(message["file"]) == {"name", "size", "url"}
    assert (message["file"]["name"], message["file"]["size"]) == ("a b.bin", len(DATA))
    assert fetch(site, message["file"]["url"]).body == DATA


def test_an_upload_of_our_own_client_is_read(site: Site) -> None:
    site.add_room("Ops")
    file = File(io.BytesIO(DATA), name='quo"te.json')
    body = RelatedBody(file, b'{"message":"look"}')

    assert share(site, list(body), content_type=body.content_type).status == 204

    assert site.messages("Ops")[0]["file"]["size"] == len(DATA)


def test_a_json_file_is_not_taken_for_the_metadata(site: Site) -> None:
    site.add_room("Ops")
    body = WEB_CLIENT.replace(b"application/octet-stream", b"application/json")

    assert share(site, body).status == 204
    assert site.messages("Ops")[0]["file"]["size"] == len(DATA)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\temp\\\\x.txt", "x.txt"),
        ("..", "file"),
        ("", "file"),
        ("größe.txt", "größe.txt"),
        ("a\x1b[31mb.txt", "a[31mb.txt"),
        ("x" * 500 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_a_files_name_is_never_a_path(site: Site, name: str, kept: str) -> None:
    site.add_room("Ops")
    body = WEB_CLIENT.replace(b"a b.bin", name.encode())

    assert share(site, body).status == 204

    file = site.messages("Ops")[0]["file"]
    assert file["name"] == kept
    assert fetch(site, file["url"]).body == DATA
    folder = site.server.settings.file_folder
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    assert len(names) == 1
    assert names[0] in file["url"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--BOUNDARY--",
        b"--BOUNDARY\r\nContent-Type: text/plain",
        b"--BOUNDARY\r\nContent-Disposition: attachment; name=metadata\r\n\r\n{}",
        WEB_CLIENT.replace(b'{"message": "look"}', b'{"message": 7}'),
        WEB_CLIENT.replace(b'{"message": "look"}', b"[" * 50_000),
        WEB_CLIENT.replace(b"Content-Type: app", b"Content-Transfer-Encoding: odd\r\nX: "),
        RUBY.replace(base64.encodebytes(DATA), b"a"),
        b"--BOUNDARY\n\n" * 50_000,
        b"--BOUNDARY\r\n" + b"x: " + b"y" * 100_000,
    ],
    ids=[
        "empty", "no boundary", "only the end", "no end of headers", "no file",
        "wrong message", "deep", "odd encoding", "no base64", "many parts", "long headers",
    ],
)  # fmt: skip
def test_an_invalid_upload_is_rejected_and_leaves_no_file(
    site: Site, body: bytes
) -> None:
    site.add_room("Ops")

    reply = share(site, body)

    assert reply.status == 400
    assert site.messages("Ops") == []
    folder = site.server.settings.file_folder
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data; boundary=BOUNDARY", "application/json", "multipart/related"],
)
def test_another_content_type_is_rejected(site: Site, content_type: str) -> None:
    site.add_room("Ops")

    assert share(site, WEB_CLIENT, content_type=content_type).status == 400


def test_a_file_that_is_too_large_is_rejected(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(largest_file_bytes=10_000)
    site.add_room("Ops")

    def with_size(size: int) -> bytes:
        return WEB_CLIENT.replace(DATA, b"x" * size)

    assert share(site, with_size(10_000)).status == 204
    assert share(site, with_size(10_001)).status == 413
    pieces = [b"x" * 100_000] * 10
    assert share(site, pieces).status == 413
    assert len(site.messages("Ops")) == 1


def test_a_client_that_disconnects_leaves_no_file(site: Site) -> None:
    site.add_room("Ops")

    assert share(site, [WEB_CLIENT[:500]], hangs_up=True).status == 0

    folder = site.server.settings.file_folder
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_rejected_share_leaves_no_file(site: Site) -> None:
    site.add_room("Secret", is_private=True)
    token = site.add_token(user=site.add_user("Bob"))

    reply = share(site, WEB_CLIENT, target="/v2/room/Secret/share/file", token=token)

    assert reply.status == 403
    folder = site.server.settings.file_folder
    assert [path for path in folder.rglob("*") if path.is_file()] == []
