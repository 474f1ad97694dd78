"""Bodies whose parts are written as text, and those that say so and are not."""

from __future__ import annotations

import base64
import quopri

import pytest

from tests.unit.server.asgi import Site

TYPE = ("Content-Type", "multipart/related; boundary=B")
DATA = bytes(range(256)) * 2000


def body(
    file: bytes, metadata: bytes = b'{"message":"x"}', encoding: str = ""
) -> bytes:
    head = b"Content-Transfer-Encoding: base64\n"
    return (
        b"--B\n"
        + (head if encoding == "metadata" else b"")
        + b'Content-Disposition: attachment; name="metadata"\n\n'
        + metadata
        + b"\n--B\n"
        + (head if encoding == "file" else b"")
        + b'Content-Disposition: attachment; name="file"; filename="a.bin"\n\n'
        + file
        + b"\n--B--"
    )


@pytest.mark.parametrize(
    "file",
    [b"@@@@", DATA[:600], base64.b64encode(DATA) + b"@", b"QUJD=RUZH", b"QQ==QUJD"],
    ids=["signs", "raw bytes", "one sign", "padding inside", "after the padding"],
)
def test_a_file_that_is_not_its_base64_is_refused_and_not_stored_in_part(
    site: Site, file: bytes
) -> None:
    site.add_room("Ops")

    sent = body(file, encoding="file")
    reply = site.send("POST", "/v2/room/Ops/share/file", body=sent, headers=[TYPE])

    assert reply.status == 400
    assert "base64" in reply.error["message"]
    assert site.get("/v2/room/Ops/history").json["items"] == []


@pytest.mark.parametrize("metadata", [b"abc", b"@@@@"], ids=repr)
def test_a_message_that_is_not_its_base64_is_refused(
    site: Site, metadata: bytes
) -> None:
    site.add_room("Ops")

    sent = body(b"x", metadata, encoding="metadata")
    reply = site.send("POST", "/v2/room/Ops/share/file", body=sent, headers=[TYPE])

    assert reply.status == 400


@pytest.mark.parametrize("data", [DATA, DATA[:-1], DATA[:-2], b""], ids=len)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b""], ids=repr)
def test_base64_may_have_lines_of_any_length(
    site: Site, data: bytes, line_end: bytes
) -> None:
    site.add_room("Ops")
    file = base64.encodebytes(data).replace(b"\n", line_end)

    sent = body(file, encoding="file")
    reply = site.send("POST", "/v2/room/Ops/share/file", body=sent, headers=[TYPE])

    assert reply.status == 204
    (message,) = site.get("/v2/room/Ops/history").json["items"]
    assert message["file"]["size"] == len(data)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=repr)
def test_a_part_may_be_quoted_printable(site: Site, line_end: bytes) -> None:
    site.add_room("Ops")
    head = b"Content-Transfer-Encoding: quoted-printable"
    metadata = b'{"message": "caf=C3=A9"}'
    # Longer than what is decoded at a time, so that coded bytes are cut in two.
    file = quopri.encodestring(DATA).replace(b"=\n", b"=" + line_end)

    sent = b"\n".join(
        (
            *(b"--B", head, b"Content-Type: application/json", b"", metadata),
            *(b"--B", head, b'Content-Disposition: attachment; filename="a.bin"'),
            *(b"", file),
            b"--B--",
        )
    )
    reply = site.send("POST", "/v2/room/Ops/share/file", body=sent, headers=[TYPE])

    assert reply.status == 204, reply.body
    (message,) = site.get("/v2/room/Ops/history").json["items"]
    assert message["message"] == "café"
    path = message["file"]["url"].removeprefix(f"http://{site.host}")
    assert site.get(path, token=None).body == DATA


def test_a_content_type_that_is_as_long_as_a_head_is_not_read(site: Site) -> None:
    site.add_room("Ops")
    crooked = 'multipart/related; boundary="' + ";" * 50_000

    reply = site.send(
        "POST",
        "/v2/room/Ops/share/file",
        body=body(b"x"),
        headers=[("Content-Type", crooked)],
    )

    assert reply.status == 400
    assert "too long" in reply.error["message"]


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", ""])
def test_a_shared_picture_that_no_browser_should_show_is_a_file(
    site: Site, content_type: str
) -> None:
    site.add_room("Ops")
    wide = (30_000).to_bytes(4, "big")
    for side in (bytes(3) + b"\x09", wide):
        picture = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + side * 2 + bytes(9)
        sent = (
            b"--B\r\nContent-Type: %s\r\n" % content_type.encode()
            + b'Content-Disposition: attachment; name="file"; filename="a.png"\r\n\r\n'
            + picture
            + b"\r\n--B--"
        )
        reply = site.send("POST", "/v2/room/Ops/share/file", body=sent, headers=[TYPE])
        assert reply.status == 204, reply.body

    small, large = (message["file"] for message in site.messages("Ops"))

    assert small["thumb_url"] == small["url"]
    assert large.get("thumb_url") is None
    path = large["url"].partition("chat.test")[2]
    reply = site.get(path, token=None)
    assert reply.body == picture
    assert (reply.header("Content-Disposition") or "").startswith("attachment")
