from __future__ import annotations

import codecs
import json
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.scripted import headers_of
from tests.unit.cli.conftest import Hipkit, Server

CARD = {"style": "application", "id": "1", "title": "Build 7"}


def test_a_notification_carries_every_option(
    server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(CARD))

    ended = hipkit(
        "send", "Dev Ops", "Hello", "--color", "green", "--notify", "--format", "text",
        "--from", "CI", "--attach-to", "abc", "--card", str(path),
    )  # fmt: skip

    assert ended == (0, "", "")
    assert server.requests[0].target == "/v2/room/Dev%20Ops/notification"
    assert server.sent == {
        "message": "Hello",
        "color": "green",
        "notify": True,
        "message_format": "text",
        "from": "CI",
        "attach_to": "abc",
        "card": CARD,
    }


def test_what_is_left_out_is_not_sent(server: Server, hipkit: Hipkit) -> None:
    hipkit("send", "ops", "Hello")

    assert server.sent == {"message": "Hello"}


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_the_message_comes_from_standard_input(
    arguments: list[str], server: Server, hipkit: Hipkit
) -> None:
    hipkit("send", "ops", *arguments, stdin="línea 1\nline 2\n".encode())

    assert server.sent == {"message": "línea 1\nline 2"}


def test_a_message_may_begin_with_a_dash(server: Server, hipkit: Hipkit) -> None:
    hipkit("send", "ops", "--", "--color")

    assert server.sent == {"message": "--color"}


def test_an_empty_standard_input_is_no_message(server: Server, hipkit: Hipkit) -> None:
    ended = hipkit("send", "ops")

    assert ended.code == 2
    assert server.requests == []


def test_standard_input_that_is_not_utf8_is_refused(
    server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("send", "ops", stdin=b"abc\xff")

    assert ended.code == 2
    assert "byte 3" in ended.err
    assert server.requests == []


def test_a_card_may_stand_on_the_command_line(server: Server, hipkit: Hipkit) -> None:
    hipkit("send", "ops", "Hello", "--card", json.dumps(CARD))

    assert server.sent == {"message": "Hello", "card": CARD}


@pytest.mark.parametrize(("text", "told"), [("{", "not JSON"), ("\\", "No such file")])
def test_a_card_that_cannot_be_read_is_refused(
    text: str, told: str, server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("send", "ops", "Hello", "--card", text)

    assert ended.code == 2
    assert told in ended.err
    assert server.requests == []


def test_a_message_is_sent_as_the_user(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": "abc", "timestamp": "2016-09-09T12:00:00+00:00"})

    ended = hipkit("send", "ops", "Hello @all", "--as-message", "--json")

    assert server.requests[0].target == "/v2/room/ops/message"
    assert server.sent == {"message": "Hello @all"}
    assert isinstance(ended.json, dict)
    assert ended.json["id"] == "abc"


@pytest.mark.parametrize(
    "options", [["--as-message", "--no-notify"], ["--file", __file__, "--from", "x"]]
)
def test_messages_and_files_refuse_what_only_notifications_have(
    options: list[str], server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("send", "ops", "Hello", *options)

    assert ended.code == 2
    assert "is for notifications" in ended.err
    assert server.requests == []


def parts(server: Server) -> list[tuple[str | None, bytes]]:
    """The parts of the last body: file name and content."""
    head = f"Content-Type: {headers_of(server.requests[-1])['content-type']}\n\n"
    whole = message_from_bytes(head.encode() + server.bodies[-1])
    return [
        (part.get_filename(), bytes(part.get_payload(decode=True)))
        for part in whole.walk()
        if not part.is_multipart()
    ]


def test_a_file_goes_with_or_without_a_message(
    server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "report ü.bin"
    path.write_bytes(b"\x00\xff bytes")

    hipkit("send", "ops", "the report", "--file", str(path))
    assert server.requests[0].target == "/v2/room/ops/share/file"
    metadata, (name, content) = parts(server)
    assert json.loads(metadata[1]) == {"message": "the report"}
    assert content == b"\x00\xff bytes"
    assert name is not None

    hipkit("send", "ops", "--file", str(path))
    assert [content for _, content in parts(server)] == [b"\x00\xff bytes"]


def test_with_json_a_notification_answers_null(hipkit: Hipkit) -> None:
    assert hipkit("send", "ops", "Hello", "--json").out == "null\n"


def marked(text: str) -> dict[str, bytes]:
    """Write a text as editors and shells of Windows do."""
    return {
        "utf-8": codecs.BOM_UTF8 + text.encode(),
        "utf-16-le": codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        "utf-16-be": codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        "utf-32-le": codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_files_and_input_are_read_by_the_mark_that_they_begin_with(
    encoding: str, server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    card, token = tmp_path / "card.json", tmp_path / "token"
    card.write_bytes(marked(json.dumps({**CARD, "title": "Größe"}))[encoding])
    token.write_bytes(marked("fromAFile\r\nsecond line\r\n")[encoding])
    ended = hipkit(
        "send", "ops", "--card", str(card), "--token-file", str(token),
        stdin=marked("línea 1\n")[encoding],
    )  # fmt: skip
    assert ended == (0, "", "")
    assert server.sent == {"message": "línea 1", "card": {**CARD, "title": "Größe"}}
    assert headers_of(server.requests[0])["authorization"] == "Bearer fromAFile"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff\xfea", "not UTF-16 at byte 0"),
        (b"\xef\xbb\xbfa\xff", "not UTF-8 at byte 1"),
        (b"a\xff", "not UTF-8 at byte 1"),
    ],
)
def test_a_file_that_is_not_what_its_mark_says_is_refused(
    data: bytes, told: str, server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_bytes(data)
    ended = hipkit("send", "ops", "hi", "--token-file", str(path))
    assert ended.code == 2
    assert told in ended.err
    ended = hipkit("send", "ops", stdin=data)
    assert ended.code == 2
    assert told in ended.err
    assert server.requests == []
