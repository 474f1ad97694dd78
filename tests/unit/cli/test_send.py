from __future__ import annotations

import json
from email import message_from_bytes
from pathlib import Path

import pytest

from hipkit.transports.protocol import RawResponse
from tests.scripted import headers_of
from tests.unit.cli.conftest import Hipkit, Server

CARD = {"style": "application", "id": "1", "title": "Build 7"}


def test_every_option_is_sent_with_the_notification(
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


def test_options_that_are_left_out_are_not_sent(server: Server, hipkit: Hipkit) -> None:
    hipkit("send", "ops", "Hello")

    assert server.sent == {"message": "Hello"}


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_the_message_is_read_from_standard_input(
    arguments: list[str], server: Server, hipkit: Hipkit
) -> None:
    hipkit("send", "ops", *arguments, stdin="línea 1\nline 2\n".encode())

    assert server.sent == {"message": "línea 1\nline 2"}


def test_after_two_dashes_a_message_may_start_with_a_dash(
    server: Server, hipkit: Hipkit
) -> None:
    hipkit("send", "ops", "--", "--color")

    assert server.sent == {"message": "--color"}


def test_an_empty_message_is_a_usage_error(server: Server, hipkit: Hipkit) -> None:
    ended = hipkit("send", "ops")

    assert ended.code == 2
    assert server.requests == []


def test_a_card_can_be_given_on_the_command_line(
    server: Server, hipkit: Hipkit
) -> None:
    hipkit("send", "ops", "Hello", "--card", json.dumps(CARD))

    assert server.sent == {"message": "Hello", "card": CARD}


@pytest.mark.parametrize(
    ("text", "expected"), [("{", "not JSON"), ("\\", "No such file")]
)
def test_an_unreadable_card_is_a_usage_error(
    text: str, expected: str, server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("send", "ops", "Hello", "--card", text)

    assert ended.code == 2
    assert expected in ended.err
    assert server.requests == []


def test_as_message_sends_a_message_instead_of_a_notification(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer({"id": "abc", "timestamp": "2016-09-09T12:00:00+00:00"})

    ended = hipkit("send", "ops", "Hello @all", "--as-message", "--json")

    assert server.requests[0].target == "/v2/room/ops/message"
    assert server.sent == {"message": "Hello @all"}
    assert isinstance(ended.json, dict)
    assert ended.json["id"] == "abc"


@pytest.mark.parametrize(
    "options", [["--as-message", "--no-notify"], ["--file", __file__, "--from", "x"]]
)
def test_options_of_notifications_are_an_error_with_messages_and_files(
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


def test_a_file_is_shared_with_or_without_a_message(
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


def test_with_json_a_notification_prints_null(hipkit: Hipkit) -> None:
    assert hipkit("send", "ops", "Hello", "--json").out == "null\n"


def test_a_message_that_is_too_long_names_the_option_that_splits_it(
    server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("send", "ops", "x" * 10_001)

    assert ended.code == 2
    assert "10,001 characters" in ended.err
    assert "--split" in ended.err
    assert server.requests == []


def test_a_long_message_is_sent_in_parts_with_the_same_options(
    server: Server, hipkit: Hipkit
) -> None:
    message = f"<b>{'word ' * 2500}</b>"
    ended = hipkit(
        "send", "ops", message, "--split", "--color", "red", "--notify", "--json",
        "--card", json.dumps(CARD),
    )  # fmt: skip

    first, second = map(json.loads, server.bodies)
    both = first["message"] + second["message"]
    assert both.replace("</b><b>", "") == message
    assert max(len(first["message"]), len(second["message"])) <= 10_000
    # One alert and one card.
    assert first["notify"] is True
    assert first["card"] == CARD
    assert second == {"message": second["message"], "color": "red"}
    assert ended.json == [None, None]


@pytest.mark.parametrize("option", ["--format", "--as-message"])
def test_a_long_text_is_split_as_text(
    option: str, server: Server, hipkit: Hipkit
) -> None:
    sent = {"id": "abc", "timestamp": "2016-09-09T12:00:00+00:00"}
    server.answer(sent, sent)
    arguments = [option, "text"] if option == "--format" else [option]
    hipkit("send", "ops", "--split", *arguments, stdin=b"<b>" * 4000)

    texts = [json.loads(body)["message"] for body in server.bodies]
    assert "".join(texts) == "<b>" * 4000
    assert len(texts) == 2


def test_a_short_message_is_sent_as_it_is_with_split(
    server: Server, hipkit: Hipkit
) -> None:
    assert hipkit("send", "ops", "<b>Hello", "--split").code == 0
    assert server.sent == {"message": "<b>Hello"}


def test_a_failure_between_parts_says_how_many_were_sent(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(
        RawResponse(204, {}), RawResponse(404, {"content-type": "application/json"})
    )

    ended = hipkit("send", "ops", "x" * 25_000, "--split")

    assert ended.code == 6
    assert "1 of 3 parts" in ended.err


def test_who_interrupts_between_parts_is_shown_how_many_were_sent(
    server: Server, hipkit: Hipkit
) -> None:
    server.fail(KeyboardInterrupt(), after=[RawResponse(204, {})])

    ended = hipkit("send", "ops", "x" * 25_000, "--split", "--json")

    assert ended.code == 130
    assert json.loads(ended.err.splitlines()[0]) == {"parts": {"sent": 1, "of": 3}}


@pytest.mark.parametrize("message", ["", "<b></b>" * 2000])
def test_a_message_without_parts_is_a_usage_error(
    message: str, server: Server, hipkit: Hipkit
) -> None:
    assert hipkit("send", "ops", message, "--split").code == 2
    assert server.requests == []


def test_a_file_is_not_split(server: Server, hipkit: Hipkit) -> None:
    ended = hipkit("send", "ops", "--file", __file__, "--split")

    assert ended.code == 2
    assert "--split" in ended.err
