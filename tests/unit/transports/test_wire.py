from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.transports.protocol import Headers, Options, Request, TransportError
from hipkit.transports.wire import (
    Incoming,
    content_size,
    exact_chunks,
    header_lines,
    host_line,
    joined_headers,
    seconds_left,
)


@dataclass
class Chunks:
    chunks: list[bytes]
    size_bytes: int | None = None
    replayable: bool = False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)


def request(
    host: str = "h", port: int = 80, scheme: Literal["http", "https"] = "http"
) -> Request:
    return Request("GET", scheme, host, port, "/")


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (request(), "h"),
        (request(port=8080), "h:8080"),
        (request(port=443), "h:443"),
        (request(port=443, scheme="https"), "h"),
        (request(port=80, scheme="https"), "h:80"),
        (request("::1"), "[::1]"),
        (request("::1", 8080), "[::1]:8080"),
    ],
)
def test_the_port_is_named_unless_the_scheme_implies_it(
    made: Request, line: str
) -> None:
    assert host_line(made) == line


def test_a_refused_header_is_named_but_its_value_is_not() -> None:
    made = Request("GET", "http", "h", 80, "/", (("X-Token", "s3cret\n"),))
    with pytest.raises(ValueError, match="X-Token") as caught:
        header_lines(made)
    assert "s3cret" not in str(caught.value)


def test_a_refused_target_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="HTTP cannot carry") as caught:
        header_lines(Request("GET", "http", "h", 80, "/s3cret "))
    assert "s3cret" not in str(caught.value)


def test_an_unknown_size_is_not_no_body() -> None:
    made = Request("POST", "http", "h", 80, "/", (), Chunks([]))
    assert content_size(made) == -1


@given(st.lists(st.binary(max_size=20)))
def test_a_body_of_the_announced_size_passes_whole(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert b"".join(exact_chunks(Chunks(chunks), len(whole))) == whole
    assert b"".join(exact_chunks(Chunks(chunks), -1)) == whole


@given(st.lists(st.binary(max_size=20)), st.integers(0, 100))
def test_a_body_of_another_size_is_never_given_whole(
    chunks: list[bytes], size: int
) -> None:
    whole = b"".join(chunks)
    if size == len(whole):
        return
    given_out: list[bytes] = []
    with pytest.raises(OSError, match="the body"):
        given_out.extend(exact_chunks(Chunks(chunks), size))
    assert sum(map(len, given_out)) < max(size, 1)


def test_equal_names_are_joined_whatever_their_case() -> None:
    lines = [(b"X-A", b"1"), (b"x-b", b"\xe9"), (b"x-a", b"2"), (b"X-A", b"")]
    assert joined_headers(lines) == {"x-a": "1, 2, ", "x-b": "\u00e9"}


@given(
    st.binary(max_size=5000), st.integers(1, 700), st.sampled_from(["gzip", "deflate"])
)
def test_a_compressed_body_may_come_in_any_chunks(
    body: bytes, step: int, encoding: str
) -> None:
    compressed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    incoming = Incoming(200, {"content-encoding": encoding}, Options(), None)
    for start in range(0, len(compressed), step):
        incoming.feed(compressed[start : start + step])
    assert incoming.response().body == body


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["gzip", "deflate", "x"]))
def test_bytes_that_are_not_compressed_are_a_transport_error(
    body: bytes, encoding: str
) -> None:
    incoming = Incoming(200, {"content-encoding": encoding}, Options(), None)
    kind = None
    try:
        incoming.feed(body)
        incoming.response()
    except TransportError as failure:
        kind = failure.kind
    assert kind in (None, "garbage", "broken")


@given(st.lists(st.binary(min_size=1, max_size=50)), st.integers(0, 200))
def test_no_more_than_the_limit_is_kept(chunks: list[bytes], limit: int) -> None:
    incoming = Incoming(200, {}, Options(max_response_bytes=limit), None)
    whole = b"".join(chunks)
    kind = None
    try:
        for chunk in chunks:
            incoming.feed(chunk)
    except TransportError as failure:
        kind = failure.kind
    assert kind == ("too_large" if len(whole) > limit else None)
    assert len(incoming.response().body) <= limit


def test_the_deadline_limits_the_timeout() -> None:
    now = time.monotonic()
    assert seconds_left(Options(timeout_seconds=5)) == 5
    assert seconds_left(Options(timeout_seconds=5, deadline=now + 60)) == 5
    assert seconds_left(Options(timeout_seconds=5, deadline=now + 2)) <= 2
    with pytest.raises(TimeoutError):
        seconds_left(Options(timeout_seconds=5, deadline=now))


def test_prepared_headers_go_out_as_a_plain_tuple_does() -> None:
    pairs = (("User-Agent", "hipkit"), ("X-Empty", ""))
    plain = Request("GET", "http", "h", 80, "/", pairs)
    prepared = Request("GET", "http", "h", 80, "/", Headers(pairs))
    lines = header_lines(prepared)
    assert lines == header_lines(plain)
    assert header_lines(prepared) is lines


def test_prepared_headers_are_refused_at_every_call() -> None:
    made = Request("GET", "http", "h", 80, "/", Headers((("Host", "other"),)))
    for _ in range(2):
        with pytest.raises(ValueError, match="Host"):
            header_lines(made)


def test_a_target_is_checked_though_its_headers_were_prepared_before() -> None:
    headers = Headers((("Accept", "*/*"),))
    header_lines(Request("GET", "http", "h", 80, "/", headers))
    with pytest.raises(ValueError, match="HTTP cannot carry"):
        header_lines(Request("GET", "http", "h", 80, "/a b", headers))
