from __future__ import annotations

import contextlib
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.addon.asgi.requests import (
    BadFormError,
    BodyTooLargeError,
    DisconnectedError,
    HttpRequest,
    read_fields,
    relative_path,
)


def request(
    *chunks: bytes, headers: dict[str, str] | None = None, **scope: object
) -> HttpRequest:
    messages: Iterator[MutableMapping[str, Any]] = iter(
        [
            *({"type": "http.request", "body": c, "more_body": True} for c in chunks),
            {"type": "http.request"},
        ]
    )

    async def receive() -> MutableMapping[str, Any]:
        return next(messages)

    pairs = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
    usual = {"method": "POST", "path": "/a", "query_string": b"", "headers": pairs}
    return HttpRequest(usual | scope, receive, "")


async def test_a_body_comes_in_parts() -> None:
    assert await request(b"ab", b"", b"c").read_body(3) == b"abc"
    assert await request().read_body(0) == b""


async def test_a_body_that_is_too_large_is_not_read() -> None:
    for made in (
        request(b"ab", b"cd"),
        request(headers={"Content-Length": "4"}),
        request(headers={"content-length": "9" * 5_000}),
    ):
        with pytest.raises(BodyTooLargeError):
            await made.read_body(3)


async def test_a_declared_length_that_is_no_number_is_ignored() -> None:
    for length in ("-1", "x", "٣", ""):
        made = request(b"ab", headers={"content-length": length})
        assert await made.read_body(3) == b"ab"


async def test_a_client_that_goes_away_ends_the_request() -> None:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(DisconnectedError):
        await HttpRequest({"method": "GET", "path": "/"}, receive, "").read_body(3)


def test_headers_are_found_in_any_case() -> None:
    made = request(headers={"X-Some": " a ", "x-some": "b"})
    assert made.header("x-SOME") == "a"
    assert made.header("other") == ""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("application/x-www-form-urlencoded", True),
        ("Application/X-WWW-Form-Urlencoded; charset=utf-8", True),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_form_is_known_by_its_type(kind: str, expected: bool) -> None:
    assert request(headers={"content-type": kind}).is_form is expected


@pytest.mark.parametrize(
    ("path", "prefixes", "expected"),
    [
        ("/a/webhook/x", ("", ""), ("a", "webhook", "x")),
        ("/karma/webhook/x", ("/karma", "/karma"), ("webhook", "x")),
        ("/karma/webhook/x", ("", "/karma"), ("webhook", "x")),
        ("/webhook/x/", ("/karma", "/karma"), ("webhook", "x")),
        ("/karmas/x", ("/karma/", ""), ("karmas", "x")),
        ("/karma", ("/karma", ""), ("",)),
        ("/karma/karma", ("/karma", "/karma"), ("karma",)),
        ("", ("", ""), ("",)),
    ],
)
def test_the_path_begins_below_the_add_ons_root(
    path: str, prefixes: tuple[str, str], expected: tuple[str, ...]
) -> None:
    root, base = prefixes
    scope = {"method": "GET", "path": path, "root_path": root}
    assert HttpRequest(scope, _never, base).parts == expected


async def _never() -> MutableMapping[str, Any]:
    raise AssertionError


@given(st.text("/ab"), st.text("/ab"))
def test_a_prefix_is_removed_at_whole_parts_only(path: str, prefix: str) -> None:
    found = relative_path(path, (prefix,))
    assert path.endswith(found)
    assert found == path or not found or found.startswith("/")


def test_fields_are_read_with_their_last_value() -> None:
    assert read_fields("a=1&a=2&b=&c=%C3%BC+x") == {"a": "2", "b": "", "c": "ü x"}
    assert read_fields(b"") == {}


@pytest.mark.parametrize("text", [b"\xff=1", "a=%ff", "&".join(["a=1"] * 1_001)])
def test_fields_that_cannot_be_read_are_refused(text: str | bytes) -> None:
    with pytest.raises(BadFormError):
        read_fields(text)


@given(st.binary(max_size=200))
def test_any_form_is_read_or_refused(text: bytes) -> None:
    with contextlib.suppress(BadFormError):
        assert isinstance(read_fields(text), dict)
