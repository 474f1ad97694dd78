"""What advice consists of."""

from __future__ import annotations

from hipkit.server.page.advice.text import codes, link_to_settings


def test_words_are_listed_as_code() -> None:
    assert codes(["a"], "or") == "`a`"
    assert codes(["a", "b"], "and") == "`a` and `b`"
    assert codes([0, 1, "c`d"], "or") == "`0`, `1` or `c'd`"


def test_a_room_that_is_not_seen_has_no_settings() -> None:
    assert link_to_settings(3) == ("Room settings", "/rooms/3/settings")
    assert link_to_settings(None) == ("", "")
