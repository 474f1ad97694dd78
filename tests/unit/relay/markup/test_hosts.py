from __future__ import annotations

from importlib.resources import files

import pytest

from hipkit.relay.markup.hosts import (
    ascii_host,
    looks_like_another,
    named_hosts,
    top_level_domains,
)


def test_every_top_level_domain_is_known() -> None:
    listed = files("hypothesis.vendor").joinpath("tlds-alpha-by-domain.txt")
    _, *names = listed.read_text("ascii").lower().split("\n")
    assert set(filter(None, names)) <= top_level_domains()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("Log in at bank.com, or www.shop.example.", {"bank.com", "shop.example"}),
        ("http://a.example/x?y=b.com c.com/d.com", {"a.example", "c.com"}),
        ("https://localhost:8080", {"localhost"}),
        ("bank.рф", {"bank.xn--p1ai"}),
        ("index.html of node.js 1.2.3", set()),
        ("a.b." * 10_000, set()),
        ("x" * 100_000, set()),
    ],
)
def test_a_text_names_the_hosts_that_it_reads_as(text: str, hosts: set[str]) -> None:
    assert named_hosts(text) == hosts


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("WWW.Example.com.", "www.example.com"),
        ("m%C3%BCnchen.example", "xn--mnchen-3ya.example"),
        ("\uff42ank\uff0ecom", "bank.com"),
        ("é" * 64, "%C3%A9" * 64),
        ("a b\n.com", "a%20b%0A.com"),
        ("[::1]", "[::1]"),
    ],
)
def test_a_host_is_written_in_one_way(host: str, written: str) -> None:
    assert ascii_host(host) == written


@pytest.mark.parametrize(
    ("host", "looks"),
    [
        ("b\u0430nk.com", True),  # A Cyrillic a.
        ("b\u0251nk.com", True),  # A phonetic one.
        ("b\u03bfnk.com", True),  # A Greek omicron.
        ("пример.рф", False),
        ("münchen.de", False),
        ("例子.com", False),
        ("xn--99999999.com", False),
        ("bank.com", False),
    ],
)
def test_a_host_of_similar_letters_looks_like_another(host: str, looks: bool) -> None:
    assert looks_like_another(ascii_host(host)) is looks
