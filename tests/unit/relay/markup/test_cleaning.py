from __future__ import annotations

import pytest

from hipkit.relay.markup.cleaning import (
    clean_line,
    clean_text,
    host_elsewhere,
    safe_url,
)


def test_controls_and_overrides_of_direction_are_left_out() -> None:
    assert clean_text("a\x07b\u202ec\u2066d\x85e") == "abcde"


def test_what_has_no_utf8_becomes_a_replacement_character() -> None:
    assert clean_text("a\0b\ud83dc") == "a\ufffdb\ufffdc"


def test_lines_end_with_a_line_feed() -> None:
    assert clean_text("a\r\nb\rc\u2028d") == "a\nb\nc\nd"


def test_letters_of_all_scripts_and_joiners_stay() -> None:
    text = "שלום ‏مرحبا 👩‍🚀 e\u0301"
    assert clean_text(text) == text


def test_a_line_has_no_line_end_and_a_limit() -> None:
    assert clean_line(" Build\n  bot ") == "Build bot"
    assert clean_line("x" * 20, 10) == "xxxxxxxxx…"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//example.com/x",
        "/files/x",
        "ftp://example.com",
        "https://ann:secret@example.com/",
        "mailto:x@here",
        "mailto:x@all.example.com",
        "https://" + "x" * 3000,
        "",
        None,
    ],
)
def test_other_addresses_are_none(url: str | None) -> None:
    assert safe_url(url) is None


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        (" https://example.com/a?b=c&d=e#f ", "https://example.com/a?b=c&d=e#f"),
        ("HTTP://example.com", "HTTP://example.com"),
        ("https://example.com/@here", "https://example.com/%40here"),
        ("https://example.com/a|b>c`d\\e", "https://example.com/a%7Cb%3Ec%60d%5Ce"),
        ("https://example.com/é", "https://example.com/%C3%A9"),
        ("https://München.example:80/é", "https://xn--mnchen-3ya.example:80/%C3%A9"),
        ("mailto:ann@example.com?subject=x", "mailto:ann@example.com?subject=x"),
    ],
)
def test_a_safe_address_ends_in_no_markup(url: str, safe: str) -> None:
    assert safe_url(url) == safe


@pytest.mark.parametrize(
    ("shown", "url", "host"),
    [
        ("https://bank.example/login", "https://evil.example/x", "evil.example"),
        ("see http://bank.example now", "https://evil.example/", "evil.example"),
        ("www.bank.example", "https://evil.example", "evil.example"),
        ("https://bank.example@evil.example", "https://evil.example", "evil.example"),
        (
            "https://bank.example.",
            "https://bank.example.evil.example",
            "bank.example.evil.example",
        ),
        ("https://ci.example/1", "https://ci.example:8080/2", None),
        ("CI.example: https://CI.example", "https://www.ci.example/2", None),
        ("https://münchen.example", "https://m%C3%BCnchen.example/", None),
        ("bank.example", "https://evil.example/bank.example", "evil.example"),
        ("Log in: Bank.COM/login now", "https://evil.example", "evil.example"),
        ("my_host.example", "https://my_host.example/", None),
        ("_bank.example_", "https://evil.example", "evil.example"),
        ("(bank.example:8080)", "https://evil.example", "evil.example"),
        ("bank。example", "https://evil.example", "evil.example"),
        ("bank\u200b.example", "https://evil.example", "evil.example"),
        ("b\u0430nk.example", "https://evil.example", "evil.example"),
        ("bank.example", "https://b\u0430nk.example/", "xn--bnk-6cd.example"),
        ("b\u0430nk.example", "https://xn--bnk-6cd.example/", "xn--bnk-6cd.example"),
        (
            "https://b\u0430nk.example/",
            "https://xn--bnk-6cd.example/",
            "xn--bnk-6cd.example",
        ),
        ("https://xn--bnk-6cd.example/", "https://xn--bnk-6cd.example/", None),
        ("www.ci.example", "https://ci.example", None),
        ("ci.example/a.b/main.py", "https://ci.example/a.b/main.py", None),
        (
            "https://ci.example/?to=https://b.example",
            "https://ci.example/x",
            "ci.example",
        ),
        (
            "https://ci.example/?to=https://b.example",
            "https://ci.example/?to=https://b.example",
            None,
        ),
        ("main.js", "https://ci.example/main.js", None),
        # Paraguay: a bank could be there.
        ("main.py", "https://ci.example/main.py", "ci.example"),
        ("system.cpu is 3.5", "https://ci.example/", None),
        ("src/main.py", "https://ci.example/", None),
        ("ann.smith@mail.example", "https://ci.example/ann", None),
        ("mail https://a.example", "mailto:ann@b.example", None),
    ],
)
def test_a_link_that_reads_as_another_address_is_told_by_its_host(
    shown: str, url: str, host: str | None
) -> None:
    assert host_elsewhere(shown, url) == host
