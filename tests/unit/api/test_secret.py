"""Secrets are shown nowhere."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from hipkit.api.free_request import FreeRequest
from hipkit.api.response import Response, SentRequest
from hipkit.api.secret import Secret
from hipkit.api.unreadable import UnreadableItem
from hipkit.v2.models import Token
from hipkit.v2.rooms import SendRoomNotification


def test_a_secret_shows_nothing_and_is_not_stored() -> None:
    secret = Secret("s3cret")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    assert secret.reveal() == "s3cret"
    assert secret == Secret("s3cret") != Secret("other")
    assert len({secret, Secret("s3cret")}) == 1
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(secret)


ITEM = UnreadableItem(
    raw="s3cret",
    where="$.items[0]",
    reason="no",
    index=0,
    start_index=1,
    operation=FreeRequest("POST", "/oauth/token/s3cret", {"a": "s3cret"}, "s3cret"),
)


@pytest.mark.parametrize(
    "value",
    [
        Token(access_token="s3cret", expires_in=5),
        SendRoomNotification("ops", message="s3cret"),
        Response(200, {"a": "s3cret"}, b"s3cret", SentRequest("GET", "https://x/", {})),
        ITEM,
        ITEM.operation,
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_form_that_is_printed_has_a_hidden_field(value: Any) -> None:
    # rich prints the values in a traceback's frames by the second form.
    assert "s3cret" not in f"{value!r} {value.__rich_repr__()}"
    assert "***" in f"{value.__rich_repr__()}"
