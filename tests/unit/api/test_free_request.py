"""Calls that are not in the spec."""

from __future__ import annotations

import traceback

import pytest

from hipkit import (
    BadRequestError,
    ResponseError,
)
from tests.scripted import (
    KINDS,
    Kind,
    answer,
    connect,
    done,
    error_answer,
    headers_of,
    script_for,
)

both = pytest.mark.parametrize("kind", KINDS)


@both
def test_a_call_that_the_spec_lacks_goes_by_hand(kind: Kind) -> None:
    script = script_for(
        kind, answer([1, {"a": None}]), answer(None, 204), answer(b"nope")
    )
    client = connect(kind, script)
    given = done(
        client.request(
            "post",
            "/röom/a b%2Fc?x=1",
            query={"y": "ä&=", "n": 2, "b": True},
            json={"key": None},
        )
    )
    assert given == [1, {"a": None}]
    assert done(client.request("DELETE", "/flag")) is None
    with pytest.raises(ResponseError, match="GET /flag: 200"):
        done(client.request("GET", "/flag"))
    post, delete, _ = script.requests
    assert post.method == "POST"
    assert post.target == "/v2/r%C3%B6om/a%20b%2Fc?x=1&y=%C3%A4%26%3D&n=2&b=true"
    assert headers_of(post)["content-type"] == "application/json"
    assert script.bodies[0] == b'{"key":null}'
    assert delete.content is None
    assert "content-type" not in headers_of(delete)


@both
def test_null_can_be_the_whole_body_of_a_call_by_hand(kind: Kind) -> None:
    script = script_for(kind, lambda _: answer(None, 204))
    done(connect(kind, script).request("PUT", "/x", json=None))
    assert script.bodies == [b"null"]


@both
def test_a_call_by_hand_goes_without_a_token_where_the_client_has_none(
    kind: Kind,
) -> None:
    script = script_for(kind, lambda _: answer({}))
    done(connect(kind, script, None).request("GET", "/capabilities"))
    done(connect(kind, script, lambda: "x").request("GET", "/capabilities"))
    without, with_token = map(headers_of, script.requests)
    assert "authorization" not in without
    assert with_token["authorization"] == "Bearer x"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "room"),
        ("GET", "https://elsewhere.example/room"),
        ("GET", "/room/../user"),
        ("GET", "/room/%2E%2e/user"),
        ("GET", "/room/."),
        ("GET", "/room#x"),
        ("GET", "/room\r\nX: y"),
        ("GET /x", "/room"),
        ("", "/room"),
        ("GÄT", "/room"),
    ],
)
@both
def test_a_call_by_hand_stays_one_call_below_the_base_url(
    kind: Kind, method: str, path: str
) -> None:
    script = script_for(kind)
    with pytest.raises(ValueError, match=r"method|path"):
        done(connect(kind, script).request(method, path))
    assert script.requests == []


@both
def test_a_failed_call_by_hand_shows_no_secret_of_its_path_query_or_body(
    kind: Kind,
) -> None:
    echo = error_answer(
        400, "bad: s3cretInThePath and s3cretInTheQuery, s3cretInTheBody"
    )
    client = connect(kind, script_for(kind, echo))
    # Not written in the call itself: a traceback shows the lines of the program.
    path = "/oauth/token/s3cretInThePath"
    query = {"auth_token": "s3cretInTheQuery"}
    body = {"deep": [{"text": "s3cretInTheBody"}]}
    with pytest.raises(BadRequestError) as caught:
        done(client.request("PUT", path, query=query, json=body))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "s3cret" not in shown + repr(caught.value.operation)
