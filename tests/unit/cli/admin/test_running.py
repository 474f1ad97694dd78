"""`hipkit admin` as a whole: help, errors, output, and the database."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click
import pytest

from hipkit.cli.admin import admin
from hipkit.cli.commands import COMMANDS
from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from tests.unit.cli.admin.conftest import Admin, Run
from tests.unit.cli.conftest import Hipkit


def commands(group: click.Group = admin, *names: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        path = (*names, name)
        found += (
            commands(command, *path) if isinstance(command, click.Group) else [path]
        )
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_a_description(hipkit: Hipkit, path: tuple[str, ...]) -> None:
    done = hipkit("admin", *path, "--help")

    assert done.code == 0
    explained = done.out.split("\n\n")[1].strip()
    assert explained.endswith(".")
    assert "admin" in COMMANDS


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
def test_an_error_is_one_line(run: Run, words: list[str], problem: str) -> None:
    done = run(*words)

    assert done.code != 0
    assert problem in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert done.out == ""


@pytest.mark.parametrize(
    "words", [["user", "list"], ["room", "list"], ["client", "list"]]
)
def test_lists_are_one_document(run_json: Admin, words: list[str]) -> None:
    assert isinstance(run_json(*words), list)


def test_an_empty_list_is_a_note_on_standard_error_or_empty_json(run: Run) -> None:
    done = run("room", "list")

    assert (done.code, done.out) == (0, "")
    assert done.err == "hipkit: nothing found\n"
    assert json.loads(run("room", "list", "--json").out) == []


def test_a_database_that_is_not_there_is_not_created(
    hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "none.db"

    done = hipkit("admin", "user", "list", "--db", str(path))

    assert done.code != 0
    assert (
        "no such database; hipkit serve and relay create one, which --db names"
        in done.err
    )
    assert not path.exists()


@pytest.mark.parametrize("place", [1, 2, 3])
def test_the_database_may_be_named_after_any_word_of_a_command(
    place: int, hipkit: Hipkit, tmp_path: Path
) -> None:
    database = tmp_path / "chat.db"
    asyncio.run(open_server(Settings(database=database))).close()
    words = ["admin", "user", "list"]
    words[place:place] = ["--db", str(database)]

    done = hipkit(*words, "--json")

    assert done.code == 0, done.err
    assert "admin@example.com" in done.out


def test_the_later_database_wins(hipkit: Hipkit, tmp_path: Path) -> None:
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    asyncio.run(open_server(Settings(database=second))).close()

    done = hipkit("admin", "--db", str(first), "user", "list", "--db", str(second))

    assert done.code == 0, done.err
    assert not first.exists()


def test_a_command_of_admin_explains_db(hipkit: Hipkit) -> None:
    assert "--db" in hipkit("admin", "user", "list", "--help").out
