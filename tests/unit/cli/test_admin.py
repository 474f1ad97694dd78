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
from hipkit.cli.failures import ExitCode
from hipkit.server.app import open_server
from hipkit.server.services.access.keys import hash_token
from hipkit.server.settings import Settings
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.unit.cli.conftest import Hipkit, Outcome
from tests.unit.server.two_groups import PNG

OLD_TOKEN = "oldtoken-0001"
OLD_ID = "f9a4f3a0-5a32-4d6a-8a4c-0d3b7b5c9d10"
OLD_SECRET = "s3cretOfHipChat" * 3

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


async def signing_secret(database: Path, client_id: str) -> str | None:
    """Return what events for a client are signed with, where its secret is the right one."""
    opened = SqliteDatabase.open(database)
    try:
        client = await opened.stores.clients.get(client_id)
        secret = await opened.stores.clients.signing_secret(client_id)
    finally:
        opened.close()
    assert client is not None
    assert client.secret_hash == hash_token(secret or "")
    return secret


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
        (["user", "promote", "@Gil"], "Guests cannot be changed"),
        (["user", "password", "@Gil"], "Guests cannot be changed"),
        (["user", "add", "X", "x@y.z", "--guest", "--admin"], "a guest cannot be"),
    ):
        done = run(*words)
        assert done.code != 0
        assert problem in done.err


def test_the_owner_of_the_group_stays_who_they_are(run: Any, told: Admin) -> None:
    for word in ("demote", "delete"):
        done = run("user", word, "1")
        assert done.code != 0
        assert "The owner of the group" in done.err
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

    assert "another room's id" in run("room", "add", "Dev", "--id", "2656454").err
    told("room", "delete", "Ops")
    assert "another room's id" in run("room", "add", "Dev", "--id", "2656454").err
    assert [one["name"] for one in told("room", "list")] == ["Next"]


def test_a_person_takes_the_number_that_old_programs_know(
    told: Admin, run: Any
) -> None:
    ann = ("user", "add", "Ann", "ann@example.com", "--id", "1804513")
    assert told(*ann)["id"] == 1804513
    assert told("user", "add", "Bob", "bob@example.com")["id"] == 1804514
    assert told("user", "add", "Low", "low@example.com", "--id", "7")["id"] == 7
    assert told("user", "add", "Gil", "gil@x.com", "--guest")["id"] == 1804515

    told("user", "delete", "1804513")
    for number in ("1", "1804513"):
        done = run("user", "add", "Eve", "eve@example.com", "--id", number)
        assert done.code == ExitCode.REFUSED
        assert "another user's id" in done.err
    for number in ("0", "-1", "x", "9" * 30):
        assert run("user", "add", "Eve", "eve@example.com", "--id", number).code == 2
    assert "Eve" not in [one["name"] for one in told("user", "list")]


