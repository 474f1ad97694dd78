"""Parameters of headers, in the spellings that programs and hostile senders give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.errors import BadRequestError
from hipkit.server.http.header_values import CHARSETS, decode_words, parse_parameters


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("attachment", {}),
        ("", {}),
        (";;; ;", {}),
        ("a; filename=b.txt", {"filename": "b.txt"}),
        ('a;FileName = "b c.txt" ; name=file', {"filename": "b c.txt", "name": "file"}),
        ('a; filename="b;c=d.txt"; name="x"', {"filename": "b;c=d.txt", "name": "x"}),
        (r'a; filename="b\"c\\d.txt"', {"filename": r'b"c\d.txt'}),
        (r'a; filename="C:\dir\b.txt"', {"filename": r"C:\dir\b.txt"}),
        ('a; filename="b', {"filename": "b"}),
        ('a; filename="b\\', {"filename": "b\\"}),
        ("a; x=1; x=2", {"x": "1"}),
        ("a; filename*=UTF-8''%C3%A9.txt", {"filename": "é.txt"}),
        ("a; filename*=''%C3%A9", {"filename": "é"}),
        ("a; filename*=%C3%A9", {"filename": "é"}),
        ("a; filename*=iso-8859-1'de'%e9", {"filename": "é"}),
        ("a; filename*=utf-8''%ff.txt", {"filename": "\ufffd.txt"}),
        ("a; filename=\"e.txt\"; filename*=utf-8''%C3%A9", {"filename": "é"}),
        ("a; filename*=utf-8''%C3%A9; filename=e.txt", {"filename": "é"}),
        ("a; filename*0=a; filename*1=b.txt", {"filename": "ab.txt"}),
        ("a; filename*1*=%A9; filename*0*=utf-8''%C3", {"filename": "é"}),
        ("a; filename*0*=utf-8''%C3%A9; filename*1=%41", {"filename": "é%41"}),
        ("a; filename*0=a; filename*2=c", {"filename": "a"}),
        ("a; filename*5=x; filename=y", {"filename": "y"}),
    ],
)
def test_parameters_are_read(text: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(text) == parameters


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"a; filename*={charset}''%41"
            for charset in ("idna", "undefined", "punycode", "\0", "bogus", "base64")
        ),
        "a; filename*0*=idna''%41",
        "a; filename*=punycode''" + "a-" * 3_000,
        f"a; filename*{'9' * 4_400}*=x",
        "a; filename*x=y",
        "a; *=x",
    ],
)
def test_an_unreadable_parameter_is_400(text: str) -> None:
    with pytest.raises(BadRequestError):
        parse_parameters(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain.txt", "plain.txt"),
        ("=?utf-8?B?w7xiZXIudHh0?=", "über.txt"),
        ("=?UTF-8?b?w7xiZXIudHh0?=", "über.txt"),
        ("=?utf-8?Q?gr=C3=BC=C3=9Fe_1.txt?=", "grüße 1.txt"),
        ("=?iso-8859-1?Q?gr=FC=DFe?=.txt", "grüße.txt"),
        ("=?utf-8*de?Q?=C3=BC?=", "ü"),
        ("=?utf-8?B?w7x?=", "ü"),
        ("a =?utf-8?Q?=C3=BC?= b", "a ü b"),
        ("=?utf-8?Q?=C3=BC?= =?utf-8?Q?=C3=A4?=", "üä"),
        ("=?utf-8?Q?=C3?=\t=?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8?Q?=C3=BC?= =?iso-8859-1?Q?=E4?=", "üä"),
        ("=?shift_jis?B?k/qWew==?=", "日本"),
        ("=?utf-8?Q?=FF?=", "\ufffd"),
        ("=?idna?Q?a?=", "=?idna?Q?a?="),
        ("=?utf-8?B?w?=", "=?utf-8?B?w?="),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("=?utf-8?Q?a", "=?utf-8?Q?a"),
    ],
)
def test_encoded_words_are_read(text: str, read: str) -> None:
    assert decode_words(text) == read


@pytest.mark.parametrize("charset", sorted(CHARSETS))
def test_every_charset_is_one_that_python_has(charset: str) -> None:
    assert parse_parameters(f"a; filename*={charset}''a.txt") == {"filename": "a.txt"}
    assert decode_words(f"=?{charset}?Q?a.txt?=") == "a.txt"


PIECES = (
    *";=\"'*%?\\ \t\n\0é日",
    *("a", "filename", "0", "9" * 20, "utf-8", "idna", "punycode", "''", "%C3"),
    *("=?", "?=", "?B?", "?Q?", "=C3", "=?utf-8?B?"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_header_is_read_or_400(text: str) -> None:
    decode_words(text)
    try:
        parse_parameters(f"a;{text}")
    except BadRequestError:
        return
