from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.scripted import error_answer
from tests.unit.cli.conftest import Hipkit, Server


def test_without_a_base_url_the_error_names_the_variable_and_the_option(
    hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIPCHAT_BASE_URL")

    ended = hipkit("call", "get-room", "ops")

    assert ended.code == 2
    assert "HIPCHAT_BASE_URL" in ended.err
    assert "use --base-url" in ended.err


def test_without_a_token_the_error_names_the_variable_and_the_option(
    hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIPCHAT_TOKEN")

    ended = hipkit("call", "get-room", "ops")

    assert ended.code == 2
    assert "HIPCHAT_TOKEN" in ended.err
    assert "use --token-file" in ended.err


def authorization(server: Server) -> str:
    return dict(server.requests[0].headers)["Authorization"]


def test_the_token_is_the_first_line_of_the_token_file(
    server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("from-the-file \nsecond line\n")

    hipkit("call", "delete-room", "ops", "--token-file", str(path))

    assert authorization(server) == "Bearer from-the-file"


def test_the_token_can_be_read_from_standard_input(
    server: Server, hipkit: Hipkit
) -> None:
    hipkit("call", "delete-room", "ops", "--token-file", "-", stdin=b"from-stdin\n")

    assert authorization(server) == "Bearer from-stdin"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\n", "is empty"), (b"\xff", "UTF-8"), (b"a b", "space")],
)
def test_an_invalid_token_file_is_a_usage_error(
    content: bytes, expected: str, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)

    ended = hipkit("call", "delete-room", "ops", "--token-file", str(path))

    assert ended.code == 2
    assert expected in ended.err


def test_verbose_logs_each_request(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    ended = hipkit("call", "get-room", "ops", "--verbose", "--json")

    assert ended.json == {"id": 1}
    assert "GET /room/ops -> 200" in ended.err
    assert ended.err.count("\n") == 1


def test_a_wait_is_reported_with_its_reason(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    limited = error_answer(429, retry_after="3")
    server.answer(limited, {"id": 1}, limited, {"id": 1})

    ended = hipkit("call", "get-room", "ops")
    assert ended.err.startswith("hipkit: waiting 3.")
    assert "429" in ended.err
    ended = hipkit("call", "get-room", "ops", "--json")
    assert '{"wait":{"seconds":3' in ended.err


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        '[profiles.ops]\nbase-url = "https://ops.example.com/v2"\n'
        f"token-command = ['{sys.executable}', '-c', "
        f"\"open('{tmp_path}/runs', 'a').write('x'); print('of-the-profile')\"]\n"
        "retries = 0\n"
    )
    monkeypatch.setenv("HIPKIT_CONFIG", str(path))
    return path


def test_a_profile_sets_url_and_token_whatever_the_environment_holds(
    server: Server, hipkit: Hipkit, profiles: Path
) -> None:
    ended = hipkit("--profile", "ops", "call", "delete-room", "ops")

    assert ended.code == 0, ended.err
    assert authorization(server) == "Bearer of-the-profile"
    assert server.requests[0].host == "ops.example.com"


def test_the_token_command_runs_once_for_a_command(
    server: Server, hipkit: Hipkit, profiles: Path, tmp_path: Path
) -> None:
    server.answer({"access_token": "x", "scopes": []})

    hipkit("token", "check", "--profile", "ops")

    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.parametrize(
    "command", [("call", "delete-room", "ops"), ("token", "check")]
)
def test_a_token_goes_to_the_address_beside_which_it_was_read(
    server: Server, hipkit: Hipkit, profiles: Path, command: tuple[str, ...]
) -> None:
    script = (
        f"p = r'{profiles}'; text = open(p).read();"
        " open(p, 'w').write(text.replace('ops.example.com', 'other.example.com'));"
        " print('of-the-profile')"
    )
    profiles.write_text(
        profiles.read_text().partition("token-command")[0]
        + f"""token-command = ['{sys.executable}', '-c', \"\"\"{script}\"\"\"]\n"""
    )

    hipkit(*command, "--profile", "ops")

    assert "other.example.com" in profiles.read_text()
    assert server.requests[0].host == "ops.example.com"


@pytest.mark.parametrize(
    "other", [["--base-url", "https://other/v2"], ["--token-file", "-"]]
)
def test_a_profile_is_not_mixed_with_another_source(
    server: Server, hipkit: Hipkit, profiles: Path, other: list[str]
) -> None:
    ended = hipkit("call", "delete-room", "ops", "--profile", "ops", *other, stdin=b"t")

    assert ended.code == 2
    assert "leave out --base-url and --token-file" in ended.err
    assert not server.requests


def test_options_replace_those_of_the_profile(
    server: Server, hipkit: Hipkit, profiles: Path
) -> None:
    server.answer(error_answer(503), error_answer(503))
    hipkit("call", "get-room", "ops", "--profile", "ops")
    once = len(server.requests)
    server.answer(error_answer(503), {"id": 1})
    hipkit("call", "get-room", "ops", "--profile", "ops", "--retries", "1")

    assert (once, len(server.requests)) == (1, 3)


def test_an_unknown_profile_is_a_usage_error(hipkit: Hipkit, profiles: Path) -> None:
    ended = hipkit("call", "get-room", "ops", "--profile", "opss")

    assert ended.code == 2
    assert "no profile 'opss', did you mean ops?" in ended.err
