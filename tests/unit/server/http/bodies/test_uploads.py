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
def test_a_file_in_invalid_base64_is_400_and_no_part_of_it_is_stored(
    site: Site, file: bytes
) -> None:
    site.add_room("Ops")

    sent = body(file, encoding="file")
    reply = site.send("POST", "/v2/room/Ops/share/file", body=sent, headers=[TYPE])

    assert reply.status == 400
    assert "base64" in reply.error["message"]
    assert site.get("/v2/room/Ops/history").json["items"] == []


@pytest.mark.parametrize("metadata", [b"abc", b"@@@@"], ids=repr)
def test_a_message_in_invalid_base64_is_400(site: Site, metadata: bytes) -> None:
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


@pytest.mark.parametrize("content_type", [b"\xff/\xff", "é/é".encode(), b"a/\xb2"])
def test_an_invalid_media_type_loses_no_file(site: Site, content_type: bytes) -> None:
    site.add_room("Ops")

    sent = body(b"x").replace(
        b'name="file"', b'name="file"\nContent-Type: ' + content_type + b"\nX: y", 1
    )
    sent = sent.replace(b'; filename="a.bin"', b"", 1)
    reply = site.send("POST", "/v2/room/Ops/share/file", body=sent, headers=[TYPE])

    assert reply.status == 204, reply.body
    (message,) = site.get("/v2/room/Ops/history").json["items"]
    path = message["file"]["url"].removeprefix(f"http://{site.host}")
    shown = site.get(path, token=None)
    assert shown.header("content-type") == "application/octet-stream"


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


def named(*headers: str, line_end: str = "\r\n") -> bytes:
    """Return a body whose part has these headers."""
    head = line_end.join(headers)
    body = f"--B{line_end}{head}{line_end}{line_end}bytes{line_end}--B--{line_end}"
    return body.encode()


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (
            # .NET writes both, in this order or the other.
            (
                "Content-Disposition: attachment; name=file;"
                ' filename="=?utf-8?B?w7xiZXIudHh0?="; filename*=utf-8\'\'%C3%BCber.txt',
            ),
            "über.txt",
        ),
        (
            (
                'Content-Disposition: form-data; filename*=utf-8\'\'r.txt; filename="l.txt"',
            ),
            "r.txt",
        ),
        (
            (
                "Content-Type: text/plain",
                'Content-Disposition: attachment; filename="=?iso-8859-1?Q?gr=FC=DFe.txt?="',
            ),
            "grüße.txt",
        ),
        (
            # Libraries for mail fold long lines, and cut long names into sections.
            (
                "Content-Disposition: attachment;",
                " filename*0*=utf-8''%C3%BC;",
                '\tfilename*1="ber.txt"',
            ),
            "über.txt",
        ),
        (
            (
                "Content-Disposition: attachment;",
                ' filename="=?utf-8?Q?gr=C3=BC?=',
                ' =?utf-8?Q?=C3=9Fe.txt?="',
            ),
            "grüße.txt",
        ),
        (
            (
                'Content-Type: text/plain; name="=?utf-8?Q?=C3=BC.txt?="',
                "Content-Disposition: attachment",
            ),
            "ü.txt",
        ),
        (("Content-Disposition: attachment; filename=ü.txt",), "ü.txt"),
        (("Content-Disposition: attachment; filename*=UTF-8''..%2Fa%5Cb.txt",), "b.txt"),
        (("Content-Disposition: attachment; filename*=''%00%0A",), "file"),
        (('Content-Disposition: attachment; filename="=?idna?Q?a?="',), "=?idna?Q?a?="),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("line_end", ["\r\n", "\n"], ids=repr)
def test_a_name_is_read_in_the_ways_of_net_and_mail(
    site: Site, headers: tuple[str, ...], name: str, line_end: str
) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST",
        "/v2/room/Ops/share/file",
        body=named(*headers, line_end=line_end),
        headers=[TYPE],
    )

    assert reply.status == 204, reply.body
    (message,) = site.get("/v2/room/Ops/history").json["items"]
    assert message["file"]["name"] == name


CHARSETS = ("idna", "undefined", "punycode", "a\0b", "bogus", "base64", "x" * 5_000)


@pytest.mark.parametrize("place", ["filename", "name"])
def test_a_name_in_an_unknown_charset_is_400(site: Site, place: str) -> None:
    site.add_room("Ops")
    long = "a-" * 3_000 + "1234"

    for charset in CHARSETS:
        for text in ("%41", long, "%FF"):
            disposition = f"Content-Disposition: attachment; {place}*={charset}''{text}"
            reply = site.send(
                "POST",
                "/v2/room/Ops/share/file",
                body=named(disposition),
                headers=[TYPE],
            )
            assert reply.status == 400, (charset, text[:9])
    numbered = named(f"Content-Disposition: attachment; {place}*{'9' * 4_400}=x")
    reply = site.send("POST", "/v2/room/Ops/share/file", body=numbered, headers=[TYPE])
    assert reply.status == 400
    assert site.get("/v2/room/Ops/history").json["items"] == []


@pytest.mark.parametrize(
    "parameters",
    [
        "boundary*=idna''B",
        "boundary*=undefined''B",
        f"boundary*{'9' * 4_400}=B",
        f"boundary*=punycode''{'a-' * 900}",
        "boundary*=utf-8''",
        "boundary",
        "boundary=",
        'boundary="',
    ],
    ids=lambda text: text[:24],
)
def test_an_unreadable_boundary_is_400(site: Site, parameters: str) -> None:
    site.add_room("Ops")
    crooked = ("Content-Type", f"multipart/related; {parameters}"[:2_000])
    v1 = ("Content-Type", f"multipart/form-data; {parameters}")

    for target, header in (
        ("/v2/room/Ops/share/file", crooked),
        (f"/v1/rooms/message?auth_token={site.token}", v1),
    ):
        reply = site.send("POST", target, body=body(b"x"), headers=[header])
        assert reply.status == 400, target


def test_a_boundary_in_sections_is_read(site: Site) -> None:
    site.add_room("Ops")
    header = (
        "Content-Type",
        'multipart/related; type="a/b"; boundary*0=""; boundary*1=B',
    )

    reply = site.send(
        "POST", "/v2/room/Ops/share/file", body=body(b"x"), headers=[header]
    )

    assert reply.status == 204
