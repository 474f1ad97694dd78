"""Where a client sends to: what is accepted, and what is refused and why."""

from __future__ import annotations

import pytest

from hipkit.client.settings import (
    HIPCHAT,
    Variables,
    find_profile_file,
    find_site,
    find_token,
    is_this_machine,
    parse_site,
)


@pytest.mark.parametrize(
    ("url", "shown", "host", "port", "path"),
    [
        (
            "https://chat.example.com/v2",
            "https://chat.example.com/v2",
            "chat.example.com",
            443,
            "/v2",
        ),
        (
            "https://chat.example.com/v2/",
            "https://chat.example.com/v2",
            "chat.example.com",
            443,
            "/v2",
        ),
        (
            "https://chat.example.com:8443/a/b/v2",
            "https://chat.example.com:8443/a/b/v2",
            "chat.example.com",
            8443,
            "/a/b/v2",
        ),
        (
            "http://127.0.0.1:8070/v2",
            "http://127.0.0.1:8070/v2",
            "127.0.0.1",
            8070,
            "/v2",
        ),
        ("http://[::1]:8070/v2", "http://[::1]:8070/v2", "::1", 8070, "/v2"),
        (
            "https://[2001:db8::1]/v2",
            "https://[2001:db8::1]/v2",
            "2001:db8::1",
            443,
            "/v2",
        ),
        (
            "https://Chat.Example.com/my chat",
            "https://chat.example.com/my%20chat",
            "chat.example.com",
            443,
            "/my%20chat",
        ),
        (
            "https://b\u00fccher.example/v2",
            "https://xn--bcher-kva.example/v2",
            "xn--bcher-kva.example",
            443,
            "/v2",
        ),
        (
            "https://chat.example.com",
            "https://chat.example.com",
            "chat.example.com",
            443,
            "",
        ),
    ],
)
def test_a_base_url_is_taken_apart(
    url: str, shown: str, host: str, port: int, path: str
) -> None:
    site = parse_site(url, allow_http=False)
    assert (str(site), site.host, site.port, site.path) == (shown, host, port, path)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("chat.example.com/v2", "https://"),
        ("ftp://chat.example.com/v2", "https://"),
        ("https://", "host"),
        ("https://chat.example.com:port/v2", "cannot be read"),
        ("https://[::1/v2", "cannot be read"),
        ("https://user:hunter2@chat.example.com/v2", "password"),
        ("https://chat.example.com/v2?auth_token=hunter2", "path"),
        ("https://chat.example.com/v2#hunter2", "path"),
        ("https://chat.example.com/../v2", "'..'"),
        ("https://chat.example.com/%2E%2e/v2", "'..'"),
        ("http://chat.example.com/v2", "allow_http"),
        ("http://10.0.0.5/v2", "allow_http"),
        ("http://localhost.example.com/v2", "allow_http"),
        ("http://127.0.0.1.example.com/v2", "allow_http"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_refused_with_the_reason(
    url: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_site(url, allow_http=False)
    assert "hunter2" not in str(caught.value)


def test_plain_http_to_another_machine_needs_an_explicit_yes() -> None:
    assert parse_site("http://chat.example.com/v2", allow_http=True).scheme == "http"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "localhost.",
    ],
)
def test_this_machine_is_recognised(host: str) -> None:
    assert is_this_machine(host)


def test_the_environment_is_asked_when_there_is_no_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PETSTORE_BASE_URL", "https://env.example.com/v2")
    monkeypatch.setenv("PETSTORE_TOKEN", "fromTheEnvironment")
    given, default = "https://arg.example.com/v2", "https://default.example.com"
    names = Variables("PETSTORE")

    def host_of(base_url: str | None, variable: str) -> str:
        site = find_site(base_url, variable=variable, default=default, allow_http=False)
        return site.host

    assert host_of(None, names.base_url) == "env.example.com"
    assert host_of(given, names.base_url) == "arg.example.com"
    assert host_of(None, HIPCHAT.base_url) == "default.example.com"
    assert find_token(names.token) == "fromTheEnvironment"
    assert find_token(HIPCHAT.token) is None


def test_without_any_address_the_error_says_how_to_give_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HIPCHAT_BASE_URL", raising=False)
    with pytest.raises(ValueError, match="HIPCHAT_BASE_URL"):
        find_site(None, variable=HIPCHAT.base_url, allow_http=False)


def test_a_zone_is_part_of_the_host_and_encoded_in_addresses() -> None:
    site = parse_site("http://[fe80::1%25lo]:8070/v2", allow_http=True)
    assert site.host == "fe80::1%lo"
    assert str(site) == "http://[fe80::1%25lo]:8070/v2"


def test_spaces_around_a_base_url_are_passed_over() -> None:
    site = parse_site(" https://chat.example.com/v2\n", allow_http=False)
    assert str(site) == "https://chat.example.com/v2"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://h/v2\r\nX: y", "must not have line ends"),
        ("https://h /v2", "spaces in its host"),
        ("https://h\t/v2", "must not have line ends"),
        ("https://h:0/v2", "must have a port of 1 to 65535"),
        ("https://h:99999/v2", "cannot be read; give it as https://host/path"),
        ("h.example/v2", "must start with https:// (or http://) and name a host"),
        ("https://" + "x" * 64 + "ü/v2", "host cannot be read"),
    ],
)
def test_a_base_url_that_would_go_elsewhere_is_refused_with_the_reason(
    url: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=r"^the base URL") as caught:
        parse_site(url, allow_http=False)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HIPKIT_CONFIG": "/etc/hipkit.toml"}, "/etc/hipkit.toml"),
        ({"XDG_CONFIG_HOME": "/xdg"}, "/xdg/hipkit/config.toml"),
        ({"XDG_CONFIG_HOME": ""}, "/home/jane/.config/hipkit/config.toml"),
    ],
)
def test_the_file_of_profiles_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/jane")
    for name in ("HIPKIT_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert str(find_profile_file()) == expected
