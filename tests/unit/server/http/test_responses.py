"""Answers as they are sent: statuses, headers in HipChat's spelling, and bodies."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from hipkit.server.http.requests import Message, Send
from hipkit.server.http.responses import (
    CHUNK_BYTES,
    Answer,
    header,
    json_answer,
    limit_headers,
    limit_names,
    result_answer,
    send_answer,
)
from hipkit.server.shared.limits import Allowance
from hipkit.v2.extensions import CreateGlobalGlance
from hipkit.v2.models import Created, Links
from hipkit.v2.rooms import CreateRoom, DeleteRoom, GetRoom
from tests.unit.server.wire import connect, settle


def sent(answer: Answer, *, with_body: bool = True) -> list[Any]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_answer(send, answer, with_body=with_body))
    return messages


def test_a_line_end_in_a_value_begins_no_other_header() -> None:
    assert header("Location", "/a\r\nSet-Cookie: b") == (
        b"Location",
        b"/aSet-Cookie: b",
    )


def test_a_name_keeps_its_capitals_when_the_http_library_lowers_it() -> None:
    name, _ = header("X-Ratelimit-Limit", "1")

    assert name.lower() == b"X-Ratelimit-Limit"


def test_an_answer_on_the_connection_is_framed_by_its_length_only() -> None:
    async def answer(
        _: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        await send_answer(cast("Send", send), json_answer(200, {}), with_body=True)

    async def written() -> bytes:
        protocol, wire = connect(answer)
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await settle()
        return wire.written

    head, _, body = asyncio.run(written()).partition(b"\r\n\r\n")

    assert b"content-length: 2" in head.lower().split(b"\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body == b"{}"


def test_letters_that_no_header_can_hold_are_replaced() -> None:
    assert header("X", "é€")[1] == b"\xe9?"


def test_limit_headers_have_the_spelling_of_the_prefix() -> None:
    allowance = Allowance(limit=100, remaining=99, reset=5, is_exceeded=False)

    assert limit_headers(limit_names("X-RateLimit"), allowance) == (
        (b"X-RateLimit-Limit", b"100"),
        (b"X-RateLimit-Remaining", b"99"),
        (b"X-RateLimit-Reset", b"5"),
    )


@pytest.mark.parametrize(
    ("kind", "result", "status"),
    [
        (GetRoom, {}, 200),
        (DeleteRoom, None, 204),
        (CreateRoom, {}, 201),
        (CreateGlobalGlance, {}, 201),
        (CreateGlobalGlance, None, 204),
    ],
)
def test_a_result_has_the_documented_status_for_it(
    kind: Any, result: object, status: int
) -> None:
    answer = result_answer(kind, result)

    assert (answer.status, answer.body) == (status, b"" if result is None else b"{}")


def test_what_was_created_is_also_named_by_the_location() -> None:
    made = Created(id=1, links=Links(self_="http://x.test/v2/room/1"))

    assert (b"Location", b"http://x.test/v2/room/1") in result_answer(
        CreateRoom, made
    ).headers


def test_answers_share_no_list_of_headers() -> None:
    json_answer(200, {}).headers.append(header("X", "y"))

    assert (b"X", b"y") not in json_answer(200, {}).headers


def test_head_gets_the_length_and_not_the_body() -> None:
    start, body = sent(json_answer(200, [1]), with_body=False)

    assert (b"Content-Length", b"3") in start["headers"]
    assert body == {"type": "http.response.body", "body": b""}


def test_an_answer_without_content_has_no_length() -> None:
    start, _ = sent(Answer(204))

    assert start["headers"] == []


def test_a_file_is_sent_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (CHUNK_BYTES + 1))

    start, *pieces = sent(Answer(200, file=path))

    assert (b"Content-Length", b"%d" % (CHUNK_BYTES + 1)) in start["headers"]
    assert [len(piece["body"]) for piece in pieces] == [CHUNK_BYTES, 1, 0]
    assert not pieces[-1].get("more_body")
