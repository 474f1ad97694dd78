from __future__ import annotations

import io
import json
import sys

import pytest

from hipkit.cli.output import harmless, one_line, write, write_json, write_stderr
from hipkit.cli.table import describe, table

NASTY = "a\x1b[31mred\x07\x9b2J\u202eevil\x00\r\u2066"


def test_terminal_escapes_are_shown_and_not_obeyed() -> None:
    assert harmless(NASTY) == r"a\x1b[31mred\x07\x9b2J\u202eevil\x00\x0d\u2066"


def test_line_ends_and_other_scripts_stay() -> None:
    assert harmless("línea\n二\tthree\r\nfour") == "línea\n二\tthree\nfour"


def test_one_line_stays_one_line() -> None:
    assert "\n" not in one_line("a\nb\r\nc\u2028d")


def test_json_keeps_the_value_but_no_terminal_obeys_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json({"text": NASTY})

    out = capsys.readouterr().out
    assert json.loads(out) == {"text": NASTY}
    assert out == harmless(out)


def test_error_lines_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    write_stderr(f"server said {NASTY}\nand more")

    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err == harmless(err)


def test_text_that_the_terminal_cannot_show_is_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)

    write("Grüße")
    stream.seek(0)

    assert stream.read() == "Gr\\xfc\\xdfe\n"


def test_objects_are_lines_of_name_and_value() -> None:
    room = {
        "id": 7,
        "name": "ops",
        "is_archived": False,
        "topic": "one\ntwo",
        "owner": {"name": "Ann", "links": {"self": "x"}},
        "scopes": ["a", "b"],
        "statistics": {"links": {"self": "x"}},
    }

    assert describe(room).splitlines() == [
        "id: 7",
        "name: ops",
        "is_archived: no",
        "topic:",
        "  one",
        "  two",
        "owner:",
        "  name: Ann",
        "scopes: a, b",
    ]


def test_tables_line_up_wide_letters_and_cut_long_texts() -> None:
    lines = table(
        [{"id": 1, "name": "会議室"}, {"id": 22, "name": "x" * 99}]
    ).splitlines()

    assert lines[0] == "ID  NAME"
    assert lines[1] == "1   会議室"
    assert lines[2].endswith("xxx...")
    assert len(lines[2]) == 64
