from __future__ import annotations

import pytest

from hipkit.cli.failures import ExitCode
from hipkit.cli.options import global_options
from hipkit.client.policy import Policy
from tests.unit.cli.conftest import Hipkit, Server


@pytest.mark.parametrize("before", [True, False])
def test_global_options_work_before_or_after_the_command(
    before: bool, server: Server, hipkit: Hipkit
) -> None:
    server.answer({"id": 1})
    options = ["--json", "--base-url", "https://other.example.com/v2", "--timeout", "3"]
    command = ["call", "get-room", "ops"]

    ended = hipkit(*(options + command if before else command + options))

    assert ended.json == {"id": 1}
    assert server.requests[0].host == "other.example.com"
    assert server.options[0].timeout_seconds == 3


def test_the_last_value_of_a_global_option_wins(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    hipkit(
        "--timeout", "3", "call", "--timeout", "4", "get-room", "ops", "--timeout", "5"
    )

    assert server.options[0].timeout_seconds == 5


def test_a_deadline_of_0_is_no_deadline(server: Server, hipkit: Hipkit) -> None:
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
def test_a_token_on_the_command_line_is_a_usage_error(
    arguments: list[str], server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit(*arguments)

    assert ended.code == 2
    assert "HIPCHAT_TOKEN" in ended.err
    assert "--token-file" in ended.err
    assert "mine" not in ended.err
    assert server.requests == []


def test_default_values_in_the_help_are_those_of_the_client() -> None:
    shown = {option.opts[0]: option.default for option in global_options()}

    assert shown["--timeout"] == Policy().timeout
    assert shown["--deadline"] == Policy().deadline
    assert shown["--retries"] == Policy().retries


def test_the_hidden_option_token_is_never_suggested(hipkit: Hipkit) -> None:
    ended = hipkit("--tokem", "x")
    assert ended.code == ExitCode.USAGE
    assert "'--token'" not in ended.err
    assert "'--token-file'" in hipkit("--token-fil", "x").err
