"""A homeserver with limits, which answers 429: what waits arrives all the same, in order."""

from __future__ import annotations

import re
from pathlib import Path

from tests.relay.homeserver import running
from tests.relay.relaying import RoomFeed, matrix_route, relaying

NOTIFICATIONS = 12
REFUSED = re.compile(r"Processed request: .* 429 .*\"PUT ")


def test_everything_arrives_once_and_in_order_however_often_it_has_to_wait(
    tmp_path: Path,
) -> None:
    limit = {"per_second": 1, "burst_count": 3}
    with running(tmp_path / "synapse", rate_limit=limit) as server:
        reader, bot = server.register_anybody(), server.register_anybody()
        room_id = reader.create_room()
        (tmp_path / "relay.toml").write_text(matrix_route(tmp_path, bot, room_id))
        feed = RoomFeed(reader, room_id)
        with relaying(tmp_path) as relay:
            for number in range(NOTIFICATIONS):
                status, _, _ = relay.call(
                    "POST",
                    "/room/Builds/notification",
                    {"message": f"number {number}."},
                    token="any",
                )
                assert status == 204
            events = feed.until(f"number {NOTIFICATIONS - 1}.")

    texts = [event["content"]["body"] for event in events]
    assert texts == [f"🟡 Relay: number {number}." for number in range(NOTIFICATIONS)]
    assert any(REFUSED.search(line) for line in server.lines)
