"""Programs straight against `hipkit serve` with TLS, in the very place of `api.hipchat.com`."""

from __future__ import annotations

import pytest

from hipkit import HipChat
from tests.clients.network import HIPCHAT
from tests.clients.surroundings import AUTHORITY, Surroundings


@pytest.mark.parametrize("program", ["hypchat", "hipchat-notifier", "hipnotify"])
def test_a_program_trusts_the_server_and_follows_its_links(
    program: str, place_without_relay: Surroundings
) -> None:
    place = place_without_relay
    place.run(program)

    authority = place.folder / AUTHORITY / "ca.pem"
    with HipChat(
        place.names["reader token"],
        base_url=f"https://{HIPCHAT}/v2",
        verify=authority,
    ) as client:
        assert client.rooms.get_recent_room_history("Dev Ops").items
