"""`hipkit admin token`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.admin.conftest import Admin, Run

OLD_TOKEN = "oldtoken-0001"


def test_tokens_end_with_their_user_room_or_client(run_json: Admin) -> None:
    run_json("user", "add", "Ann", "ann@example.com")
    run_json("room", "add", "Ops")
    client = run_json("client", "add", "Bot", "--scope", "view_group")
    run_json("token", "add", "--user", "@Ann")
    run_json("token", "add", "--room", "Ops")
    assert [one["kind"] for one in run_json("token", "list")] == [
        "personal token", "personal token", "room notification token",
    ]  # fmt: skip

    run_json("user", "delete", "@Ann")
    run_json("room", "delete", "Ops")
    run_json("client", "delete", client["id"])

    assert [one["id"] for one in run_json("token", "list")] == [1]
    assert run_json("room", "list") == []
    assert run_json("client", "list") == []


def test_tokens_are_listed_with_their_expiry(run_json: Admin) -> None:
    run_json("token", "add", "--days", "0")
    run_json("token", "add", "--days", "36500")

    first, endless, long = [one["expires"] for one in run_json("token", "list")]
    assert endless is None
    assert first < "2100" < long


@pytest.mark.parametrize("way", ["-", "@"])
def test_a_program_keeps_its_token(
    run_json: Admin, run: Run, tmp_path: Path, way: str
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{OLD_TOKEN}\nmore\n")
    value = "-" if way == "-" else f"@{file}"
    stdin = f"{OLD_TOKEN}\n".encode() if way == "-" else b""

    keep = ("token", "add", "--scope", "view_room", "--value", value)
    made = run_json(*keep, stdin=stdin)

    assert made["token"] == OLD_TOKEN
    again = run(*keep, stdin=stdin)
    assert again.code != 0
    assert "This token exists already" in again.err
    assert OLD_TOKEN not in again.err


def test_a_room_notification_tokens_value_is_kept_with_more_scopes(
    run_json: Admin, tmp_path: Path
) -> None:
    # As the page advises for a program that looks the room up before it posts.
    file = tmp_path / "token"
    file.write_text(OLD_TOKEN)
    run_json("room", "add", "Ops")
    old = run_json("token", "add", "--room", "Ops", "--value", f"@{file}")

    run_json("token", "revoke", str(old["id"]))
    scopes = ("--scope", "send_notification", "--scope", "view_room")
    made = run_json("token", "add", "--user", "1", *scopes, "--value", f"@{file}")

    assert made["token"] == OLD_TOKEN
    assert sorted(made["scopes"]) == ["send_notification", "view_room"]


@pytest.mark.parametrize("owner", [(), ("--user", "1")])
def test_a_programs_token_is_kept_only_for_a_room_or_with_scopes(
    run: Run, run_json: Admin, owner: tuple[str, ...]
) -> None:
    done = run("token", "add", *owner, "--value", "-", stdin=OLD_TOKEN.encode())

    assert done.code == 2
    assert "--value requires --room ROOM" in done.err
    assert "--scope SCOPE" in done.err
    assert OLD_TOKEN not in done.err
    assert len(run_json("token", "list")) == 1


def test_a_token_among_the_arguments_is_refused(run: Run, run_json: Admin) -> None:
    done = run("token", "add", "--value", OLD_TOKEN)

    assert done.code == 2
    assert "is visible to every user of this machine" in done.err
    assert OLD_TOKEN not in done.err
    assert len(run_json("token", "list")) == 1


def test_a_revoked_token_is_listed_no_more(run_json: Admin) -> None:
    added = run_json("token", "add", "--name", "CI")
    assert [one["name"] for one in run_json("token", "list")][-1] == "CI"

    assert run_json("token", "revoke", str(added["id"])) == {"id": added["id"]}

    assert added["id"] not in [one["id"] for one in run_json("token", "list")]