def test_an_emoticon_takes_the_number_that_old_programs_know(
    told: Admin, run: Any, database: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "chef.png"
    picture.write_bytes(PNG)

    made = told("emoticon", "add", "chef", str(picture), "--id", "166")
    assert made == {"id": 166, "shortcut": "chef"}
    assert told("emoticon", "add", "next", str(picture))["id"] == 167
    folder = database.with_name("chat.db.files")
    kept = {path for path in folder.rglob("*") if path.is_file()}
    done = run("emoticon", "add", "other", str(picture), "--id", "166")
    assert done.code == ExitCode.REFUSED
    assert "another emoticon's id" in done.err
    assert {path for path in folder.rglob("*") if path.is_file()} == kept
    assert told("emoticon", "add", "other", str(picture))["id"] == 168


@pytest.mark.parametrize("way", ["-", "@"])
def test_an_add_on_keeps_the_credentials_that_it_has(
    told: Admin, database: Path, tmp_path: Path, way: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{OLD_SECRET}\r\nmore\n")
    value, stdin = (
        ("-", f"{OLD_SECRET}\n".encode()) if way == "-" else (f"@{file}", b"")
    )

    made = told(
        *("client", "add", "Bot", "--scope", "admin_room"),
        *("--id", OLD_ID, "--secret", value),
        stdin=stdin,
    )

    assert made == {"id": OLD_ID, "scopes": ["admin_room"]}
    assert asyncio.run(signing_secret(database, OLD_ID)) == OLD_SECRET
    assert OLD_SECRET not in repr(told("client", "list"))
    own = told("client", "add", "Bot", "--scope", "view_room", "--id", "com.example~1")
    assert own["id"] == "com.example~1"
    assert len(own["secret"]) == 40
    other = told(
        "client", "add", "Bot", "--scope", "view_room", "--secret", value, stdin=stdin
    )
    assert "secret" not in other
    assert len(other["id"]) == 36


@pytest.mark.parametrize(
    ("client_id", "secret", "problem"),
    [
        (OLD_ID, OLD_SECRET, "another client has the id"),
        ("with:colon", OLD_SECRET, "the id of a client is"),
        ("with space", OLD_SECRET, "the id of a client is"),
        ("", OLD_SECRET, "the id of a client is"),
        ("x" * 101, OLD_SECRET, "the id of a client is"),
        ("ü", OLD_SECRET, "the id of a client is"),
        ("new", "short", "8 to 200 visible ASCII"),
        ("new", "", "8 to 200 visible ASCII"),
        ("new", "x" * 201, "8 to 200 visible ASCII"),
        ("new", "with spaces in it", "8 to 200 visible ASCII"),
        ("new", "wörter-und-mehr", "8 to 200 visible ASCII"),
    ],
)
def test_credentials_that_cannot_be_are_refused(
    told: Admin, run: Any, client_id: str, secret: str, problem: str
) -> None:
    first = ("client", "add", "Bot", "--scope", "view_room", "--id", OLD_ID)
    told(*first)

    done = run(*first[:-1], client_id, "--secret", "-", stdin=f"{secret}\n".encode())

    assert done.code == ExitCode.REFUSED
    assert problem in done.err
    assert not secret or secret not in done.err
    assert len(told("client", "list")) == 1


def test_a_secret_among_the_arguments_is_refused(run: Any, told: Admin) -> None:
    done = run("client", "add", "Bot", "--scope", "view_room", "--secret", OLD_SECRET)

    assert done.code == 2
    assert "is visible to every user of this machine" in done.err
    assert OLD_SECRET not in done.err
    assert told("client", "list") == []


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
    assert "this token exists already" in again.err
    assert OLD_TOKEN not in again.err


def test_a_token_among_the_arguments_is_refused(run: Any, told: Admin) -> None:
    done = run("token", "add", "--value", OLD_TOKEN)

    assert done.code == 2
    assert "is visible to every user of this machine" in done.err
    assert OLD_TOKEN not in done.err
    assert len(told("token", "list")) == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["user", "delete", "@Nobody"], "User @Nobody not found"),
        (["user", "promote", "99"], "User 99 not found"),
        (["room", "archive", "Nowhere"], "Room Nowhere not found"),
        (["room", "delete", "Nowhere"], "Room Nowhere not found"),
        (["room", "add", "x" * 51], "longer than 50"),
        (["user", "add", "x" * 51, "x@example.com"], "longer than 50"),
        (["client", "delete", "none"], "Client none not found"),
        (
            ["client", "add", "Bot", "--scope", "view_room", "--redirect-uri", "bot"],
            "'bot' is not a redirect URI",
        ),
        (["token", "revoke", "99"], "Token 99 not found"),
        (["token", "add", "--days", "-1"], "--days"),
        (
            ["token", "add", "--room", "1", "--user", "1"],
            "cannot be used together with --user or --scope",
        ),
        (
            ["room", "member", "1", "1", "--admin", "--remove"],
            "cannot be used together",
        ),
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
