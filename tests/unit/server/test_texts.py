from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.services.keys import (
    check_password,
    hash_password,
    new_message_id,
    new_token,
)
from hipkit.server.services.texts import (
    find_in_text,
    is_mention_name,
    is_web_address,
    make_mention_name,
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ann hello", ("ann",)),
        ("hi @Ann, @bob!", ("Ann", "bob")),
        ("@all and @here", ("all", "here")),
        ("ann@example.com", ()),
        ("@größe @運用", ("größe", "運用")),
        ("@ann @ann", ("ann",)),
        ("@@ann", ()),
        ("(@ann)", ("ann",)),
        ("@", ()),
        ("@" + "x" * 51, ()),
    ],
)
def test_mentions_are_found(text: str, names: tuple[str, ...]) -> None:
    assert find_in_text(text).mention_names == names


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see http://example.com.", ["http://example.com"]),
        ("(https://example.com/a_(b))", ["https://example.com/a_(b)"]),
        ("[http://x.test/a]", ["http://x.test/a"]),
        ("HTTP://X.test/?q=1#f", ["HTTP://X.test/?q=1#f"]),
        ("javascript:alert(1) ftp://x", []),
        ("http://a.test http://b.test", ["http://a.test", "http://b.test"]),
    ],
)
def test_links_are_found(text: str, urls: list[str]) -> None:
    assert [link.url for link in find_in_text(text).links] == urls


def test_emoticons_are_found() -> None:
    assert find_in_text("(smile)(tada) (not this) ( x )").shortcuts == ("smile", "tada")


@given(st.text(max_size=300))
def test_any_text_is_searched(text: str) -> None:
    found = find_in_text(text)

    assert all(f"@{name}" in text for name in found.mention_names)
    assert all(link.url in text for link in found.links)
    for link in found.links:
        assert isinstance(link.name, str)


@pytest.mark.parametrize("unit", ["@", "@a", "http://", "((", "http://a[", "(a"])
def test_a_hostile_text_costs_no_more_than_its_length(unit: str) -> None:
    began = time.perf_counter()

    find_in_text(unit * (32_768 // len(unit)))

    assert time.perf_counter() - began < 1.0


@given(st.text(max_size=80), st.integers(0, 999))
def test_every_name_makes_a_mention_name(name: str, number: int) -> None:
    assert is_mention_name(make_mention_name(name, number))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://example.com/x", True),
        ("HTTP://EXAMPLE.COM", True),
        ("javascript:alert(1)", False),
        ("https:///path", False),
        ("https://[::1", False),
        ("https://a b", False),
        (" https://a", False),
        ("//example.com", False),
    ],
)
def test_web_addresses_are_told_from_others(text: str, *, is_one: bool) -> None:
    assert is_web_address(text) is is_one


def test_tokens_are_forty_letters_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(len(token) == 40 and token.isalnum() for token in tokens)


def test_message_ids_are_uuids_that_grow_with_time() -> None:
    ids = [new_message_id(1_700_000_000_000_000 + n * 1_000) for n in range(50)]

    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {36}
    assert {one[14] for one in ids} == {"7"}


def test_a_password_is_known_by_its_hash_alone() -> None:
    stored = hash_password("pässword")

    assert "pässword" not in stored
    assert stored != hash_password("pässword")
    assert check_password("pässword", stored)
    assert not check_password("password", stored)
