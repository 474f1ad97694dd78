from __future__ import annotations

import msgspec
import pytest

from hipkit.server.services.messages.mentions import Mentions, read_mentions


@pytest.mark.parametrize(
    "mentions", [Mentions(), Mentions(users=(3, 5)), Mentions(everybody=("here",))]
)
def test_mentions_are_read_as_they_were_stored(mentions: Mentions) -> None:
    assert read_mentions(msgspec.json.encode(mentions).decode()) == mentions
