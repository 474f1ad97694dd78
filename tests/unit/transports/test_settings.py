from __future__ import annotations

import pytest

from hipkit.transports.httpcore2 import HttpcoreTransport
from hipkit.transports.settings import Proxy, Settings


def settings_in(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return HttpcoreTransport()._settings


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy.example.com:3128", Proxy("http", "proxy.example.com", 3128)),
        ("proxy.example.com:3128", Proxy("http", "proxy.example.com", 3128)),
        ("http://proxy.example.com/", Proxy("http", "proxy.example.com", 80)),
        ("https://proxy.example.com", Proxy("https", "proxy.example.com", 443)),
        ("socks5h://10.0.0.1", Proxy("socks5h", "10.0.0.1", 1080)),
        ("http://[::1]:8080", Proxy("http", "::1", 8080)),
        ("http://me:p%40ss@h:1", Proxy("http", "h", 1, "me", "p@ss")),
        ("http://me@h:1", Proxy("http", "h", 1, "me", None)),
    ],
)
def test_a_proxys_address_is_read(url: str, proxy: Proxy) -> None:
    assert Proxy.from_url(url) == proxy


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:s3cret@h:1",
        "http://me:s3cret@:1",
        "http://me:s3cret@h:port",
        "http://me:s3cret@h:99999",
        "http://[::1",
        "http://",
        "",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_repeating_it(
    url: str,
) -> None:
    with pytest.raises(ValueError, match="http://host:port") as caught:
        HttpcoreTransport(proxy=url)
    assert "s3cret" not in str(caught.value)


def test_a_proxys_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Proxy.from_url("http://me:s3cret@h:1"))


def test_without_anything_set_connections_are_direct() -> None:
    assert HttpcoreTransport()._settings.proxy_for("http", "h", 80) is None


def test_the_lower_case_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(
        monkeypatch, https_proxy="http://lower:1", HTTPS_PROXY="http://upper:2"
    )
    assert settings.proxy_for("https", "h", 443) == Proxy("http", "lower", 1)


def test_an_empty_lower_case_name_turns_the_other_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_in(monkeypatch, https_proxy="", HTTPS_PROXY="http://upper:2")
    assert settings.proxy_for("https", "h", 443) is None


def test_the_name_of_the_scheme_wins_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(
        monkeypatch, ALL_PROXY="http://all:1", HTTP_PROXY="http://plain:2"
    )
    assert settings.proxy_for("http", "h", 80) == Proxy("http", "plain", 2)
    assert settings.proxy_for("https", "h", 443) == Proxy("http", "all", 1)


def test_a_visitors_header_is_not_taken_for_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_in(
        monkeypatch, HTTP_PROXY="http://visitor:1", REQUEST_METHOD="GET"
    )
    assert settings.proxy_for("http", "h", 80) is None
    settings = settings_in(monkeypatch, http_proxy="http://operator:2")
    assert settings.proxy_for("http", "h", 80) == Proxy("http", "operator", 2)


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "is_direct"),
    [
        ("*", "anything", 1, True),
        ("example.com", "example.com", 1, True),
        ("example.com", "chat.example.com", 1, True),
        ("example.com", "CHAT.Example.COM", 1, True),
        ("EXAMPLE.com", "example.com", 1, True),
        ("example.com", "notexample.com", 1, False),
        ("example.com", "example.com.evil.org", 1, False),
        (".example.com", "example.com", 1, True),
        (".example.com", "chat.example.com", 1, True),
        ("*.example.com", "chat.example.com", 1, True),
        ("chat.example.com", "example.com", 1, False),
        ("example.com:8080", "example.com", 8080, True),
        ("example.com:8080", "example.com", 80, False),
        ("a.example, b.example,c.example d.example", "d.example", 1, True),
        ("localhost", "localhost", 1, True),
        ("10.1.2.3", "10.1.2.3", 1, True),
        ("10.1.2.3:80", "10.1.2.3", 81, False),
        ("10.0.0.0/8", "10.1.2.3", 1, True),
        ("10.0.0.0/8", "11.1.2.3", 1, False),
        ("10.0.0.0/8", "::1", 1, False),
        ("10.0.0.0/8", "ten.example", 1, False),
        ("::1", "::1", 1, True),
        ("[::1]", "::1", 1, True),
        ("[::1]:8080", "::1", 8080, True),
        ("[::1]:8080", "::1", 80, False),
        ("fd00::/8", "fd12::1", 1, True),
        ("fd00::/8", "fe80::1", 1, False),
        ("", "example.com", 1, False),
        (" , ,", "example.com", 1, False),
        (".", "example.com", 1, False),
    ],
)
def test_no_proxy_names_hosts_networks_and_ports(
    monkeypatch: pytest.MonkeyPatch,
    no_proxy: str,
    host: str,
    port: int,
    is_direct: bool,
) -> None:
    settings = settings_in(monkeypatch, ALL_PROXY="http://proxy:1", NO_PROXY=no_proxy)
    assert (settings.proxy_for("http", host, port) is None) == is_direct
