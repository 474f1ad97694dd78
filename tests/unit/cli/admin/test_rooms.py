"""`hipkit admin room`."""

from __future__ import annotations

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
