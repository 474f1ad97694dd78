"""Errors about a body say what is wrong and where, in HipChat's words as far as recorded."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.server.asgi import FORM, RawResponse, Site

JSON = ("Content-Type", "application/json")
NOT_JSON = "The request body cannot be parsed as valid JSON: "
NOT_UTF8 = "The request body cannot be decoded as UTF-8: "


@pytest.fixture(params=["site", "strict_site"])
def each(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    found.add_room("Ops")
    return found


def post(site: Site, body: bytes, *headers: tuple[str, str]) -> RawResponse:
    return site.send("POST", "/v2/room/Ops/message", body=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", NOT_JSON + "Expecting value: line 1 column 1 (char 0)"),
        (b" ", NOT_JSON + "Expecting value: line 1 column 2 (char 1)"),
        (b"hello", NOT_JSON + "Expecting value: line 1 column 1 (char 0)"),
        (b"message=x", NOT_JSON + "Expecting value: line 1 column 1 (char 0)"),
        (
            b'{\n"a": 1,\n"message": "a deep text\rb"}',
            NOT_JSON
            + "Invalid control character u'\\r' at: line 3 column 24 (char 33)",
        ),
        (
            b"{message: 1}",
            NOT_JSON + "Expecting property name enclosed in double quotes:"
            " line 1 column 2 (char 1)",
        ),
        (
            b'{"message": NaN}',
            NOT_JSON + "Expecting value: line 1 column 13 (char 12)",
        ),
        (
            b'{"a": "NaN", "message": -Infinity}',
            NOT_JSON + "Expecting value: line 1 column 25 (char 24)",
        ),
        (
            b'{"message": "x"} {}',
            NOT_JSON + "Extra data: line 1 column 18 (char 17)",
        ),
        (
            b'{"message": "x"',
            NOT_JSON + "Expecting ',' delimiter: line 1 column 16 (char 15)",
        ),
        (
            b'{"message": "' + b"x" * 77 + b'\xe9"}',
            NOT_UTF8
            + "'utf8' codec can't decode byte 0xe9 in position 90: invalid continuation byte",
        ),
        (
            b"\xff\xfe{\0}\0",
            NOT_UTF8
            + "'utf8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_invalid_json_is_reported_with_its_position(
    each: Site, body: bytes, message: str
) -> None:
    reply = post(each, body, JSON)

    assert reply.status == 400
    assert reply.error == {"code": 400, "type": "Bad Request", "message": message}
    assert each.calls()[-1].problem == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"message=\xe9", "byte 0xe9 in position 8: unexpected end of data"),
        (b"message=%E9", "byte 0xe9 in position 0: unexpected end of data"),
        (b"message=%ED%A0%BD", "byte 0xed in position 0: invalid continuation byte"),
    ],
)
def test_a_form_that_is_not_utf8_is_reported_with_its_position(
    each: Site, body: bytes, message: str
) -> None:
    reply = post(each, body, FORM)

    assert reply.status == 400
    assert reply.error["message"] == f"{NOT_UTF8}'utf8' codec can't decode {message}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ((), "Invalid content type: None"),
        ((("Content-Type", ""),), "Invalid content type: None"),
        ((("Content-Type", "text/plain"),), "Invalid content type"),
        (
            (("Content-Type", "multipart/form-data; boundary=x"),),
            "Invalid content type",
        ),
        ((("Content-Type", "application/xml"),), "Invalid content type"),
    ],
    ids=repr,
)
def test_another_content_type_is_reported(
    each: Site, header: tuple[tuple[str, str], ...], message: str
) -> None:
    for target in ("/v2/room/Ops/message", "/v2/room/Ops/share/file"):
        reply = each.send("POST", target, body=b'{"message": "x"}', headers=header)
        assert (reply.status, reply.error["message"]) == (400, message)


@pytest.mark.parametrize(
    "body", [b'{"message": "a=b&c"}', b' {"message": "x"}', b"[1]"]
)
def test_json_sent_as_a_form_is_reported(each: Site, body: bytes) -> None:
    for target in ("/v2/room/Ops/message", "/v2/oauth/token"):
        reply = each.send("POST", target, body=body, headers=[FORM])
        assert reply.status == 400
        message = reply.error["message"]
        assert message.startswith("Invalid content type: the body is JSON")


def test_a_form_that_only_looks_like_json_is_a_form(each: Site) -> None:
    assert post(each, b"{=1&message=x", FORM).status == 201


@pytest.mark.parametrize("header", [JSON, FORM], ids=["json", "form"])
@pytest.mark.parametrize(
    ("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_body_is_reported(
    each: Site, name: str, pack: Callable[[bytes], bytes], header: tuple[str, str]
) -> None:
    body = pack(json.dumps({"message": "x"}).encode())

    named = post(each, body, header, ("Content-Encoding", name))
    bare = post(each, body, header)

    assert named.status == 400
    assert named.error["message"] == (
        f"{NOT_UTF8}it is compressed (Content-Encoding: {name}); send it as it is"
    )
    assert bare.error["message"].startswith(f"{NOT_UTF8}'utf8' codec can't decode byte")


@pytest.mark.parametrize("encoding", ["", "identity", "utf-8", "UTF-8", "gzip"])
def test_a_body_that_can_be_read_is_read_whatever_it_is_called(
    each: Site, encoding: str
) -> None:
    reply = post(each, b'{"message": "x"}', JSON, ("Content-Encoding", encoding))

    assert reply.status == 201


RELATED = ("Content-Type", "multipart/related; boundary=B")


def related(metadata: bytes, head: bytes = b"") -> bytes:
    return (
        b"--B\r\nContent-Type: application/json\r\n" + head + b"\r\n" + metadata
        + b'\r\n--B\r\nContent-Disposition: attachment; name="file"; filename="a"\r\n\r\nx'
        b"\r\n--B--"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (b"hello", NOT_JSON + "Expecting value: line 1 column 1 (char 0)"),
        (b'{"message": NaN}', NOT_JSON + "Expecting value: line 1 column 13 (char 12)"),
        (
            b'{"message": "\xe9"}',
            NOT_UTF8 + "'utf8' codec can't decode byte 0xe9 in position 13:"
            " invalid continuation byte",
        ),
    ],
    ids=repr,
)
def test_a_broken_metadata_part_is_reported(
    each: Site, metadata: bytes, message: str
) -> None:
    reply = each.send(
        "POST", "/v2/room/Ops/share/file", body=related(metadata), headers=[RELATED]
    )

    assert reply.status == 400
    assert reply.error["message"] == f"{message} of the part 'metadata'"
    assert each.messages("Ops") == []


def test_a_metadata_part_without_an_object_is_reported(each: Site) -> None:
    reply = each.send(
        "POST", "/v2/room/Ops/share/file", body=related(b"[1]"), headers=[RELATED]
    )

    assert reply.status == 400
    assert reply.error["message"] == "The body is not an object"


@pytest.mark.parametrize("metadata", [b"[]", b"null", b'""', b"{}", b" "], ids=repr)
def test_an_empty_part_with_the_message_gives_none(site: Site, metadata: bytes) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST", "/v2/room/Ops/share/file", body=related(metadata), headers=[RELATED]
    )

    assert reply.status == 204, reply.body


def test_a_compressed_upload_is_reported(each: Site) -> None:
    body = gzip.compress(related(b"{}"))

    reply = each.send(
        "POST",
        "/v2/room/Ops/share/file",
        body=body,
        headers=[RELATED, ("Content-Encoding", "gzip")],
    )

    assert reply.status == 400
    assert "it is compressed" in reply.error["message"]


def test_a_broken_body_of_v1_is_reported(each: Site) -> None:
    target = f"/v1/rooms/message?auth_token={each.token}"

    reply = each.send("POST", target, body=b'{"message": }', token=None, headers=[JSON])

    assert reply.status == 400
    assert reply.error["message"] == (
        f"{NOT_JSON}Expecting value: line 1 column 13 (char 12)"
    )


def test_an_error_about_a_body_holds_nothing_of_it(
    each: Site, caplog: pytest.LogCaptureFixture
) -> None:
    reply = post(each, b'{"message": "my secret text" x', JSON)

    assert b"secret" not in reply.body
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ((), "Invalid content type: None"),
        ((("Content-Type", "text/plain"),), "Invalid content type"),
        (
            (("Content-Type", "multipart/form-data; boundary=x"),),
            "Invalid content type",
        ),
    ],
)
def test_a_missing_or_unknown_content_type_is_hipchats_400(
    site: Site, header: tuple[tuple[str, str], ...], message: str
) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST", "/v2/room/Ops/message", body=b'{"message": "x"}', headers=header
    )

    assert reply.status == 400
    assert reply.error["message"] == message


def test_a_call_without_a_body_says_what_is_missing(site: Site) -> None:
    site.add_room("Ops")

    bare = site.post("/v2/room/Ops/message")
    typed = site.send(
        "POST", "/v2/room/Ops/message", headers=[("Content-Type", "application/json")]
    )

    assert bare.error["message"] == "Invalid content type: None"
    assert typed.error["message"] == (
        "The request body cannot be parsed as valid JSON:"
        " Expecting value: line 1 column 1 (char 0)"
    )


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "text/json",
    ],
)
def test_json_has_several_content_types(site: Site, content_type: str) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=b'\xef\xbb\xbf{"message": "x"}',
        headers=[("Content-Type", content_type)],
    )

    assert reply.status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"message": "\xff"}',
        b'{"message": "a\\u0000b"}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"message": NaN}',
        b"\x00" * 1000,
    ],
)
def test_a_body_that_is_not_a_json_object_is_400(site: Site, body: bytes) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=body,
        headers=[("Content-Type", "application/json")],
    )

    assert reply.status == 400
    assert reply.error["code"] == 400
    assert b"Traceback" not in reply.body


def test_a_large_body_is_413_with_or_without_a_content_length(site: Site) -> None:
    site.add_room("Ops")
    json = ("Content-Type", "application/json")
    pieces = [b"x" * 100_000] * 12

    announced = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=b"{}",
        headers=[json, ("Content-Length", str(10**9))],
    )
    silent = site.send("POST", "/v2/room/Ops/message", body=pieces, headers=[json])

    assert (announced.status, silent.status) == (413, 413)
    assert silent.error["code"] == 413


def test_a_client_that_hangs_up_breaks_nothing(site: Site) -> None:
    site.add_room("Ops")
    json = ("Content-Type", "application/json")

    reply = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=[b'{"message":'],
        headers=[json],
        hangs_up=True,
    )

    assert reply.status == 0
    assert site.messages("Ops") == []


def test_the_error_about_a_list_says_that_it_is_not_an_object(site: Site) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/message", [1])

    assert reply.error == {
        "code": 400,
        "type": "Bad Request",
        "message": "The body is not an object",
        "validation": "type",
        "expected_type": "object",
    }


NOTHING = [
    b"",
    b" ",
    b"\r\n",
    b"{}",
    b"{ }",
    b"[]",
    b"[\n]",
    b"null",
    b'""',
    b"\xef\xbb\xbf{}",
]


OPTIONAL = [("PUT", "/v2/room/Ops/member/@Ann"), ("POST", "/v2/room/Ops/invite/@Ann")]


TYPES = [(), (JSON,), (("Content-Type", "application/json; charset=utf-8"),), (FORM,)]


@pytest.mark.parametrize("headers", TYPES, ids=str)
def test_an_empty_body_in_any_spelling_gives_no_member(ops: Site, headers: Any) -> None:
    for method, target in OPTIONAL:
        for body in NOTHING:
            reply = ops.send(method, target, body=body, headers=headers)
            assert reply.status == 204, (body, reply.body)


def test_a_strict_server_rejects_other_spellings_of_an_empty_body(
    strict_ops: Site,
) -> None:
    for method, target in OPTIONAL:
        for body in (b"", b"{}"):
            reply = strict_ops.send(method, target, body=body, headers=[JSON])
            assert reply.status == 204, body
        for body in (b"[]", b"null", b'""', b" "):
            reply = strict_ops.send(method, target, body=body, headers=[JSON])
            assert reply.status == 400, body


def test_a_body_that_is_not_empty_has_to_be_an_object(ops: Site) -> None:
    for body in (b"[1]", b"[[]]", b'"x"', b"0", b"false"):
        reply = ops.send(*OPTIONAL[0], body=body, headers=[JSON])
        assert reply.error["message"] == "The body is not an object"


def test_a_token_may_be_asked_for_in_the_query_with_an_empty_body(
    ops: Site,
) -> None:
    for body in (b"null", b"[]", b'""'):
        target = "/v2/oauth/token?grant_type=personal"
        assert ops.send("POST", target, body=body, headers=[JSON]).status == 200


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'{"message": "a\ud83d"}', "a\ufffd"),
        (rb'{"message": "\ude00b"}', "\ufffdb"),
        (rb'{"message": "\ud83d\ude00"}', "\U0001f600"),
        (rb'{"message": "c", "\ud83d": 1}', "c"),
        (rb'{"message": "d", "more": 1e999}', "d"),
        (rb'{"message": "e", "more": ' + b"9" * 4_400 + b"}", "e"),
    ],
    ids=repr,
)
def test_what_json_allows_is_read(ops: Site, body: bytes, text: str) -> None:
    reply = ops.send("POST", "/v2/room/Ops/message", body=body, headers=[JSON])

    assert reply.status == 201, reply.body
    assert ops.messages("Ops")[-1]["message"] == text


def test_a_strict_server_rejects_half_of_a_character(strict_ops: Site) -> None:
    reply = strict_ops.send(
        "POST",
        "/v2/room/Ops/message",
        body=rb'{"message": "a\ud83d"}',
        headers=[JSON],
    )

    assert reply.status == 400
    assert "valid JSON" in reply.error["message"]
