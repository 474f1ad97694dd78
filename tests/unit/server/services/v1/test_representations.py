from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from hipkit.server.services.representations.timestamps import to_json
from hipkit.server.services.v1.representations import (
    message_in_history,
    room_in_full,
    room_in_list,
    user_in_full,
)
from hipkit.v2 import models as v2

SENT = datetime(2016, 9, 9, 8, 23, 2, 932694, tzinfo=UTC)


@pytest.mark.parametrize(
    ("show", "status"),
    [
        ("away", "away"),
        ("xa", "away"),
        ("dnd", "dnd"),
        ("chat", "available"),
        (None, "available"),
    ],
)
def test_a_presence_has_v1s_name(show: str | None, status: str) -> None:
    presence = v2.Presence(show=show, status="lunch")

    user = user_in_full(v2.User(id=1, presence=presence))

    assert (user.status, user.status_message) == (status, "lunch")


def test_a_user_in_full_has_null_for_what_is_hidden_and_zeros_for_booleans() -> None:
    user = json.loads(to_json(user_in_full(v2.User(id=1, is_group_admin=True))))

    assert (user["email"], user["photo_url"]) == (None, None)
    assert (user["is_group_admin"], user["is_deleted"]) == (1, 0)
    assert (user["status"], user["timezone"], user["last_active"]) == (
        "offline",
        "UTC",
        0,
    )


def test_a_room_is_null_without_guests_in_full_and_empty_in_lists() -> None:
    room = v2.Room(id=3, privacy="private", owner=v2.User(id=7))

    full = json.loads(to_json(room_in_full(room)))

    assert full["guest_access_url"] is None
    assert "participants" not in full
    assert "member_user_ids" not in full
    listed = room_in_list(room)
    assert (listed.guest_access_url, listed.is_private) == ("", True)
    assert listed.owner_user_id == 7


def test_a_room_in_full_names_the_given_participants_and_members() -> None:
    full = room_in_full(v2.Room(id=3), [v2.User(id=1, name="Ann")], [1, 2])

    assert json.loads(to_json(full))["participants"] == [{"user_id": 1, "name": "Ann"}]
    assert full.member_user_ids == [1, 2]


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        (v2.Sender(id=1, name="Ann"), ("Ann", 1)),
        (v2.Sender(name="Guest"), ("Guest", "api")),
        ("Build", ("Build", "api")),
        (None, ("", "api")),
    ],
)
def test_a_sender_who_is_no_user_has_the_id_api(
    sender: v2.Sender | str | None, expected: tuple[str, object]
) -> None:
    message = message_in_history(v2.Message(id="m", date=SENT, from_=sender))

    assert (message.from_.name, message.from_.user_id) == expected


def test_a_date_has_seconds_and_the_offset_of_its_zone() -> None:
    local = SENT.astimezone(timezone(timedelta(hours=-7)))

    message = message_in_history(v2.Message(id="m", date=local))

    assert message.date == "2016-09-09T01:23:02-0700"
