"""Shared files and pictures: how they arrive, and how they are given out."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest

from hipkit.api.files import File
from hipkit.api.multipart import RelatedBody
from hipkit.server.settings import Settings
from tests.unit.server.asgi import RawResponse, Site

DATA = bytes(range(256)) * 20 + b"\r\n--BOUNDARY in the middle\r\n\n"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    + b"\x00\x00\x00\x07\x00\x00\x00\x09"
    + b"rest"
)
GIF = b"GIF89a" + b"\x07\x00\x09\x00" + b"rest"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x09\x00\x07rest"

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
def test_every_form_in_use_is_read(site: Site, body: bytes, text: str) -> None:
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


def test_what_our_own_client_writes_is_read(site: Site) -> None:
    site.add_room("Ops")
    file = File(io.BytesIO(DATA), name='quo"te.json')
    body = RelatedBody(file, b'{"message":"look"}')

    assert share(site, list(body), content_type=body.content_type).status == 204

    assert site.messages("Ops")[0]["file"]["size"] == len(DATA)


def test_a_json_file_is_a_file_all_the_same(site: Site) -> None:
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
def test_what_cannot_be_read_is_refused_and_leaves_nothing(
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
def test_another_content_type_is_refused(site: Site, content_type: str) -> None:
    site.add_room("Ops")

    assert share(site, WEB_CLIENT, content_type=content_type).status == 400


def test_a_file_that_is_too_large_is_refused(
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


def test_a_client_that_hangs_up_leaves_nothing(site: Site) -> None:
    site.add_room("Ops")

    assert share(site, [WEB_CLIENT[:500]], hangs_up=True).status == 0

    folder = site.server.settings.file_folder
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_refused_share_leaves_nothing(site: Site) -> None:
    site.add_room("Secret", is_private=True)
    token = site.add_token(user=site.add_user("Bob"))

    reply = share(site, WEB_CLIENT, target="/v2/room/Secret/share/file", token=token)

    assert reply.status == 403
    folder = site.server.settings.file_folder
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_file_is_shared_with_one_person(site: Site) -> None:
    site.add_user("Ann")

    assert share(site, WEB_CLIENT, target="/v2/user/@Ann/share/file").status == 204
    link = {"link": "https://example.com/"}
    assert site.post("/v2/user/@Ann/share/link", link).status == 204

    file, shared = site.get("/v2/user/@Ann/history").json["items"]
    assert file["file"]["name"] == "a b.bin"
    assert shared["message_links"][0]["url"] == "https://example.com/"


def test_browsers_run_nothing_of_a_file(site: Site) -> None:
    site.add_room("Ops")
    for declared in (
        b"text/html",
        b"image/svg+xml",
        b"application/xhtml+xml",
        b"text/css",
    ):
        share(site, WEB_CLIENT.replace(b"application/octet-stream", declared))
    share(site, WEB_CLIENT.replace(b"application/octet-stream", b"image/png"))

    *active, picture = site.messages("Ops")

    for message in active:
        reply = fetch(site, message["file"]["url"])
        assert reply.header("Content-Type") == "application/octet-stream"
        assert (reply.header("Content-Disposition") or "").startswith("attachment")
    reply = fetch(site, picture["file"]["url"])
    assert reply.header("Content-Type") == "image/png"
    assert (reply.header("Content-Disposition") or "").startswith("inline")
    assert picture["file"]["thumb_url"] == picture["file"]["url"]
    assert reply.header("X-Content-Type-Options") == "nosniff"
    assert reply.header("Content-Security-Policy") == "default-src 'none'; sandbox"


def test_files_are_only_read_and_only_at_their_addresses(site: Site) -> None:
    site.add_room("Ops")
    share(site, WEB_CLIENT)
    url = site.messages("Ops")[0]["file"]["url"]
    key = url.split("/")[4]

    assert fetch(site, url, "HEAD").header("Content-Length") == str(len(DATA))
    assert fetch(site, url, "HEAD").body == b""
    assert fetch(site, url, "DELETE").status == 405
    for path in (
        f"/files/{key[:-1]}x/a",
        "/files/",
        "/files/../hipkit.db",
        "/files/..%2f..%2fhipkit.db",
        f"/files/{key}/a/b",
        f"/files/{key[:2]}/{key}",
    ):
        assert fetch(site, path).status == 404, path


@pytest.mark.parametrize(
    ("data", "size"),
    [(PNG, (7, 9)), (GIF, (7, 9)), (JPEG, (7, 9))],
    ids=["png", "gif", "jpeg"],
)
def test_a_picture_is_kept_and_given_out(
    site: Site, data: bytes, size: tuple[int, int]
) -> None:
    site.add_room("Ops")
    encoded = base64.b64encode(data).decode()
    for text in (
        encoded,
        f"data:image/png;base64,{encoded}",
        encoded.rstrip("=") + "\n",
    ):
        assert site.put("/v2/room/Ops/avatar", {"avatar": text}).status == 204

        reply = site.get("/v2/room/Ops/avatar")
        assert (reply.status, reply.body) == (302, b"")
        url = reply.header("Location") or ""
        assert fetch(site, url).body == data
        assert site.get("/v2/room/Ops").json["avatar_url"] == url

    folder = site.server.settings.file_folder
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1
    assert site.delete("/v2/room/Ops/avatar").status == 204
    assert site.delete("/v2/room/Ops/avatar").status == 204
    assert site.get("/v2/room/Ops/avatar").status == 404
    assert fetch(site, url).status == 404


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        base64.b64encode(b"<svg onload=alert(1)>").decode(),
        base64.b64encode(b"plain").decode(),
    ],
)
def test_what_is_no_picture_is_refused(site: Site, text: str) -> None:
    site.add_room("Ops")

    reply = site.put("/v2/room/Ops/avatar", {"avatar": text})

    assert reply.status == 400
    assert reply.error["field"] == "avatar"


def test_people_and_groups_have_pictures_too(site: Site) -> None:
    site.add_user("Ann")
    body = base64.b64encode(PNG).decode()

    assert site.put("/v2/user/@Ann/photo", {"photo": body}).status == 204
    assert site.put("/v2/group/1/avatar", {"avatar": body}).status == 204

    for size in ("small", "big"):
        assert site.get(f"/v2/user/@Ann/photo/{size}").status == 302
    assert site.get("/v2/group/1/avatar").status == 302
    assert site.get("/v2/user/@Ann").json["photo_url"].startswith("http://chat.test/")
    assert site.delete("/v2/user/@Ann/photo").status == 204
    assert site.delete("/v2/group/1/avatar").status == 204
    assert site.get("/v2/group/1/avatar").status == 404


def test_files_lie_beside_the_database(site: Site) -> None:
    settings = Settings(database=site.server.settings.database)

    assert settings.file_folder.name == "hipkit.db.files"
    assert settings.file_folder.parent == settings.database.parent
