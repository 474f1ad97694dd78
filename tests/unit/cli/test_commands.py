from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hipkit.cli.commands import COMMANDS, run
from hipkit.version import VERSION
from tests.scripted import error_answer
from tests.unit.cli.conftest import Hipkit, Server


def test_version_prints_the_version(hipkit: Hipkit) -> None:
    assert hipkit("--version") == (0, f"hipkit {VERSION}\n", "")


def test_without_a_command_the_help_is_printed_and_the_exit_code_is_2(
    hipkit: Hipkit,
) -> None:
    ended = hipkit()

    assert ended.code == 2
    assert all(name in ended.err for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nonsense"], "unknown command"),
        (["tial"], "unknown command, did you mean tail? Available commands: send,"),
        (["get-room", "ops"], "did you mean hipkit call get-room?"),
        (["admin", "usr"], "unknown command, did you mean user? Available"),
        (["admin", "user", "lst"], "unknown command, did you mean list? Available"),
        (["call", "nonsense"], "unknown operation. To see all"),
        (["call", "get_rom"], "unknown operation, did you mean get-room? To see all"),
        (["token", "check", "--operation", "get-rom"], "did you mean get-room?"),
        (["call", "get-room"], "Missing argument"),
        (["call", "get-room", "ops", "too", "much"], "2 unexpected arguments"),
        (
            ["call", "get-room", "ops", "--nonsense"],
            "Available options: --expand, --raw,",
        ),
        (
            ["send", "ops", "x", "--colour", "red"],
            "Available options: --color, --notify,",
        ),
        (["admin", "room", "add", "--nonsense"], "Available options: "),
        (["--nonsense"], "Available options: --version, --help, --base-url,"),
        (["call", "get-room-history", "o", "--date", "2016-09-09"], "needs a time and"),
        (
            ["call", "get-room-history", "o", "--date", "soon"],
            "recent or a date such as 2016-",
        ),
        (
            ["call", "get-room-history", "o", "--end-date", "2016-09-09T12:30:00"],
            "offset",
        ),
        (
            ["call", "get-room-history", "o", "--end-date", "recent"],
            "must be a date such as",
        ),
        (["call", "get-room", ".."], "would call another operation"),
        (["call", "get-room", "\udcff"], "is not UTF-8"),
        (["call", "create-global-action", "k", "--name", "{x"], "is not JSON"),
        (["call", "create-global-action", "k", "--name", "@/nowhere"], "No such file"),
        (["call", "get-all-rooms", "--max-results", "many"], "not a valid integer"),
        (["call", "update-photo", "me", "--photo", "/nowhere"], "does not exist"),
        (["--timeout", "0", "call", "get-room", "ops"], "--timeout"),
        (["--token-file", "/nowhere", "call", "get-room", "ops"], "does not exist"),
        (["--base-url", "ftp://x", "call", "get-room", "ops"], "https://"),
        (["--base-url", "http://x/v2", "call", "get-room", "ops"], "use --allow-http"),
        (["--ca-file", __file__, "call", "get-room", "ops"], "no PEM certificates"),
        (["completion", "tcsh"], "tcsh"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_invalid_command_line_is_one_line_and_exit_code_2(
    arguments: list[str], expected: str, server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit(*arguments)

    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("hipkit: ")
    assert ended.err.count("\n") == 1
    assert expected in ended.err
    assert server.requests == []


def test_unexpected_arguments_are_not_repeated_in_the_error(hipkit: Hipkit) -> None:
    ended = hipkit("send", "Dev", "Ops", "launch-code")

    assert ended.code == 2
    assert "launch-code" not in ended.err


def test_with_json_a_usage_error_is_json(hipkit: Hipkit) -> None:
    ended = hipkit("call", "get-room", "--json")

    assert ended.error["exit_code"] == ended.code == 2


def test_ctrl_c_prints_nothing_and_the_exit_code_is_130(
    server: Server, hipkit: Hipkit
) -> None:
    server.fail(KeyboardInterrupt())

    assert hipkit("call", "get-room", "ops") == (130, "", "")


def test_a_full_disk_is_one_line_and_exit_code_1(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")
    server.answer({"id": 1})
    with full.open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        code = run(["call", "get-room", "ops"], transport=server)

    assert code == 1
    assert capsys.readouterr().err == "hipkit: No space left on device\n"


def test_a_closed_standard_output_is_an_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer({"id": 1})
    monkeypatch.setattr(sys, "stdout", None)

    assert run(["call", "get-room", "ops"], transport=server) == 1
    assert "standard output is closed" in capsys.readouterr().err


def test_a_closed_pipe_prints_nothing_and_the_exit_code_is_141(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer({"id": 1})
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        code = run(["call", "get-room", "ops"], transport=server)

    assert code == 141
    assert capsys.readouterr().err == ""


def test_a_closed_standard_error_does_not_change_the_exit_code(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer(error_answer(404))
    monkeypatch.setattr(sys, "stderr", None)

    assert run(["call", "get-room", "ops"], transport=server) == 6
