"""The server of the tests on a real port."""

from __future__ import annotations

import sys
from urllib.request import Request, urlopen

import pytest

from hipkit.testing import HipChatServer


def test_it_answers_on_a_real_port_when_asked_for_one(hipchat: HipChatServer) -> None:
    request = Request(  # noqa: S310 - an address of our own
        f"{hipchat.url}/room/{hipchat.room}/notification?auth_token={hipchat.token}",
        data=b"message=hello",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    with urlopen(request) as answer:  # noqa: S310 - an address of our own
        assert answer.status == 204
        assert "X-Ratelimit-Limit" in [name for name, _ in answer.getheaders()]

    assert hipchat.messages()[0].message == "hello"


def test_without_the_extra_only_the_port_is_missing(
    hipchat: HipChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "hipkit.server.serve", raising=False)

    hipchat.client.rooms.send_message(hipchat.room, message="hello")
    with pytest.raises(ModuleNotFoundError, match=r"the extra server: pip install"):
        _ = hipchat.url
