"""What the HTTP server hands over: queries, the Host header, and the Authorization header."""

from __future__ import annotations

import pytest

from hipkit.server.http.requests import Message, Request
from hipkit.server.services.access.authentication import Credentials
from tests.unit.server.asgi import Site


def test_a_query_that_is_not_text_is_400(site: Site) -> None:
    assert site.get("/v2/room?a=%ff").status == 400
    assert site.send("GET", b"/v2/room?a=\xff").status == 400
    assert site.get("/v2/room?" + "&".join("a=1" for _ in range(500))).status == 400
    assert site.get("/v2/room?max-results=%00").status == 400
    assert site.get("/v2/room?expand=items,%00").status == 400
    # Nobody reads that one.
    assert site.get("/v2/room?more=%00").status == 200


@pytest.mark.parametrize("host", ["evil.test/<script>", "a b", "", "[::1", "x\r\ny: z"])
def test_an_invalid_host_is_in_no_link(site: Site, host: str) -> None:
    site.host = host

    reply = site.post("/v2/room", {"name": "Ops"})

    assert reply.json["links"]["self"] == "http://127.0.0.1:8070/v2/room/1"


def test_invalid_base64_in_the_authorization_is_400(site: Site) -> None:
    header = ("Authorization", "Basic ???")

    reply = site.send("POST", "/v2/oauth/token", token=None, headers=[header])

    assert reply.status == 400
    assert reply.header("X-Ratelimit-Limit") is not None


@pytest.mark.parametrize("sent", ["???", "/zr/", "YTpi=", "bm9jb2xvbg==", ""])
def test_credentials_for_another_system_do_not_stop_a_call_with_a_token(
    site: Site, sent: str
) -> None:
    room_id = site.add_room("Ops")
    header = ("Authorization", f"Basic {sent}")
    token = f"auth_token={site.token}"

    said = site.post(
        f"/v2/room/Ops/notification?{token}",
        {"message": "one"},
        token=None,
        headers=[header],
    )
    old = site.send(
        "POST",
        f"/v1/rooms/message?{token}&room_id={room_id}&from=x&message=two",
        token=None,
        headers=[header],
    )

    assert (said.status, old.status) == (204, 200), (said.body, old.body)
    assert site.send("GET", "/v2/room", token=None, headers=[header]).status == 401


def request_of(
    *headers: tuple[str, str], query: bytes = b"", **scope: object
) -> Request:
    async def receive() -> Message:
        raise AssertionError("nothing is read")

    encoded = [(name.encode(), value.encode()) for name, value in headers]
    given = {"method": "GET", "raw_path": b"/v2/room", "query_string": query}
    return Request.from_scope({**given, "headers": encoded, **scope}, receive)


@pytest.mark.parametrize(
    ("authorization", "query", "bearer"),
    [
        ("Bearer abc", b"", "abc"),
        ("bearer  abc ", b"", "abc"),
        ("Bearer abc", b"auth_token=xyz", "abc"),
        ("Bearer ", b"auth_token=xyz", "xyz"),
        ("Basic eDp5", b"auth_token=xyz", "xyz"),
        ("", b"auth_token=", None),
        ("abc", b"", None),
    ],
)
def test_the_token_of_the_header_goes_before_that_of_the_query(
    authorization: str, query: bytes, bearer: str | None
) -> None:
    assert request_of(("authorization", authorization), query=query).bearer == bearer


def test_credentials_are_split_at_the_first_colon() -> None:
    request = request_of(("authorization", "Basic aWQ6czplY3JldA=="))

    assert request.credentials == Credentials(client_id="id", secret="s:ecret")
    assert not request.has_bad_credentials
    assert "s:ecret" not in repr(request)


def test_the_first_of_several_headers_counts() -> None:
    request = request_of(("host", "one.test"), ("host", "two.test"))

    assert request.root == "http://one.test"


def test_what_the_server_is_mounted_at_is_in_links_and_not_in_the_path() -> None:
    request = request_of(
        ("host", "x.test"),
        scheme="https",
        root_path="/chat",
        raw_path=b"/chat/v2/room?a=1",
    )

    assert (request.path, request.root) == (b"/v2/room", "https://x.test/chat")
