"""Every answer of the API names the request's id: the sender's, if it is acceptable."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from hipkit.server.http.request_ids import request_id_of
from tests.unit.server.asgi import Site
from tests.unit.server.http.test_protocol import connect

OWN = re.compile("[0-9a-f]{16}")


def name(value: bytes) -> tuple[bytes, bytes]:
    return b"x-request-id", value


@pytest.mark.parametrize("sent", ["a", "4F2a-91.b_C", "x" * 64])
def test_an_acceptable_id_of_the_sender_stays(sent: str) -> None:
    headers = [(b"host", b"a"), name(sent.encode()), (b"authorization", b"Bearer xa")]

    assert request_id_of(headers, b"auth_token=xa&b=ab") == sent


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [name(b"")],
        [name(b"x" * 65)],
        [name(b"a b")],
        [name(b"a\n")],
        [name("é".encode())],
        [name(b"<b>")],
        [name(b"a, b")],
        [name(b"a"), name(b"a")],
        [name(b"a"), name(b"")],
        [name(b"s3cr3t"), (b"authorization", b"Bearer s3cr3t")],
    ],
    ids=repr,
)
def test_every_other_request_gets_an_id_of_the_server(
    headers: list[tuple[bytes, bytes]],
) -> None:
    first, second = request_id_of(headers), request_id_of(headers)

    assert OWN.fullmatch(first)
    assert first != second


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v2/room", 200),
        ("POST", "/v2/room/Ops/notification", 400),
        ("GET", "/v2/nothing", 404),
        ("GET", "/nothing", 404),
        ("PATCH", "/v2/room", 405),
        ("GET", "/v2/room?%ff", 400),
        ("GET", "/v2/sync/users", 501),
        ("GET", "/v1/rooms/list", 200),
        ("GET", "/v1/nothing", 404),
        ("GET", "/files/nothing", 404),
    ],
)
def test_every_answer_names_the_id(
    site: Site, method: str, target: str, status: int
) -> None:
    site.add_room("Ops")

    named = site.send(method, target, headers=[("X-Request-Id", "deploy-7")])
    unnamed = site.send(method, target)

    assert (named.status, unnamed.status) == (status, status)
    assert named.header("X-Request-Id") == "deploy-7"
    assert OWN.fullmatch(unnamed.header("X-Request-Id") or "")


def test_a_token_in_the_query_is_no_request_id(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hipkit.server")

    site.get(
        f"/v1/rooms/list?format=json&auth_token={site.token}",
        token=None,
        headers=[("X-Request-Id", site.token)],
    )

    (call,) = site.calls()
    assert OWN.fullmatch(call.request_id)
    assert site.token not in caplog.text


def test_the_call_is_recorded_and_logged_with_its_id(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hipkit.server")

    site.get("/v2/room", headers=[("X-Request-Id", "deploy-7")])

    (call,) = site.calls()
    assert call.request_id == "deploy-7"
    assert "request deploy-7" in caplog.text


def test_an_error_of_the_server_is_logged_with_the_id(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.server.close()

    reply = site.get("/v2/room", headers=[("X-Request-Id", "deploy-7")])

    assert reply.status >= 500
    errors = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert ["request deploy-7" in error for error in errors] == [True]


def test_bytes_that_are_no_request_get_an_id_too() -> None:
    async def send_nonsense() -> bytes:
        made, wire = connect()
        made.data_received(b"no HTTP at all\r\n\r\n")
        made.connection_lost(None)
        return wire.written

    assert re.search(
        rb"\r\nX-Request-Id: [0-9a-f]{16}\r\n", asyncio.run(send_nonsense())
    )
