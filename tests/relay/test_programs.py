"""What programs written for HipChat send arrives in Matrix: text, links, colour and author.

Their requests are sent byte for byte (`tests/data/programs`) to a relay that knows none of them,
each program after the other.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.replaying import PROGRAMS, Replay
from tests.e2e.test_old_programs_in_relay_mode import NAMES, NOT_TOLD
from tests.relay.homeserver import Homeserver
from tests.relay.relaying import RoomFeed, matrix_route, relaying
from tests.relay.showing import is_shown


@dataclass
class Relayed:
    """A relay, and the room of Matrix where all of it arrives."""

    replay: Replay
    feed: RoomFeed

    def arrived(self) -> list[dict[str, Any]]:
        """Return what arrived since the last call."""
        end = str(uuid.uuid4())
        status, _, _ = self.replay.server.call(
            "POST", "/room/The%20end/notification", {"message": end}, token="any"
        )
        assert status == 204
        return [event["content"] for event in self.feed.until(end)][:-1]

    def history(self) -> list[dict[str, Any]]:
        """Return what the relay itself keeps of a room, the oldest first."""
        status, _, page = self.replay.server.call(
            "GET", "/room/Dev%20Ops/history/latest?max-results=1000"
        )
        found: list[dict[str, Any]] = json.loads(page)["items"] if status == 200 else []
        return found


@pytest.fixture(scope="module")
def relayed(
    homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Relayed]:
    folder = tmp_path_factory.mktemp("relay")
    reader, bot = homeserver.register_anybody(), homeserver.register_anybody()
    room_id = reader.create_room("programs")
    route = matrix_route(folder, bot, "#programs:matrix.example.com")
    senders = '[senders]\nrooms = { 1 = "Dev Ops" }\n'
    (folder / "relay.toml").write_text(senders + route)
    with relaying(folder) as relay:
        yield Relayed(Replay(relay, dict(NAMES)), RoomFeed(reader, room_id))
        relay.stop()
        assert "Traceback" not in "".join(relay.stderr_lines)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_what_an_old_program_says_arrives_in_matrix(
    path: Path, relayed: Relayed
) -> None:
    before = {message["id"] for message in relayed.history()}
    program = json.loads(path.read_text())
    for call in program["calls"]:
        text = relayed.replay.filled(call["request"] + call.get("body", ""))
        if not NOT_TOLD.search(text):
            relayed.replay.call(call)

    said = [each for each in relayed.history() if each["id"] not in before]
    events = relayed.arrived()

    assert len(said) >= len(program["said"]["room"])
    left = iter(events)
    for message in said:
        # In order: each is found behind the one before it.
        shown = (event.get("formatted_body", event["body"]) for event in left)
        assert any(is_shown(message, html) for html in shown), json.dumps(
            [message, *events], indent=1, ensure_ascii=False
        )
