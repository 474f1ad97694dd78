"""`hipkit admin` on a database of its own, command by command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from hipkit.cli.admin import admin
from hipkit.cli.commands import COMMANDS
from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from tests.unit.cli.conftest import Hipkit, Outcome

OLD_TOKEN = "oldtoken-0001"

Admin = Callable[..., Any]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "chat.db"
    asyncio.run(open_server(Settings(database=path, durable=False))).close()
    return path


@pytest.fixture
def run(hipkit: Hipkit, database: Path) -> Callable[..., Outcome]:
    def call(*arguments: str, stdin: bytes = b"") -> Outcome:
        return hipkit("admin", "--db", str(database), *arguments, stdin=stdin)

    return call


@pytest.fixture
def told(run: Callable[..., Outcome]) -> Admin:
    """Run a command that works, and return the JSON that it prints."""

    def call(*arguments: str, stdin: bytes = b"") -> Any:
        done = run(*arguments, "--json", stdin=stdin)
        assert done.code == 0, done.err
        assert done.err == ""
        return done.json

    return call


def commands(group: click.Group = admin, *names: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        path = (*names, name)
        found += (
            commands(command, *path) if isinstance(command, click.Group) else [path]
        )
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_explains_itself(hipkit: Hipkit, path: tuple[str, ...]) -> None:
    done = hipkit("admin", *path, "--help")

    assert done.code == 0
    explained = done.out.split("\n\n")[1].strip()
    assert explained.endswith(".")
    assert "admin" in COMMANDS


def test_a_person_is_added_promoted_demoted_and_deleted(told: Admin) -> None:
    added = told("user", "add", "Ann Lee", "ann@example.com")

    assert set(added) == {"id", "mention_name", "password"}
    assert told("user", "promote", "@AnnLee")["is_group_admin"] is True
    assert told("user", "demote", "ann@example.com")["is_group_admin"] is False
    assert told("user", "delete", str(added["id"]))["name"] == "Ann Lee"
    assert [one["id"] for one in told("user", "list")] == [1]


def test_what_is_deleted_ends_its_tokens(told: Admin) -> None:
    told("user", "add", "Ann", "ann@example.com")
    told("room", "add", "Ops")
    client = told("client", "add", "Bot", "--scope", "view_group")
    told("token", "add", "--user", "@Ann")
    told("token", "add", "--room", "Ops")
    assert [one["kind"] for one in told("token", "list")] == [
        "user", "user", "room notification",
    ]  # fmt: skip

    told("user", "delete", "@Ann")
    told("room", "delete", "Ops")
    told("client", "delete", client["id"])

    assert [one["id"] for one in told("token", "list")] == [1]
    assert told("room", "list") == []
    assert told("client", "list") == []


def test_the_list_of_tokens_tells_when_they_end(told: Admin) -> None:
    told("token", "add", "--days", "0")
    told("token", "add", "--days", "36500")

    first, endless, long = [one["expires"] for one in told("token", "list")]
    assert endless is None
    assert first < "2100" < long


def test_a_guest_has_no_password_and_few_scopes(told: Admin, run: Any) -> None:
    added = told("user", "add", "Gil", "gil@example.com", "--guest")

    assert "password" not in added
    assert told("token", "add", "--user", "@Gil")["scopes"] == [
        "send_message", "view_messages", "view_room",
    ]  # fmt: skip
    for words, problem in (
        (["token", "add", "--user", "@Gil", "--scope", "view_group"], "view_group"),
        (["user", "promote", "@Gil"], "a guest cannot be an administrator"),
        (["user", "password", "@Gil"], "a guest has no password"),
        (["user", "add", "X", "x@y.z", "--guest", "--admin"], "a guest cannot be"),
    ):
        done = run(*words)
        assert done.code != 0
        assert problem in done.err


def test_the_owner_of_the_group_stays_who_they_are(run: Any, told: Admin) -> None:
    for word in ("demote", "delete"):
        done = run("user", word, "1")
        assert done.code != 0
        assert "the owner of the group" in done.err
    assert told("user", "list")[0]["is_group_admin"] is True


def test_a_password_is_read_or_made_up(told: Admin, run: Any) -> None:
    told("user", "add", "Ann", "ann@example.com")

    assert len(told("user", "password", "@Ann")["password"]) == 16
    assert told("user", "password", "@Ann", "--stdin", stdin=b"correct horse\n") == {
        "user": "@Ann"
    }
    done = run("user", "password", "@Ann", "--stdin", stdin=b"short\n")
    assert done.code != 0
    assert "shorter than 8 characters" in done.err
    assert "short\n" not in done.err.replace("shorter", "")


def test_rooms_are_archived_opened_and_deleted(told: Admin) -> None:
    made = told("room", "add", "Ops", "--private", "--topic", "x")

    assert told("room", "archive", "Ops")["is_archived"] is True
    assert told("room", "unarchive", str(made["id"]))["is_archived"] is False
    assert told("room", "delete", "ops") == {"id": made["id"], "name": "Ops"}


def test_a_room_takes_the_number_that_old_programs_know(told: Admin, run: Any) -> None:
    assert told("room", "add", "Ops", "--id", "2656454")["id"] == 2656454
    assert told("room", "add", "Next")["id"] > 1

    assert "another room's number" in run("room", "add", "Dev", "--id", "2656454").err
    told("room", "delete", "Ops")
    assert "another room's number" in run("room", "add", "Dev", "--id", "2656454").err
    assert [one["name"] for one in told("room", "list")] == ["Next"]


def test_people_become_members_and_leave(told: Admin, run: Any) -> None:
    told("user", "add", "Ann", "ann@example.com")
    told("room", "add", "Ops", "--private")

    assert told("room", "member", "Ops", "@Ann", "--admin") == {
        "room": "Ops", "user": "@Ann", "is_member": True, "is_admin": True,
    }  # fmt: skip
    assert told("room", "member", "Ops", "@Ann", "--remove")["is_member"] is False
    assert "is not a member" in run("room", "member", "Ops", "@Ann", "--remove").err
    assert "stays its member" in run("room", "member", "Ops", "1", "--remove").err


def test_clients_are_listed_without_their_secrets(told: Admin, run: Any) -> None:
    told("room", "add", "Ops")
    made = told("client", "add", "Bot", "--scope", "view_room", "--room", "Ops")

    assert told("client", "list") == [
        {"id": made["id"], "name": "Bot", "room_id": 1, "scopes": ["view_room"]}
    ]
    assert made["secret"] not in run("client", "list").out


@pytest.mark.parametrize("way", ["-", "@"])
def test_a_program_keeps_the_token_it_has(
    told: Admin, run: Any, tmp_path: Path, way: str
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{OLD_TOKEN}\nmore\n")
    value = "-" if way == "-" else f"@{file}"
    stdin = f"{OLD_TOKEN}\n".encode() if way == "-" else b""

    made = told("token", "add", "--value", value, stdin=stdin)

    assert made["token"] == OLD_TOKEN
    again = run("token", "add", "--value", value, stdin=stdin)
    assert again.code != 0
    assert "this token is there already" in again.err
    assert OLD_TOKEN not in again.err


def test_a_token_among_the_arguments_is_refused(run: Any, told: Admin) -> None:
    done = run("token", "add", "--value", OLD_TOKEN)

    assert done.code == 2
    assert "can be read by every user of this machine" in done.err
    assert OLD_TOKEN not in done.err
    assert len(told("token", "list")) == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["user", "delete", "@Nobody"], "nobody is called @Nobody"),
        (["user", "promote", "99"], "nobody is called 99"),
        (["room", "archive", "Nowhere"], "no room is called Nowhere"),
        (["room", "delete", "Nowhere"], "no room is called Nowhere"),
        (["room", "add", "x" * 51], "longer than 50"),
        (["user", "add", "x" * 51, "x@example.com"], "longer than 50"),
        (["client", "delete", "none"], "no client has the id none"),
        (
            ["client", "add", "Bot", "--scope", "view_room", "--redirect-uri", "bot"],
            "'bot' is no address for an answer",
        ),
        (["token", "revoke", "99"], "no token has the number 99"),
        (["token", "add", "--days", "-1"], "--days"),
        (["token", "add", "--room", "1", "--user", "1"], "neither --user nor --scope"),
        (["room", "member", "1", "1", "--admin", "--remove"], "exclude each other"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    run: Any, words: list[str], problem: str
) -> None:
    done = run(*words)

    assert done.code != 0
    assert problem in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert done.out == ""


@pytest.mark.parametrize(
    "words", [["user", "list"], ["room", "list"], ["client", "list"]]
)
def test_lists_are_one_document(told: Admin, words: list[str]) -> None:
    assert isinstance(told(*words), list)


def test_an_empty_list_says_so_to_people(run: Any) -> None:
    done = run("room", "list")

    assert (done.code, done.out) == (0, "")
    assert done.err == "hipkit: nothing found\n"
    assert json.loads(run("room", "list", "--json").out) == []
