"""`hipkit relay`: a file or a command comes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Hipkit


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["--help"], "hipkit relay [OPTIONS] FILE | COMMAND"),
        ([], "hipkit relay [OPTIONS]"),
        (["run", "--help"], "hipkit relay run [OPTIONS] FILE"),
        (["relay.toml", "--help"], "hipkit relay run [OPTIONS] FILE"),
        (["--port", "0", "relay.toml", "--help"], "hipkit relay run [OPTIONS] FILE"),
        (["check", "--help"], "hipkit relay check [OPTIONS] FILE"),
        (["--json", "check", "--help"], "hipkit relay check [OPTIONS] FILE"),
        (["try", "--help"], "hipkit relay try [OPTIONS] ROUTE TEXT"),
    ],
    ids=" ".join,
)
def test_a_command_may_be_left_out_before_a_file(
    hipkit: Hipkit, arguments: list[str], usage: str
) -> None:
    done = hipkit("relay", *arguments)
    assert f"Usage: {usage}" in done.out + done.err


def test_a_file_that_is_called_as_a_command_is_given_by_a_path(
    hipkit: Hipkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("check").write_text("")

    done = hipkit("relay", "./check")

    assert done.err == "hipkit: check: it has no route: add a table [[route]]\n"


def test_a_word_that_is_no_command_is_taken_for_a_file(hipkit: Hipkit) -> None:
    done = hipkit("relay", "ops.toml")
    assert done.err == "hipkit: ops.toml: No such file or directory\n"


def test_a_misspelt_command_gets_a_suggestion(hipkit: Hipkit) -> None:
    done = hipkit("relay", "chekc")
    assert done.err == "hipkit: no such file or command, did you mean check?\n"


def test_only_the_file_and_options_are_taken(hipkit: Hipkit) -> None:
    assert "1 unexpected argument" in hipkit("relay", "a.toml", "check").err
