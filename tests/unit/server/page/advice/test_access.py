"""Advice on calls that were refused for their token."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.server.services.access.missing import Missing
from tests.unit.server.page.failing import advice, call, room, token, user

PRIVATE = "This room is private, and you are not a member of it"
OTHER_ROOM = "This token is limited to one room, and this is another one"


def test_an_unknown_token_is_kept_with_few_scopes() -> None:
    headers = (("authorization", "Bearer ***"),)
    problem = "Invalid OAuth session"

    unknown = advice(call(401, token_id=None, headers=headers, problem=problem))

    assert unknown.commands == (
        "hipkit admin token add --room 'ROOM' --name NAME --value @FILE",
    )
    assert (
        "with `--scope view_room --scope send_notification` instead of `--room`"
        in unknown.text
    )


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Token ***", "scheme is `Token`, and HipChat's is `Bearer`: send"),
        ("***", "has no scheme before the token: send `Authorization: Bearer TOKEN`"),
        ("Basic ***", "scheme is `Basic`, for a name and a password"),
        ("Bearer ***", "The token is missing."),
        (None, "The token is missing."),
    ],
)
@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("/v2/room", "Authenticated requests only. Send a token in the"),
        ("/v1/rooms/list", "Auth token not found. Send it as auth_token."),
    ],
)
def test_a_header_without_a_token_gets_what_is_wrong_with_it(
    header: str | None, text: str, target: str, problem: str
) -> None:
    headers = () if header is None else (("authorization", header),)

    lacking = call(401, token_id=None, target=target, headers=headers, problem=problem)

    assert text in advice(lacking).text


def test_a_token_in_the_query_counts_beside_a_header_of_something_else() -> None:
    headers = (("authorization", "Basic ***"),)
    target = "/v2/room?auth_token=***"

    unknown = advice(call(401, token_id=None, headers=headers, target=target))

    assert "unknown to this server" in unknown.text


def test_an_archived_room_is_to_be_opened_in_its_settings() -> None:
    refused = call(403, problem="This room is archived: nothing can be said in it")

    assert "Switch off Archived" in advice(refused, token()).text
    assert advice(refused, token()).address == ""
    assert advice(refused, token(), room()).address == "/rooms/3/settings"


def test_a_room_that_does_not_exist_is_named_to_the_token_of_another() -> None:
    refused = call(401, target="/v1/rooms/message", problem=OTHER_ROOM, room="Onn")
    of_room = token(kind="room notification", room_id=4, user_id=None)

    unknown = advice(
        refused,
        of_room,
        missing=Missing(kind="room", reference="Onn"),
        token_room=room("Alerts"),
    )
    other = advice(refused, of_room, room("Onn"), token_room=room("Alerts"))

    assert unknown.text == (
        "No room is called `Onn`, and the token is for the room `Alerts` only: change the room"
        " in the program."
    )
    assert "for the room `Alerts` only, and the program names another" in other.text
    by_id = Missing(kind="room", reference="17")
    assert "No room has the id `17`" in advice(refused, of_room, missing=by_id).text


def test_what_concerns_all_rooms_needs_another_token_than_that_of_one() -> None:
    refused = call(403, problem="This token is limited to one room", room=None)

    assert "this concerns all rooms" in advice(refused, token()).text


def test_the_owner_of_a_token_is_added_to_a_private_room() -> None:
    refused = call(403, problem=PRIVATE)

    shown = advice(refused, token(), room("War `room`"), owner=user())
    hidden = advice(refused, token(), owner=user())

    assert "the token's owner `Bot` is not a member of it" in shown.text
    assert shown.commands == ("hipkit admin room member 'War `room`' @Bot",)
    assert shown.address == "/rooms/3/settings"
    assert (hidden.commands, hidden.address) == ((), "")
    assert "Whoever administers the room can add them" in hidden.text


@pytest.mark.parametrize(
    ("problem", "text", "commands"),
    [
        (
            "Only this room's owner and administrators may do that",
            "`Bot` is none. Make them one",
            ("hipkit admin room member Ops @Bot --admin",),
        ),
        ("Only the group's administrators may do that", "`Bot` is none. Use an", ()),
        ("This action needs a user's token", "create a personal token", ()),
        ("The owner of a room stays its member", "the line above says why", ()),
    ],
)
def test_whoever_lacks_a_right_is_named_with_the_way_to_get_it(
    problem: str, text: str, commands: tuple[str, ...]
) -> None:
    refused = advice(call(403, problem=problem), token(), room(), owner=user())

    assert text in refused.text
    assert refused.commands == commands


def test_missing_scopes_are_named_beside_those_that_the_token_has() -> None:
    failed = call(403, problem="needs u'view_room' or u'admin_room'")

    lacking = advice(failed, token("view_messages view_group", name="old `bot`"))

    assert "has `view_group` and `view_messages`" in lacking.text
    assert "needs `view_room` or `admin_room`" in lacking.text
    assert lacking.commands == (
        "hipkit admin token revoke 7",
        "hipkit admin token add --user 5 --scope view_group --scope view_messages"
        " --scope view_room --name 'old `bot`' --value @FILE",
    )
    assert lacking.address == "/tokens"
    assert "has no scope" in advice(failed, token("")).text
    assert "--name" not in advice(failed, token("")).commands[1]


def test_a_room_notification_token_that_reads_the_room_gets_what_works() -> None:
    failed = call(403, problem="needs [u'view_group', u'view_room']")
    of_room = token(
        "send_notification", kind="room notification", user_id=None, name="hypchat"
    )

    lacking = advice(failed, of_room)

    assert "look the room up before they post" in lacking.text
    assert "a personal token with `send_notification` and `view_room`" in lacking.text
    assert lacking.commands == (
        "hipkit admin token revoke 7",
        "hipkit admin token add --user USER --scope send_notification --scope view_room"
        " --name hypchat --value @FILE",
    )
    assert (lacking.label, lacking.address) == ("Tokens", "/tokens")


def test_an_add_on_that_lacks_a_scope_is_not_sent_to_the_page() -> None:
    failed = call(403, problem="needs u'view_room'")

    lacking = advice(failed, token(kind="room client", client_id="bot", user_id=None))

    assert "its OAuth client to have it" in lacking.text
    assert not lacking.address
    assert not lacking.commands


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"exceeded": ("messages", 30)}, "30 a minute to one room or user"),
        ({"exceeded": ("messages", 30)}, "`hipkit serve --messages`"),
        ({"exceeded": ("user calls", 100)}, "a user's token may make 100"),
        ({"exceeded": ("client calls", 500)}, "of a room or an add-on may make 500"),
        ({"exceeded": ("client calls", 500)}, "`hipkit serve --client-calls`"),
        ({"exceeded": ("strangers' calls", 9)}, "without a valid token"),
        ({"exceeded": ("calls of an address", 3_000)}, "one address may make 3000"),
        ({}, "Too many calls at once"),
    ],
)
@pytest.mark.parametrize(
    ("status", "target"), [(429, "/v2/room"), (403, "/v1/rooms/list")]
)
def test_a_call_too_many_gets_the_limit_that_it_exceeded(
    status: int, target: str, members: dict[str, Any], text: str
) -> None:
    assert text in advice(call(status, target=target, **members)).text
