from __future__ import annotations

import pytest

from hipkit.descriptors.data_urls import is_data_url, read_data_url
from hipkit.descriptors.document import LARGEST_DESCRIPTOR


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("data:,{}", b"{}"),
        (
            "data:application/json,%7B%22a%22%3A%20%22%C3%A4%22%7D",
            '{"a": "ä"}'.encode(),
        ),
        ("data:application/json;base64,eyJhIjogMX0=", b'{"a": 1}'),
        ("DATA:application/json;charset=utf-8;BASE64,eyJhIjogMX0", b'{"a": 1}'),
        ("data:;base64,-_-_", b"\xfb\xff\xbf"),
        ("data:;base64,eyJh\nIjog%20MX0%3D", b'{"a": 1}'),
        ("data:;base64x,a,b", b"a,b"),
        ("data:,", b""),
    ],
)
def test_the_content_is_decoded(url: str, content: bytes) -> None:
    assert is_data_url(url)
    assert read_data_url(url) == content


@pytest.mark.parametrize(
    "url",
    ["data:", "data:application/json", "data:;base64,a", "data:;base64,$$$$", "http:,"],
)
def test_what_cannot_be_read_is_an_error_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ValueError, match="the data: URL") as caught:
        read_data_url(url)
    assert url not in str(caught.value) or url == "data:"


def test_a_url_has_a_limit() -> None:
    with pytest.raises(ValueError, match="too long"):
        read_data_url("data:," + "x" * LARGEST_DESCRIPTOR * 4)
