"""What is an address of the web, for everything that reads one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.addresses import is_loopback, is_web_address, split_web_address


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/x",
        "HTTP://EXAMPLE.COM",
        "http://user:password@example.com",
        "https://example.com:443/",
        "https://example.com:/",
        "https://[::1]:8080/x?y=z#part",
        "https://bücher.example/ü",
        "https://example.com/\U0001f469\u200d\U0001f4bb",
    ],
)
def test_an_http_url_with_a_host_is_a_web_address(text: str) -> None:
    assert is_web_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "//example.com",
        "javascript:alert(1)",
        "ftp://example.com",
        "https:example.com",
        "https:///path",
        "https://:443/",
        "https://trusted.example\\@example.com/",
        "https://user@/",
        "https://[::1",
        "https://\u2100.example",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:x",
        "https://example.com:-1",
        " https://a",
        "\x01https://a",
        "https://a\x00",
        "htt\tps://a",
        "https://a\r\nX: y",
        "https://a\x7f",
    ],
)
def test_anything_else_is_none_and_is_not_repeated(text: str) -> None:
    assert not is_web_address(text)
    with pytest.raises(ValueError, match=r"^its URL (must|cannot) ") as caught:
        split_web_address(text, "its URL")
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("text", ["https://a b", "https://a/b c", "https://a/\u3000"])
def test_spaces_are_no_part_of_a_web_address(text: str) -> None:
    assert not is_web_address(text)
    assert split_web_address(text).scheme == "https"


@given(st.text() | st.text().map("https://{}".format))
def test_a_text_is_split_without_loss_or_refused(text: str) -> None:
    try:
        parts = split_web_address(text)
    except ValueError:
        return
    assert parts.scheme in ("http", "https")
    assert parts.hostname
    assert parts.port is None or 0 < parts.port < 65536
    rest = text.partition("://")[2]
    assert parts.netloc == rest[: len(parts.netloc)]


def test_loopback_is_the_machine_itself_by_address_or_name() -> None:
    for host in ("127.8.0.1", "[::1]:8070", "localhost:80", "a.localhost", "LOCALHOST"):
        assert is_loopback(f"http://{host}/")
    for host in ("10.0.0.1", "localhost.example", "127.0.0.1.example", "notlocalhost"):
        assert not is_loopback(f"http://{host}/")
