"""`hipkit admin room`."""

from __future__ import annotations

import pytest

from tests.unit.cli.admin.conftest import Admin, Run


def test_rooms_are_archived_opened_and_deleted(run_json: Admin) -> None:
    made = run_json("room", "add", "Ops", "--private", "--topic", "x")

    assert run_json("room", "archive", "Ops")["is_archived"] is True
    assert run_json("room", "unarchive", str(made["id"]))["is_archived"] is False
    assert run_json("room", "delete", "ops") == {"id": made["id"], "name": "Ops"}


def test_a_room_keeps_the_id_that_old_programs_know(run_json: Admin, run: Run) -> None:
    assert run_json("room", "add", "Ops", "--id", "2656454")["id"] == 2656454
    assert run_json("room", "add", "Next")["id"] > 1

    assert "another room's id" in run("room", "add", "Dev", "--id", "2656454").err
    run_json("room", "delete", "Ops")
    assert "another room's id" in run("room", "add", "Dev", "--id", "2656454").err
    assert [one["name"] for one in run_json("room", "list")] == ["Next"]


def test_users_become_members_and_leave(run_json: Admin, run: Run) -> None:
    run_json("user", "add", "Ann", "ann@example.com")
    run_json("room", "add", "Ops", "--private")

    assert run_json("room", "member", "Ops", "@Ann", "--admin") == {
        "room": "Ops", "user": "@Ann", "is_member": True, "is_admin": True,
    }  # fmt: skip
    assert run_json("room", "member", "Ops", "@Ann", "--remove")["is_member"] is False
    assert "is not a member" in run("room", "member", "Ops", "@Ann", "--remove").err
    assert "stays its member" in run("room", "member", "Ops", "1", "--remove").err


def test_a_room_is_renamed_and_the_rest_stays(run_json: Admin) -> None:
    run_json("user", "add", "Ann", "ann@example.com")
    made = run_json("room", "add", "Ops", "--private", "--topic", "calm")

    renamed = run_json("room", "update", "ops", "--name", "Ops 2")
    opened = run_json(
        *("room", "update", str(made["id"]), "--public", "--topic", "busy"),
        *("--owner", "@Ann", "--guest-access"),
    )

    assert renamed["id"] == made["id"]
    assert (renamed["name"], renamed["privacy"]) == ("Ops 2", "private")
    assert (opened["name"], opened["privacy"]) == ("Ops 2", "public")
    # The topic and the guest access are told in the room.
    assert opened["messages_sent"] == renamed["messages_sent"]
    assert run_json("room", "list")[0]["messages_sent"] == 2


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "Nothing to change"),
        (["--name", ""], "is empty"),
        (["--name", "x" * 51], "longer than 50"),
        (["--name", "dev"], "Another room exists with that name."),
        (["--owner", "@nobody"], "is not a user"),
    ],
)
def test_a_room_is_not_changed_to_what_cannot_be(
    run: Run, run_json: Admin, words: list[str], problem: str
) -> None:
    run_json("room", "add", "Dev")
    run_json("room", "add", "Ops")
    before = run_json("room", "list")

    done = run("room", "update", "Ops", *words)

    assert done.code != 0
    assert problem in done.err
    assert run_json("room", "list") == before


def test_a_wrong_value_is_told_in_plain_words(run: Run) -> None:
    told = run("room", "add", "Ops", "--owner", "nobody").err

    assert "'nobody'" in told
    assert "u'" not in told
