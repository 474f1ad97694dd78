from __future__ import annotations

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
