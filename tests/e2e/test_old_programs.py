"""What programs written for HipChat send, byte for byte, to a real server.

`tests/data/programs` holds their requests, as such a program sent them to a server that was set
up as here; what was not the same from run to run has a name in braces. Beside each request
stands how it is answered, and at the end what is left of it all in the room and with a person.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients.setting import prepare, said
from tests.e2e.replaying import PROGRAMS, PUBLIC_URL, Replay
from tests.e2e.serving import serving

MADE_UP_BY_A_SERVER = re.compile(
    r"(?<!\w)(?=\w*\d)(?=\w*[A-Z])[A-Za-z0-9]{40}(?!\w)|hipchat\.com|[0-9a-f]{8}-[0-9a-f]{4}-7"
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Set a server up, and return its folder and the names of what its programs know."""
    folder = tmp_path_factory.mktemp("prepared")
    with serving(folder) as server:
        names = prepare(folder, server)
        server.stop()
    surroundings = {
        "root": PUBLIC_URL,
        "host": urlsplit(PUBLIC_URL).netloc,
        "addon": "https://addon.example.com",
    }
    return folder, names | surroundings | {"later": "2100-01-01T00%3A00%3A00"}


@pytest.fixture
def replay(prepared: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Replay]:
    folder, names = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    options = ("--no-rate-limits", "--public-url", PUBLIC_URL)
    with serving(tmp_path, *options) as server:
        yield Replay(server, dict(names))


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
            assert shown == replay.filled_in(call["said"]), call["request"]
        replay.keep(call, answer)

    left = replay.filled_in(program["said"])
    server = replay.server
    room = "/room/1/history/latest?max-results=1000"
    _, _, page = server.call("GET", room, token=replay.names["reader token"])
    shown = said(json.loads(page))
    for now, recorded in zip(shown, in_order(left["room"]), strict=True):
        if recorded.get("color") == "random":
            recorded["color"] = now["color"]
        assert now == recorded
    private = "/user/1/history/latest?max-results=1000"
    _, _, page = server.call("GET", private, token=replay.names["jane token"])
    assert said(json.loads(page)) == in_order(left["private"])
    server.stop()
    assert "Traceback" not in "".join(server.stderr_lines)


def in_order(left: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(left, key=itemgetter("message"))


def test_there_are_programs_to_replay() -> None:
    assert len(PROGRAMS) > 20


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_recording_holds_neither_tokens_nor_hosts_nor_message_ids(path: Path) -> None:
    found = MADE_UP_BY_A_SERVER.findall(path.read_text())

    assert found == []
