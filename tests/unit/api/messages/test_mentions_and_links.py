from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.messages.mentions_and_links import (
    derive_mention_name,
    find_in_text,
    is_mention_name,
    split_text,
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
        ("@" + "x" * 50, ("x" * 50,)),
        ("@All @HERE @Allan", ("all", "here", "Allan")),
        ("@gro\u0308\u00dfe", ("größe",)),
        ("@नमस्ते @กิตติ", ("नमस्ते", "กิตติ")),
        ("@\u0301ann", ()),
        ("hi\u00a0@ann,\u3000@bob。", ("ann", "bob")),
        ("http://example.com/@ann?x=@bob", ()),
        ("ann@bob @cy's @dan-lee", ("cy", "dan")),
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
        ("wiki: http://x.test/Pi_(number), ok", ["http://x.test/Pi_(number)"]),
        ("(see http://x.test/Pi_(number))", ["http://x.test/Pi_(number)"]),
        (
            "http://x.test/a!?... *http://x.test/b*",
            ["http://x.test/a", "http://x.test/b"],
        ),
        ('<a href="http://x.test/a">', ["http://x.test/a"]),
        (
            "http://x.test/(smile) http://x.test:80/",
            ["http://x.test/(smile)", "http://x.test:80/"],
        ),
        ("http:// http://... https://) xhttp://y.test", []),
        ("http://[::1]/ http://größe.test/ü", ["http://[::1]/", "http://größe.test/ü"]),
    ],
)
def test_links_are_found(text: str, urls: list[str]) -> None:
    assert [link.url for link in find_in_text(text).links] == urls


@pytest.mark.parametrize(
    ("text", "shortcuts"),
    [
        ("(smile)(tada) (not this) ( x )", ("smile", "tada")),
        ("word(smile)word ((tada))", ("smile", "tada")),
        ("(" + "x" * 51 + ") () (größe)", ()),
        ("http://x.test/(smile)", ()),
        ("(smile) (smile) (SMILE)", ("smile", "SMILE")),
    ],
)
def test_emoticons_are_found(text: str, shortcuts: tuple[str, ...]) -> None:
    assert find_in_text(text).shortcuts == shortcuts


PIECES = st.sampled_from(
    [
        "@",
        "ann",
        "(",
        ")",
        "smile",
        "http://",
        "x.test",
        "/",
        " ",
        ".",
        "[",
        "]",
        "\u0301",
    ]
)


@given(st.text(max_size=300) | st.lists(PIECES, max_size=40).map("".join))
def test_the_pieces_of_any_text_are_the_text(text: str) -> None:
    found = find_in_text(text)

    whole = unicodedata.normalize("NFC", text).lower()
    assert all(f"@{name}".lower() in whole for name in found.mention_names)
    assert all(link.url in text for link in found.links)
    assert all(f"({shortcut})" in text for shortcut in found.shortcuts)
    assert "".join(piece.text for piece in split_text(text)) == text
    for link in found.links:
        assert isinstance(link.name, str)


@pytest.mark.parametrize(
    "unit",
    [
        "@",
        "@a",
        "@a\u0301",
        "http://",
        "http://a.b ",
        "http://a/)",
        "((",
        "()",
        "http://a[",
        "(a",
        "(a)",
        "h",
        "\u0301",
        "@" + "x" * 60,
        "http://" + "x" * 1993 + ")",
    ],
)
def test_a_hostile_text_costs_no_more_than_its_length(unit: str) -> None:
    began = time.perf_counter()

    find_in_text(unit * (32_768 // len(unit)))
    find_in_text("x" + unit * (32_768 // len(unit)) + "x")

    # It takes a tenth of this; what grows with the square of the length takes minutes.
    assert time.perf_counter() - began < 2.0


@given(st.text(max_size=80), st.integers(0, 999))
def test_a_valid_mention_name_is_derived_from_every_name(
    name: str, number: int
) -> None:
    assert is_mention_name(derive_mention_name(name, number))
