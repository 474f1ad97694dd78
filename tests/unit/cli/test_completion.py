from __future__ import annotations

import sys

import pytest

from hipkit.cli.commands import run
from tests.unit.cli.conftest import Hipkit


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed_for_each_shell(
    shell: str, hipkit: Hipkit
) -> None:
    ended = hipkit("completion", shell)

    assert ended.code == 0
    assert "_HIPKIT_COMPLETE" in ended.out
    assert ended.err == ""


def complete(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setenv("_HIPKIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    run([])
    return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("hipkit to", ["token"]),
        ("hipkit call get-room-st", ["get-room-statistics"]),
        ("hipkit call get-room --exp", ["--expand"]),
        ("hipkit call get-room ops --jso", ["--json"]),
        ("hipkit send ops --color gr", ["green", "gray"]),
        ("hipkit call add-member r u --room-roles room_m", ["room_member"]),
    ],
)
def test_commands_operations_and_options_are_completed(
    words: str,
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert complete(words, monkeypatch, capsys) == expected


def test_completion_does_not_read_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert complete("hipkit call get-session - --exp", monkeypatch, capsys) == [
        "--expand"
    ]
