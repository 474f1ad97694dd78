from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

from hipkit.addon.asgi.responses import (
    NO_CONTENT,
    Response,
    json_response,
    page_response,
    send_response,
    text_response,
)


async def sent(response: Response, *, is_head: bool = False) -> list[Any]:
    messages: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    await send_response(send, response, is_head=is_head)
    return messages


async def test_a_response_has_its_length_and_safe_headers() -> None:
    start, body = await sent(json_response({"a": 1}, {"X-A": "b"}))
    headers = dict(start["headers"])
    assert (start["status"], body["body"]) == (200, b'{"a":1}')
    assert headers == {
        b"cache-control": b"no-store",
        b"content-length": b"7",
        b"content-type": b"application/json",
        b"referrer-policy": b"no-referrer",
        b"x-a": b"b",
        b"x-content-type-options": b"nosniff",
    }


async def test_a_header_of_the_add_on_replaces_ours_in_any_case() -> None:
    start, _ = await sent(Response(200, headers={"CACHE-control": "max-age=60"}))
    found = [value for name, value in start["headers"] if name == b"cache-control"]
    assert found == [b"max-age=60"]


@pytest.mark.parametrize("status", [204, 304])
async def test_some_statuses_have_no_body(status: int) -> None:
    start, body = await sent(Response(status, b"x", "text/plain"))
    assert body["body"] == b""
    assert b"content-length" not in dict(start["headers"])


async def test_a_response_to_head_has_no_body() -> None:
    start, body = await sent(text_response(404, "x"), is_head=True)
    assert dict(start["headers"])[b"content-length"] == b"2"
    assert body["body"] == b""


async def test_no_content_has_no_length() -> None:
    start, _ = await sent(NO_CONTENT)
    assert b"content-length" not in dict(start["headers"])


def test_a_page_is_escaped() -> None:
    assert b"&lt;script&gt;" in page_response(400, "<script>").body


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\0", "ä\u2028"])
async def test_a_header_cannot_hold_another(value: str) -> None:
    for headers in ({"X-A": value}, {value: "a"}):
        with pytest.raises(ValueError, match="the header"):
            await sent(Response(200, headers=headers))
