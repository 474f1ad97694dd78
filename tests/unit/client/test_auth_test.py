"""Checking whether a call would be allowed."""

from __future__ import annotations

import pytest

from hipkit import (
    BadRequestError,
    NotFoundError,
)
from hipkit.v2 import (
    GetPhoto,
    GetRoom,
    SendRoomNotification,
)
from tests.scripted import (
    KINDS,
    TOKEN,
    Kind,
    answer,
    connect,
    done,
    error_answer,
    script_for,
)

ROOM = answer({"id": 7, "name": "Ops"})


both = pytest.mark.parametrize("kind", KINDS)


@both
def test_an_auth_test_checks_without_carrying_out(kind: Kind) -> None:
    shown = {"success": {"code": 202, "type": "Accepted", "message": "It may."}}
    script = script_for(kind, answer(shown, 202), answer(None, 202))
    client = connect(kind, script)
    outcome = done(client.auth_test(SendRoomNotification("ops", message="hi")))
    assert outcome
    assert (outcome.allowed, outcome.status, outcome.lacking_scopes) == (True, 202, ())
    done(client.auth_test(GetRoom("a?b", expand=["owner"])))
    assert script.targets == [
        "/v2/room/ops/notification?auth_test=true",
        "/v2/room/a%3Fb?expand=owner&auth_test=true",
    ]
    assert script.bodies[0] == b'{"message":"hi"}'


@both
def test_an_auth_test_returns_the_lacking_scopes(kind: Kind) -> None:
    message = "This action requires one of the following scopes: [u'admin_room']"
    script = script_for(
        kind, error_answer(403, message), error_answer(403, "no"), error_answer(401)
    )
    client = connect(kind, script)
    shown = done(client.auth_test(GetRoom("ops")))
    assert not shown
    assert (shown.status, shown.lacking_scopes) == (403, ("admin_room",))
    known = done(client.auth_test(GetRoom("ops")))
    assert known.lacking_scopes == ("view_group", "view_room")
    bad = done(client.auth_test(GetRoom("ops")))
    assert (bad.allowed, bad.status, bad.lacking_scopes) == (False, 401, ())


@both
def test_an_auth_test_never_quotes_the_token(kind: Kind) -> None:
    for status in (401, 403):
        script = script_for(kind, error_answer(status, f"the token {TOKEN} is no good"))
        outcome = done(connect(kind, script).auth_test(GetRoom("ops")))
        assert TOKEN not in repr(outcome)
        assert "is no good" in outcome.message


@both
def test_an_auth_test_that_fails_for_another_reason_raises(kind: Kind) -> None:
    for status, error in ((404, NotFoundError), (400, BadRequestError)):
        script = script_for(kind, error_answer(status, f"what about {TOKEN}?"))
        with pytest.raises(error) as caught:
            done(connect(kind, script).auth_test(GetRoom("ops")))
        assert TOKEN not in str(caught.value)


@both
def test_an_auth_test_that_a_server_carries_out_all_the_same_was_allowed(
    kind: Kind,
) -> None:
    picture = answer(None, 302, location="https://files.example.com/1.png")
    script = script_for(kind, picture, ROOM, answer(b"garbage"))
    client = connect(kind, script)
    assert done(client.auth_test(GetPhoto("@jane", "big"))).status == 302
    assert done(client.auth_test(GetRoom("ops"))).allowed
    assert done(client.auth_test(GetRoom("ops"))).allowed
