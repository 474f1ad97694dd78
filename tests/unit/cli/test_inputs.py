from __future__ import annotations

import codecs
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from hipkit.cli.inputs import Since
from tests.scripted import headers_of
from tests.unit.cli.conftest import Hipkit, Server


def test_standard_input_cannot_be_both_token_and_message(
    server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("send", "ops", "--token-file", "-", stdin=b"token\ntext")

    assert ended.code == 2
    assert "cannot be both" in ended.err
    assert server.requests == []


CARD = {"style": "application", "id": "1", "title": "Build 7"}


def test_standard_input_that_is_not_utf8_is_a_usage_error(
    server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("send", "ops", stdin=b"abc\xff")

    assert ended.code == 2
    assert "byte 3" in ended.err
    assert server.requests == []


def marked(text: str) -> dict[str, bytes]:
    """Write a text as editors and shells of Windows do."""
    return {
        "utf-8": codecs.BOM_UTF8 + text.encode(),
        "utf-16-le": codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        "utf-16-be": codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        "utf-32-le": codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_files_and_standard_input_are_decoded_by_their_byte_order_mark(
    encoding: str, server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    card, token = tmp_path / "card.json", tmp_path / "token"
    card.write_bytes(marked(json.dumps({**CARD, "title": "Größe"}))[encoding])
    token.write_bytes(marked("fromAFile\r\nsecond line\r\n")[encoding])
    ended = hipkit(
        "send", "ops", "--card", str(card), "--token-file", str(token),
        stdin=marked("línea 1\n")[encoding],
    )  # fmt: skip
    assert ended == (0, "", "")
    assert server.sent == {"message": "línea 1", "card": {**CARD, "title": "Größe"}}
    assert headers_of(server.requests[0])["authorization"] == "Bearer fromAFile"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xfea", "not UTF-16 at byte 0"),
        (b"\xef\xbb\xbfa\xff", "not UTF-8 at byte 1"),
        (b"a\xff", "not UTF-8 at byte 1"),
    ],
)
def test_bytes_that_do_not_fit_the_byte_order_mark_are_a_usage_error(
    data: bytes, expected: str, server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_bytes(data)
    ended = hipkit("send", "ops", "hi", "--token-file", str(path))
    assert ended.code == 2
    assert expected in ended.err
    ended = hipkit("send", "ops", stdin=data)
    assert ended.code == 2
    assert expected in ended.err
    assert server.requests == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("2016-09-09", datetime(2016, 9, 9).astimezone()),
        ("2016-09-09T10:00:00Z", datetime(2016, 9, 9, 10, tzinfo=UTC)),
    ],
)
def test_a_time_in_the_past_is_a_duration_or_a_date(
    text: str, expected: timedelta | datetime
) -> None:
    assert Since().convert(text, None, None) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "h", "-2h", "2 h", "2x", "30m2h", "²h", "9999999d", "yesterday"),
        *("2016-09-09T10:00:00", "2016-13-01", "0000-01-01"),
    ],
)
def test_another_time_in_the_past_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Since().convert(text, None, None)
