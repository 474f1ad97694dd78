"""Programs in browsers may read the API from pages of other hosts, and not the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hipkit.server.shared.limits import LimitSettings
from tests.unit.server.asgi import RawResponse, Site
from tests.unit.server.http.test_protocol import connect
from tests.unit.server.page.visitor import Visitor
from tests.unit.server.services.files.test_links import share

EXPOSED = (
    "Date, ETag, Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset,"
    " X-Backoff, X-Request-Id"
)


def ask(site: Site, target: str, method: str, **options: str | None) -> RawResponse:
    """Ask as a browser does before it sends what a page wants sent; it sends no token."""
    headers = [
        ("Origin", "https://dashboard.test"),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "authorization"),
    ]
    return site.send("OPTIONS", target, headers=headers, token=None)


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v2/room", 200),
        ("POST", "/v2/room/Ops/notification", 400),
        ("GET", "/v2/room/nowhere", 404),
        ("GET", "/v2/nothing", 404),
        ("GET", "/nothing", 404),
        ("PATCH", "/v2/room", 405),
        ("OPTIONS", "/v2/room", 405),
        ("GET", "/v2/room?%ff", 400),
        ("GET", "/v2/sync/users", 501),
        ("GET", "/v2/health-check", 200),
        ("DELETE", "/v2/room/Ops?auth_test=true", 202),
        ("GET", "/v1/rooms/list", 200),
        ("GET", "/v1/rooms/show", 400),
        ("GET", "/files/nothing", 404),
    ],
)
def test_every_answer_may_be_read_from_anywhere(
    site: Site, method: str, target: str, status: int
) -> None:
    site.add_room("Ops")

    reply = site.send(method, target)

    assert reply.status == status
    assert reply.header("Access-Control-Allow-Origin") == "*"
    assert reply.header("Access-Control-Expose-Headers") == EXPOSED
    names = [name for name, _ in reply.headers]
    assert names.count("Access-Control-Allow-Origin") == 1


def test_a_file_may_be_read_from_anywhere(site: Site) -> None:
    site.add_room("Ops")
    share(site)
    (message,) = site.messages("Ops")

    reply = site.get(message["file"]["url"].removeprefix("http://chat.test"))

    assert (reply.status, reply.body) == (200, b"bytes")
    assert reply.header("Access-Control-Allow-Origin") == "*"


def test_the_answer_to_invalid_http_can_be_read_from_anywhere() -> None:
    async def refuse() -> bytes:
        made, wire = connect()
        made.data_received(b"no HTTP at all\r\n\r\n")
        made.connection_lost(None)
        return wire.written

    assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in asyncio.run(refuse())


@pytest.mark.parametrize(
    ("target", "method", "allowed"),
    [
        ("/v2/room/Ops", "PUT", "DELETE, GET, PUT"),
        ("/v2/room/Ops/share/link", "PUT", "POST, PUT"),
        ("/v2//room/Dev/Ops/notification", "POST", "POST"),
        ("/v2/health-check", "GET", "GET, HEAD"),
        ("/v1/rooms/message", "post", "GET, POST"),
        ("/files/" + "x" * 30, "GET", "GET, HEAD"),
    ],
)
def test_a_preflight_lists_the_methods_of_the_path(
    site: Site, target: str, method: str, allowed: str
) -> None:
    reply = ask(site, target, method)

    assert (reply.status, reply.body) == (204, b"")
    assert reply.header("Access-Control-Allow-Origin") == "*"
    assert reply.header("Access-Control-Allow-Methods") == allowed
    assert reply.header("Access-Control-Allow-Headers") == (
        "Authorization, Content-Type, X-Request-Id"
    )
    assert reply.header("Access-Control-Max-Age") == "600"
    assert reply.header("Content-Length") is None


def test_preflights_are_neither_counted_nor_recorded(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings())
    for target in ("/v2/room", "/v2/nothing", "/v2/room?%ff"):
        for _ in range(120):
            reply = ask(site, target, "GET")
        assert reply.status != 429

    assert site.calls(None) == []
    assert ask(site, "/v2/nothing", "GET").status == 404
    assert (
        site.get("/v2/capabilities", token=None).header("X-Ratelimit-Remaining") == "99"
    )


def test_options_without_a_preflight_header_is_a_call_like_others(site: Site) -> None:
    reply = site.send("OPTIONS", "/v2/room/Ops", token=None)

    assert (reply.status, reply.header("Allow")) == (405, "DELETE, GET, PUT")
    assert reply.header("Access-Control-Allow-Methods") is None
    (call,) = site.calls(None)
    assert call.method == "OPTIONS"


def test_the_page_is_for_its_own_host(site: Site) -> None:
    visitor = Visitor(site)
    asked = {"Access-Control-Request-Method": "POST"}

    answers = [
        visitor.client.get("/sign-in"),
        visitor.client.get("/nothing"),
        visitor.client.options("/sign-in", headers=asked),
    ]

    names = [name.lower() for answer in answers for name in answer.headers]
    assert names
    assert not [name for name in names if name.startswith("access-control")]
