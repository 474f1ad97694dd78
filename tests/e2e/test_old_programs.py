"""What programs written for HipChat send, byte for byte, to a real server.

`tests/data/programs` holds their requests, as such a program sent them to a server that was set
up as here; what was not the same from run to run has a name in braces. Beside each request
stands how it is answered, and at the end what is left of it all in the room and with a person.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.serving import PATIENCE_SECONDS, Running, admin, serving

PROGRAMS = sorted(Path("tests/data/programs").glob("*.json"))
PUBLIC_URL = "https://chat.example.com"


@dataclass
class Replay:
    """A server, and the values that stand for the names in braces."""

    server: Running
    names: dict[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def call(self, call: Mapping[str, Any]) -> tuple[int, Any]:
        """Send a recorded request, and return the status and what the answer holds."""
        body = self.filled(call.get("body", "")).encode()
        lines = [self.filled(call["request"])]
        for name, value in call["headers"]:
            filled = self.filled(value).replace("{length}", str(len(body)))
            lines.append(f"{name}: {filled}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        parts = urlsplit(self.server.base_url)
        address = (parts.hostname or "", parts.port or 0)
        with socket.create_connection(address, PATIENCE_SECONDS) as connection:
            connection.sendall(head + body)
            answer = http.client.HTTPResponse(connection, method=lines[0].split()[0])
            with contextlib.closing(answer):
                answer.begin()
                content = answer.read()
                return answer.status, json.loads(content) if content else None

    def keep(self, call: Mapping[str, Any], answer: Any) -> None:
        """Name values of an answer that later requests repeat."""
        for name, place in call.get("keep", {}).items():
            value = answer
            for step in place:
                value = value[step]
            self.names[name] = value


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Set a server up, and return its folder and the names of what its programs know."""
    folder = tmp_path_factory.mktemp("prepared")
    with serving(folder) as server:
        for name in ("Jane Doe", "Bob Ray"):
            email = f"{name.split()[0].lower()}@example.com"
            admin(folder, "user", "add", name, email)
        owner = ("--owner", "jane@example.com")
        admin(folder, "room", "add", "Dev Ops", *owner)
        admin(folder, "room", "add", "Secret", *owner, "--private")
        names = names_of(folder, server)
        server.stop()
    return folder, names


@pytest.fixture
def replay(prepared: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Replay]:
    folder, names = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    options = ("--no-rate-limits", "--public-url", PUBLIC_URL)
    with serving(tmp_path, *options) as server:
        yield Replay(server, dict(names))


def names_of(folder: Path, server: Running) -> dict[str, str]:
    token = ("token", "add")
    room = admin(folder, *token, "--room", "Dev Ops", "--name", "Jenkins")
    jane = admin(folder, *token, "--user", "jane@example.com", "--name", "Jane")
    scopes = ("send_notification", "view_room", "view_group", "admin_room")
    more = ("admin_group", "send_message", "manage_rooms", "view_messages")
    chosen = [part for scope in (*scopes, *more) for part in ("--scope", scope)]
    client = admin(folder, "client", "add", "Addon", *chosen)
    return {
        "admin token": server.token,
        "room token": str(room["token"]),
        "jane token": str(jane["token"]),
        "client credentials": basic(f"{client['id']}:{client['secret']}"),
        "wrong credentials": basic(f"{client['id']}:wrong"),
        "root": PUBLIC_URL,
        "host": urlsplit(PUBLIC_URL).netloc,
        "later": "2100-01-01T00%3A00%3A00",
    }


def basic(credentials: str) -> str:
    return base64.b64encode(credentials.encode()).decode()


def said(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a history says, in no order: some programs send several at once."""
    found = []
    for message in page["items"]:
        sender = message["from"]
        told = {
            "from": sender["name"] if isinstance(sender, dict) else sender,
            "message": message["message"],
            "type": message["type"],
        }
        members = ("color", "message_format", "card")
        told |= {m: message[m] for m in members if message.get(m) is not None}
        found.append(told)
    return sorted(found, key=itemgetter("message"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_an_old_program_is_served_as_when_it_was_recorded(
    path: Path, replay: Replay
) -> None:
    program = json.loads(path.read_text())

    for call in program["calls"]:
        status, answer = replay.call(call)
        assert status == call["status"], (call["request"], answer)
        if "members" in call:
            assert sorted(answer) == call["members"], call["request"]
        if "said" in call:
            shown = [item["message"] for item in answer["items"]]
            assert shown == call["said"], call["request"]
        replay.keep(call, answer)

    room = "/room/1/history?date=2100-01-01&timezone=UTC&max-results=1000"
    left = program["said"]
    server = replay.server
    assert said(json.loads(server.call("GET", room)[2])) == sorted(
        left["room"], key=itemgetter("message")
    )
    private = "/user/1/history/latest?max-results=1000"
    _, _, page = server.call("GET", private, token=replay.names["jane token"])
    assert said(json.loads(page)) == sorted(left["private"], key=itemgetter("message"))
    server.stop()
    assert "Traceback" not in "".join(server.told)


def test_there_are_programs_to_replay() -> None:
    assert len(PROGRAMS) > 10
