from __future__ import annotations

import io
import json
import sys

import pytest

from hipkit.cli.output import harmless, one_line, write, write_json, write_stderr
from tests.scripted import error_answer
from tests.unit.cli.conftest import Hipkit, Server


def test_control_characters_of_a_server_never_reach_the_terminal(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(
        {"id": 1, "name": "a\x1b]0;title\x07\x9b2J"},
        error_answer(404, "gone\x1b[2J\x9b"),
    )

    good = hipkit("call", "get-room", "ops")
    bad = hipkit("call", "get-room", "ops")

    assert r"\x1b]0;title\x07\x9b2J" in good.out
    for letter in "\x1b\x07\x9b":
        assert letter not in good.out + bad.err


NASTY = "a\x1b[31mred\x07\x9b2J\u202eevil\x00\r\u2066"


def test_control_characters_become_visible_escapes() -> None:
    assert harmless(NASTY) == r"a\x1b[31mred\x07\x9b2J\u202eevil\x00\x0d\u2066"


def test_line_ends_tabs_and_other_scripts_are_kept() -> None:
    assert harmless("línea\n二\tthree\r\nfour") == "línea\n二\tthree\nfour"


def test_one_line_removes_every_kind_of_line_end() -> None:
    assert "\n" not in one_line("a\nb\r\nc\u2028d")


def test_json_has_the_same_value_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json({"text": NASTY})

    out = capsys.readouterr().out
    assert json.loads(out) == {"text": NASTY}
    assert out == harmless(out)


def test_an_error_is_one_line_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_stderr(f"server said {NASTY}\nand more")

    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err == harmless(err)


def test_letters_outside_the_terminals_encoding_are_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)

    write("Grüße")
    stream.seek(0)

    assert stream.read() == "Gr\\xfc\\xdfe\n"
