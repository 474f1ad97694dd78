"""Webhooks of `hipkit serve`, across its death."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from tests.e2e.serving import Running, admin, serving
from tests.unit.server.receiving import Answer, Posted, Receiver, json_answer, receiving

OPTIONS = ("--no-rate-limits", "--webhook-network", "127.0.0.0/8")


def set_webhook(server: Running, receiver: Receiver) -> None:
    body = {"url": receiver.url, "event": "room_message"}
    assert server.call("POST", "/room/Ops/webhook", body)[0] == 201


def say(server: Running, text: str) -> None:
    assert server.call("POST", "/room/Ops/message", {"message": text})[0] == 201


def text_of(posted: Posted) -> str:
    text: str = posted.json["item"]["message"]["message"]
    return text


def test_a_killed_server_delivers_everything_after_its_restart(tmp_path: Path) -> None:
    is_held, release = threading.Event(), threading.Event()

    def hold_the_third(posted: Posted) -> Answer:
        if text_of(posted) == "2" and not is_held.is_set():
            is_held.set()
            release.wait(60)
        return json_answer({"message": f"got {text_of(posted)}"})

    with receiving() as receiver:
        receiver.answer = hold_the_third
        with serving(tmp_path, *OPTIONS) as server:
            server.call("POST", "/room", {"name": "Ops"})
            set_webhook(server, receiver)
            for number in range(6):
                say(server, str(number))
            assert is_held.wait(60)
            server.process.kill()
            server.process.wait()
        release.set()

        with serving(tmp_path, *OPTIONS) as server:
            say(server, "6")
            got: list[str] = []
            while "6" not in got:
                got.append(text_of(receiver.next()))
            assert server.stop() == 0
        with serving(tmp_path, *OPTIONS) as server:
            items = json.loads(server.call("GET", "/room/Ops/history")[2])["items"]

    # At least once and in order: only what was under way comes twice.
    assert got == ["0", "1", "2", "2", "3", "4", "5", "6"]
    answers = [i["message"] for i in items if i["type"] == "notification"]
    assert answers == [f"got {number}" for number in range(7)]


def test_a_stop_lets_a_delivery_finish(tmp_path: Path) -> None:
    is_held, release = threading.Event(), threading.Event()

    def hold(posted: Posted) -> Answer:
        is_held.set()
        release.wait(60)
        return Answer()

    with receiving() as receiver:
        receiver.answer = hold
        with serving(tmp_path, *OPTIONS) as server:
            server.call("POST", "/room", {"name": "Ops"})
            set_webhook(server, receiver)
            say(server, "once")
            assert is_held.wait(60)
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            release.set()
            stopping.join()
        receiver.all()
        with serving(tmp_path, *OPTIONS) as server:
            say(server, "next")
            assert text_of(receiver.next()) == "next"


def test_webhooks_are_looked_after_from_the_shell(tmp_path: Path) -> None:
    with receiving() as receiver, serving(tmp_path, *OPTIONS) as server:
        receiver.answer = lambda posted: Answer(500)
        server.call("POST", "/room", {"name": "Ops"})
        set_webhook(server, receiver)
        say(server, "hello")
        receiver.next()
        receiver.answer = lambda posted: Answer(204)

        assert admin(tmp_path, "webhook", "resume", "1") == {"id": 1, "resumed": True}
        assert text_of(receiver.next()) == "hello"
        assert admin(tmp_path, "webhook", "delete", "1") == {"id": 1, "deleted": True}
        assert server.call("GET", "/room/Ops/webhook/1")[0] == 404


def test_webhooks_get_what_the_command_line_does_while_a_server_runs(
    tmp_path: Path,
) -> None:
    with receiving() as receiver, serving(tmp_path, *OPTIONS) as server:
        server.call("POST", "/room", {"name": "Ops"})
        body = {"url": receiver.url, "event": "room_archived"}
        assert server.call("POST", "/room/Ops/webhook", body)[0] == 201

        admin(tmp_path, "room", "archive", "Ops")

        assert receiver.next().json["item"]["room"]["is_archived"] is True


def test_an_internal_address_is_refused_without_the_option(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.call("POST", "/room", {"name": "Ops"})
        body = {"url": "http://127.0.0.1:8070/", "event": "room_message"}
        assert server.call("POST", "/room/Ops/webhook", body)[0] == 400
