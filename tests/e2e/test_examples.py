"""The programs in `examples/` that people copy, as they run: against a server, on a real port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from examples import disk_alert, fastapi_service, polling_bot
from hipkit.testing import HipChatServer

SECONDS = 30


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HipChatServer]:
    with HipChatServer(room="Dev Ops") as server:
        monkeypatch.setenv("HIPCHAT_BASE_URL", server.url)
        monkeypatch.setenv("HIPCHAT_TOKEN", server.token)
        yield server


def texts(server: HipChatServer) -> list[str | None]:
    return [message.message for message in server.messages()]


def test_a_full_disk_is_an_alert(
    server: HipChatServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert disk_alert.main(["Dev Ops", "--above", "0"]) == 0

    (alert,) = server.messages()
    assert "% full" in (alert.message or "")
    assert alert.color == "red"
    assert capsys.readouterr() == ("", "")


def test_a_disk_with_room_is_none(server: HipChatServer) -> None:
    assert disk_alert.main(["Dev Ops", "--above", "101"]) == 0
    assert texts(server) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Nowhere", "--above", "0"], "404"),
        (["Dev Ops", "--path", "/no/such/path"], "No such file"),
        (["Dev Ops", "--above", "0", "--profile", "none"], "No such file"),
    ],
)
def test_an_alert_that_cannot_be_posted_is_one_line_and_an_exit_code(
    server: HipChatServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("HIPKIT_CONFIG", str(tmp_path / "config.toml"))

    assert disk_alert.main(arguments) == 1

    error = capsys.readouterr().err
    assert error.startswith("disk_alert: ")
    assert error.count("\n") == 1
    assert said in error


def ask(server: HipChatServer, text: str = "!uptime") -> None:
    server.client.rooms.send_message("Dev Ops", message=text)


def answers(server: HipChatServer) -> int:
    return sum(str(text).startswith("Up for") for text in texts(server))


def bot_of(server: HipChatServer, state: Path) -> polling_bot.Bot:
    return polling_bot.Bot(server.client, "Dev Ops", state)


def test_each_question_is_answered_once_even_after_a_restart(
    server: HipChatServer, tmp_path: Path
) -> None:
    state = tmp_path / "bot.json"
    ask(server)  # before the first start
    bot = bot_of(server, state)
    bot.poll()
    assert answers(server) == 0

    for number in range(60):
        ask(server, "!uptime" if number % 20 == 0 else "talk")
    bot.poll()
    bot.poll()
    assert answers(server) == 3

    ask(server)  # while it is stopped
    bot_of(server, state).poll()
    bot_of(server, state).poll()
    assert answers(server) == 4


def test_a_room_without_messages_is_followed_from_the_first(
    server: HipChatServer, tmp_path: Path
) -> None:
    bot = bot_of(server, tmp_path / "bot.json")
    bot.poll()
    ask(server)
    bot.poll()
    assert answers(server) == 1


def test_the_answer_of_a_bot_that_is_killed_is_not_repeated(
    server: HipChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = bot_of(server, tmp_path / "bot.json")
    bot.poll()
    ask(server)

    def killed(_: object) -> str:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(polling_bot, "answer_to", killed)
        with pytest.raises(SystemExit):
            bot.poll()
    bot_of(server, tmp_path / "bot.json").poll()
    assert answers(server) == 0


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"since": 1, "ids": []}', '{"since": "x", "ids": 1}']
)
def test_a_file_that_is_no_state_is_named_and_kept(
    server: HipChatServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    content: str,
) -> None:
    state = tmp_path / "bot.json"
    state.write_text(content)
    # The signals of this process stay as they are.
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    assert polling_bot.main(["Dev Ops", "--state", str(state)]) == 1
    assert "remove it to begin" in capsys.readouterr().err
    assert state.read_text() == content


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_bot_stops_when_it_is_told(
    server: HipChatServer, tmp_path: Path, number: signal.Signals, repository: Path
) -> None:
    command = [sys.executable, "-m", "examples.polling_bot", "Dev Ops"]
    with subprocess.Popen(
        [*command, "--state", str(tmp_path / "bot.json"), "--interval", "600"],
        cwd=repository,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as bot:
        assert bot.stdout is not None
        assert bot.stdout.readline() == "polling_bot: watching Dev Ops\n"
        bot.send_signal(number)
        _, error = bot.communicate(timeout=SECONDS)

    assert (bot.returncode, error) == (0, "")


@pytest.fixture
def service(server: HipChatServer) -> Iterator[TestClient]:
    with TestClient(fastapi_service.app) as service:
        yield service


def test_the_service_announces_a_deployment(
    server: HipChatServer, service: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIPCHAT_ROOM", "Dev Ops")
    body = {"project": "<b>shop</b>", "version": "1.2.0", "succeeded": False}

    assert service.post("/deployments", json=body).status_code == 204

    (message,) = server.messages()
    assert message.message == "<b>shop</b> 1.2.0 could not be deployed"
    assert (message.message_format, message.color) == ("text", "red")


def test_the_service_says_what_went_wrong_in_the_chat(
    server: HipChatServer, service: TestClient
) -> None:
    answer = service.post("/deployments", json={"project": "shop", "version": "1"})

    assert answer.status_code == 502
    assert "404" in answer.json()["detail"]


def test_the_service_checks_what_callers_post(service: TestClient) -> None:
    assert service.post("/deployments", json={"project": ""}).status_code == 422


def test_another_client_can_be_put_in_for_a_test(server: HipChatServer) -> None:
    other = server.async_client_for(server.add_token("view_group"))
    fastapi_service.app.dependency_overrides[fastapi_service.hipchat] = lambda: other
    try:
        with TestClient(fastapi_service.app) as service:
            body = {"project": "shop", "version": "1"}
            assert service.post("/deployments", json=body).status_code == 502
    finally:
        fastapi_service.app.dependency_overrides.clear()
