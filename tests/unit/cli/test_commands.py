from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hipkit.cli.commands import COMMANDS, run
from hipkit.cli.options import global_options
from hipkit.client.exchange import Policy
from hipkit.version import VERSION
from tests.scripted import refusal
from tests.unit.cli.conftest import Hipkit, Server


def test_the_version_is_told(hipkit: Hipkit) -> None:
    assert hipkit("--version") == (0, f"hipkit {VERSION}\n", "")


def test_without_a_command_the_help_comes_and_the_code_is_2(hipkit: Hipkit) -> None:
    ended = hipkit()

    assert ended.code == 2
    assert all(name in ended.err for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "unknown command"),
        (["call", "nonsense"], "unknown operation"),
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
def test_a_wrong_command_line_is_one_line_and_code_2(
    arguments: list[str], told: str, server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit(*arguments)

    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("hipkit: ")
    assert ended.err.count("\n") == 1
    assert told in ended.err
    assert server.requests == []


def test_what_is_too_much_is_not_repeated(hipkit: Hipkit) -> None:
    ended = hipkit("send", "Dev", "Ops", "launch-code")

    assert ended.code == 2
    assert "launch-code" not in ended.err


def test_a_missing_address_is_named(
    hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIPCHAT_BASE_URL")

    ended = hipkit("call", "get-room", "ops")

    assert ended.code == 2
    assert "HIPCHAT_BASE_URL" in ended.err
    assert "use --base-url" in ended.err


def test_a_missing_token_is_named(
    hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIPCHAT_TOKEN")

    ended = hipkit("call", "get-room", "ops")

    assert ended.code == 2
    assert "HIPCHAT_TOKEN" in ended.err
    assert "use --token-file" in ended.err


@pytest.mark.parametrize("before", [True, False])
def test_global_options_stand_before_or_after_the_command(
    before: bool, server: Server, hipkit: Hipkit
) -> None:
    server.answer({"id": 1})
    options = ["--json", "--base-url", "https://other.example.com/v2", "--timeout", "3"]
    command = ["call", "get-room", "ops"]

    ended = hipkit(*(options + command if before else command + options))

    assert ended.json == {"id": 1}
    assert server.requests[0].host == "other.example.com"
    assert server.options[0].timeout_seconds == 3


def test_the_later_place_of_an_option_wins(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    hipkit(
        "--timeout", "3", "call", "--timeout", "4", "get-room", "ops", "--timeout", "5"
    )

    assert server.options[0].timeout_seconds == 5


def test_the_deadline_may_be_lifted(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    hipkit("call", "get-room", "ops", "--deadline", "0")

    assert server.options[0].deadline is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--token", "mine", "call", "get-room", "ops"],
        ["call", "get-room", "ops", "--token=mine"],
        ["send", "ops", "hi", "--token", "mine"],
    ],
)
def test_a_token_among_the_arguments_is_refused(
    arguments: list[str], server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit(*arguments)

    assert ended.code == 2
    assert "HIPCHAT_TOKEN" in ended.err
    assert "--token-file" in ended.err
    assert "mine" not in ended.err
    assert server.requests == []


def authorization(server: Server) -> str:
    return dict(server.requests[0].headers)["Authorization"]


def test_the_token_comes_from_a_file(
    server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("from-the-file \nsecond line\n")

    hipkit("call", "delete-room", "ops", "--token-file", str(path))

    assert authorization(server) == "Bearer from-the-file"


def test_the_token_comes_from_standard_input(server: Server, hipkit: Hipkit) -> None:
    hipkit("call", "delete-room", "ops", "--token-file", "-", stdin=b"from-stdin\n")

    assert authorization(server) == "Bearer from-stdin"


@pytest.mark.parametrize(
    ("content", "told"), [(b"\n", "is empty"), (b"\xff", "UTF-8"), (b"a b", "space")]
)
def test_an_unfit_token_file_is_refused(
    content: bytes, told: str, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)

    ended = hipkit("call", "delete-room", "ops", "--token-file", str(path))

    assert ended.code == 2
    assert told in ended.err


def test_standard_input_serves_one_purpose(server: Server, hipkit: Hipkit) -> None:
    ended = hipkit("send", "ops", "--token-file", "-", stdin=b"token\ntext")

    assert ended.code == 2
    assert "cannot be both" in ended.err
    assert server.requests == []


def test_usage_errors_are_json_too(hipkit: Hipkit) -> None:
    ended = hipkit("call", "get-room", "--json")

    assert ended.error["exit_code"] == ended.code == 2


def test_verbose_tells_every_request(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    ended = hipkit("call", "get-room", "ops", "--verbose", "--json")

    assert ended.json == {"id": 1}
    assert "GET /room/ops -> 200" in ended.err
    assert ended.err.count("\n") == 1


def test_waits_are_announced(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    limited = refusal(429, retry_after="3")
    server.answer(limited, {"id": 1}, limited, {"id": 1})

    ended = hipkit("call", "get-room", "ops")
    assert ended.err.startswith("hipkit: waiting 3.")
    assert "429" in ended.err
    ended = hipkit("call", "get-room", "ops", "--json")
    assert '{"wait":{"seconds":3' in ended.err


def test_ctrl_c_is_quiet(server: Server, hipkit: Hipkit) -> None:
    server.fail(KeyboardInterrupt())

    assert hipkit("call", "get-room", "ops") == (130, "", "")


def test_a_server_cannot_reach_the_terminal(server: Server, hipkit: Hipkit) -> None:
    server.answer(
        {"id": 1, "name": "a\x1b]0;title\x07\x9b2J"}, refusal(404, "gone\x1b[2J\x9b")
    )

    good = hipkit("call", "get-room", "ops")
    bad = hipkit("call", "get-room", "ops")

    assert r"\x1b]0;title\x07\x9b2J" in good.out
    for letter in "\x1b\x07\x9b":
        assert letter not in good.out + bad.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_completion(shell: str, hipkit: Hipkit) -> None:
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


def test_completion_does_not_wait_for_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert complete("hipkit call get-session - --exp", monkeypatch, capsys) == [
        "--expand"
    ]


def test_a_full_disk_is_an_error_and_not_a_stack_trace(
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


def test_a_closed_standard_output_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer({"id": 1})
    monkeypatch.setattr(sys, "stdout", None)

    assert run(["call", "get-room", "ops"], transport=server) == 1
    assert "standard output is closed" in capsys.readouterr().err


def test_a_closed_pipe_is_silent(
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


def test_a_closed_standard_error_changes_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer(refusal(404))
    monkeypatch.setattr(sys, "stderr", None)

    assert run(["call", "get-room", "ops"], transport=server) == 6


def test_the_help_names_the_defaults_of_the_client() -> None:
    shown = {option.opts[0]: option.default for option in global_options()}

    assert shown["--timeout"] == Policy().timeout
    assert shown["--deadline"] == Policy().deadline
    assert shown["--retries"] == Policy().retries
