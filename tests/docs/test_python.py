from __future__ import annotations

import pytest

from hipkit.testing import HipChatServer
from tests.docs.python import run_test


def test_a_test_of_a_page_gets_a_server_of_its_own() -> None:
    seen = []

    def test_in_a_page(hipchat: HipChatServer) -> None:
        seen.append(len(list(hipchat.messages())))
        hipchat.client.rooms.send_room_notification("Room", message="up")

    run_test(test_in_a_page)
    run_test(test_in_a_page)
    assert seen == [0, 0]


def test_what_a_test_of_a_page_asserts_counts() -> None:
    async def test_in_a_page(hipchat: HipChatServer) -> None:
        assert len(list(hipchat.messages())) == 1, "none was sent"

    with pytest.raises(AssertionError):
        run_test(test_in_a_page)
