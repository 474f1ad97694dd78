from __future__ import annotations

import copy

import pytest
from rich.pretty import pretty_repr

from hipkit.transports.protocol import HeaderPairs, Headers, RawResponse, Request

PAIRS = (("Accept", "application/json"), ("Authorization", "Bearer s3cret"))


def size_of(headers: HeaderPairs) -> int:
    if not headers:
        raise ValueError("no headers")
    return len(headers)


def names_of(headers: HeaderPairs) -> list[str]:
    return [name for name, _ in headers]


def test_headers_are_a_tuple_of_pairs() -> None:
    assert Headers(PAIRS) == PAIRS
    assert [*Headers(PAIRS)] == [*PAIRS]
    assert Headers() == ()


def test_each_form_of_the_headers_is_prepared_once_and_kept_with_them() -> None:
    headers, others = Headers(PAIRS), Headers(PAIRS[:1])
    names = headers.prepare(names_of)
    assert names == ["Accept", "Authorization"]
    assert headers.prepare(names_of) is names
    assert headers.prepare(size_of) == 2
    assert others.prepare(names_of) == ["Accept"]


def test_a_form_that_cannot_be_prepared_is_refused_every_time() -> None:
    headers = Headers()
    for _ in range(2):
        with pytest.raises(ValueError, match="no headers"):
            headers.prepare(size_of)


@pytest.mark.parametrize(
    "value",
    [
        Headers(PAIRS),
        Request("GET", "http", "h", 80, "/s3cret", PAIRS, b"s3cret"),
        Request("GET", "http", "h", 80, "/", Headers(PAIRS)),
        RawResponse(200, {"set-cookie": "s3cret"}, b"s3cret"),
    ],
)
def test_nothing_secret_is_shown(value: object) -> None:
    for shown in (repr(value), str(value), pretty_repr(value)):
        assert "s3cret" not in shown
        assert type(value).__name__ in shown


def test_a_request_and_a_response_show_what_is_public() -> None:
    request = Request("GET", "http", "h", 80, "/")
    assert repr(request) == (
        "Request(method='GET', scheme='http', host='h', port=80, target=***, headers=***, "
        "request_id='')"
    )
    assert (
        repr(RawResponse(204, {})) == "RawResponse(status=204, headers=***, body=***)"
    )
    assert copy.copy(request) == request
