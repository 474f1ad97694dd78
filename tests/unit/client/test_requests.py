from __future__ import annotations

import pytest

from hipkit.api.errors import (
    ConnectError,
    RequestError,
    RequestTimeoutError,
    ResponseError,
)
from hipkit.client.requests import given_id, request_error, shown_request, with_headers
from hipkit.client.settings import parse_site
from hipkit.transports.protocol import Request, TransportError, TransportErrorKind
from hipkit.v2.oauth_sessions import GetSession
from hipkit.v2.rooms import GetRoom

SITE = parse_site("https://chat.example.com/v2", allow_http=False)


def test_a_header_replaces_that_of_its_name_in_any_case() -> None:
    headers = (("User-Agent", "hipkit"), ("Accept", "application/json"))

    assert with_headers(headers, {"accept": "text/plain", "X-Own": "1"}) == (
        ("User-Agent", "hipkit"),
        ("accept", "text/plain"),
        ("X-Own", "1"),
    )


def test_an_id_among_the_own_headers_is_taken_out_and_returned() -> None:
    own = {"x-request-ID": "mine", "X-Own": "1"}

    assert with_headers((), own) == (("X-Own", "1"),)
    assert (given_id(own), given_id({"X-Own": "1"})) == ("mine", "")


def test_a_shown_request_hides_token_own_headers_and_private_queries() -> None:
    request = Request(
        "GET",
        "https",
        "chat.example.com",
        443,
        "/v2/room/ops?auth_token=secret-1&expand=owner",
        (("Authorization", "Bearer secret-2"), ("X-Own", "secret-3")),
        None,
        "id-1",
    )

    shown = shown_request(
        GetRoom("ops"), request, SITE, own_headers={"x-own": "secret-3"}, sends=2
    )

    assert "secret" not in repr(shown)
    assert shown.url.startswith("https://chat.example.com/v2/room/ops?")
    assert shown.template == "/v2/room/{room_id_or_name}"
    assert (shown.resend_count, shown.request_id) == (2, "id-1")
    assert shown.headers["x-request-id"] == "id-1"


def test_a_secret_in_the_path_is_not_shown() -> None:
    request = Request(
        "GET", "https", "chat.example.com", 443, "/v2/oauth/token/secret-4"
    )

    shown = shown_request(
        GetSession("secret-4"), request, SITE, own_headers={}, sends=0
    )

    assert "secret-4" not in repr(shown)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("connect", ConnectError),
        ("settings", ConnectError),
        ("untrusted", ConnectError),
        ("certificate", ConnectError),
        ("no_tls", ConnectError),
        ("timeout", RequestTimeoutError),
        ("broken", RequestError),
    ],
)
@pytest.mark.parametrize("arrived", [True, False])
def test_a_failure_becomes_the_error_of_its_kind(
    kind: TransportErrorKind, expected: type[RequestError], arrived: bool
) -> None:
    failure = TransportError(kind, "a reason", may_have_arrived=arrived)

    error = request_error(GetRoom("ops"), "id-1", failure)

    assert type(error) is expected
    assert isinstance(error, RequestError)
    assert (error.may_have_arrived, error.request_id) == (arrived, "id-1")
    assert ("may have arrived, as request id-1" in str(error)) == arrived


def test_an_unknown_authority_is_to_be_named() -> None:
    failure = TransportError("untrusted", "a reason", may_have_arrived=False)

    assert "verify=" in str(request_error(GetRoom("ops"), "id-1", failure))


def test_the_other_scheme_is_named_where_it_may_be_meant() -> None:
    no_tls = TransportError("no_tls", "a reason", may_have_arrived=False)
    broken = TransportError("broken", "a reason", may_have_arrived=True)

    assert "begin the URL with http://" in str(
        request_error(GetRoom("ops"), "id-1", no_tls)
    )
    to_http = request_error(GetRoom("ops"), "id-1", broken, scheme="http")
    assert "if the port speaks TLS, begin the URL with https://" in str(to_http)
    assert "https" not in str(request_error(GetRoom("ops"), "id-1", broken))


def test_a_response_that_is_too_large_is_a_response_error() -> None:
    failure = TransportError("too_large", "it is too large", may_have_arrived=True)

    assert isinstance(request_error(GetRoom("ops"), "id-1", failure), ResponseError)
