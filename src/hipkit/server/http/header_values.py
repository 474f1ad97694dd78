"""Reads the parameters of a header, in every way that text beyond ASCII is written there (pure).

`filename*=utf-8''%C3%A9` and `filename*0*=...` are of RFC 2231, `=?utf-8?B?w6k=?=` of RFC 2047:
.NET and libraries for mail write them. By hand, since the standard library's parser fails in many
ways on what is hostile, and takes any codec of Python for a charset.
"""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

from hipkit.api.errors import BadRequestError

__all__ = ["decode_words", "parse_parameters"]

PIECE = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))*', re.DOTALL)
"""One parameter; in quotes it may hold semicolons. Each letter is read once."""
ESCAPED = re.compile(r'\\(["\\])')
STARRED = re.compile(r"([^*]+)\*(?:([0-9]{1,3})(\*?))?")
"""Its name, the number of a section, and whether that section is percent-encoded."""
WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
CODED = re.compile(rb"=([0-9A-Fa-f]{2})")

CHARSETS = frozenset(
    (
        *("utf-8", "utf8", "us-ascii", "ascii", "latin-1", "latin1"),
        *(f"iso-8859-{number}" for number in range(1, 17) if number != 12),
        *(f"windows-{number}" for number in range(1250, 1259)),
        *(f"cp{number}" for number in range(1250, 1259)),
        *("koi8-r", "koi8-u", "gb2312", "gbk", "gb18030", "big5", "euc-kr", "euc-jp"),
        *("shift_jis", "iso-2022-jp", "cp932", "tis-620", "macintosh"),
    )
)
"""The charsets of names in use. Python also has codecs that are none, and some are slow."""


def parse_parameters(text: str) -> dict[str, str]:
    """Return a header's parameters; their names in lower case, and of two alike the first.

    A percent-encoded form goes before the plain one, which old programs send beside it.

    Raises:
        BadRequestError: One is in no charset that is known, or in too many sections.
    """
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    place = PIECE.match(text)
    while place is not None and place.end() < len(text):
        place = PIECE.match(text, place.end() + 1)
        name, equals, value = ("" if place is None else place[0]).partition("=")
        name, value = name.strip().lower(), _unquoted(value.strip())
        if not equals or not name:
            continue
        if "*" not in name:
            plain.setdefault(name, value)
            continue
        starred = STARRED.fullmatch(name)
        if starred is None:
            raise BadRequestError("A header has a parameter that cannot be read")
        base, number, is_coded = starred.groups()
        of_name = sections.setdefault(base, {})
        of_name.setdefault(int(number or 0), (value, is_coded != ""))
    joined = {name: _joined(found) for name, found in sections.items()}
    return plain | {name: value for name, value in joined.items() if value}


def decode_words(text: str) -> str:
    """Return a text with its encoded words as they are meant; others stay as they came."""
    found: list[tuple[str, bytes] | str] = []
    end = 0
    for word in WORD.finditer(text):
        charset, encoding, coded = word[1].lower(), word[2].lower(), word[3]
        between, end = text[end : word.start()], word.end()
        data = _word(encoding, coded) if charset in CHARSETS else None
        follows = bool(found) and isinstance(found[-1], tuple)
        if between and not (follows and data is not None and between.isspace()):
            found.append(between)
        if data is None:
            found.append(word[0])
        elif found and isinstance(found[-1], tuple) and found[-1][0] == charset:
            # A letter may be cut in two by the end of a word.
            found[-1] = (charset, found[-1][1] + data)
        else:
            found.append((charset, data))
    pieces = (
        one if isinstance(one, str) else one[1].decode(one[0], "replace")
        for one in (*found, text[end:])
    )
    return "".join(pieces)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    inner = value[1:-1] if len(value) > 1 and value.endswith('"') else value[1:]
    return ESCAPED.sub(r"\1", inner)


def _joined(sections: dict[int, tuple[str, bool]]) -> str:
    """Join the sections up to the first that is missing."""
    charset = "utf-8"
    data = b""
    for number in range(len(sections)):
        if number not in sections:
            break
        value, is_coded = sections[number]
        if number == 0 and is_coded and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
            charset = charset.strip().lower() or "utf-8"
            if charset not in CHARSETS:
                raise BadRequestError("A header has a parameter in an unknown charset")
        data += (
            unquote_to_bytes(value) if is_coded else value.encode(charset, "replace")
        )
    return data.decode(charset, "replace")


def _word(encoding: str, coded: str) -> bytes | None:
    raw = coded.encode("ascii", "replace")
    if encoding == "q":
        return CODED.sub(
            lambda found: bytes.fromhex(found[1].decode()), raw.replace(b"_", b" ")
        )
    try:
        return binascii.a2b_base64(raw + b"==")
    except binascii.Error:
        return None
