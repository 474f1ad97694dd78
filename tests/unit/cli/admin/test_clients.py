"""`hipkit admin client`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hipkit.cli.failures import ExitCode
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.storage.lock import hold_lock
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.unit.cli.admin.conftest import Admin, Run
from tests.unit.cli.admin.test_addons import install

OLD_ID = "f9a4f3a0-5a32-4d6a-8a4c-0d3b7b5c9d10"


OLD_SECRET = "s3cretOfHipChat" * 3


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


@pytest.mark.parametrize("way", ["-", "@"])
def test_an_add_on_keeps_its_credentials(
    run_json: Admin, database: Path, tmp_path: Path, way: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{OLD_SECRET}\r\nmore\n")
    value, stdin = (
        ("-", f"{OLD_SECRET}\n".encode()) if way == "-" else (f"@{file}", b"")
    )

    made = run_json(
        *("client", "add", "Bot", "--scope", "admin_room"),
        *("--id", OLD_ID, "--secret", value),
        stdin=stdin,
    )

    assert made == {"id": OLD_ID, "scopes": ["admin_room"]}
    assert asyncio.run(signing_secret(database, OLD_ID)) == OLD_SECRET
    assert OLD_SECRET not in repr(run_json("client", "list"))
    own = run_json(
        "client", "add", "Bot", "--scope", "view_room", "--id", "com.example~1"
    )
    assert own["id"] == "com.example~1"
    assert len(own["secret"]) == 40
    other = run_json(
        "client", "add", "Bot", "--scope", "view_room", "--secret", value, stdin=stdin
    )
    assert "secret" not in other
    assert len(other["id"]) == 36


@pytest.mark.parametrize(
    ("client_id", "secret", "problem"),
    [
        (OLD_ID, OLD_SECRET, "Another client has the id"),
        ("with:colon", OLD_SECRET, "The id of a client is"),
        ("with space", OLD_SECRET, "The id of a client is"),
        ("", OLD_SECRET, "The id of a client is"),
        ("x" * 101, OLD_SECRET, "The id of a client is"),
        ("ü", OLD_SECRET, "The id of a client is"),
        ("new", "short", "8 to 200 visible ASCII"),
        ("new", "", "8 to 200 visible ASCII"),
        ("new", "x" * 201, "8 to 200 visible ASCII"),
        ("new", "with spaces in it", "8 to 200 visible ASCII"),
        ("new", "wörter-und-mehr", "8 to 200 visible ASCII"),
    ],
)
def test_invalid_credentials_are_refused_and_not_repeated(
    run_json: Admin, run: Run, client_id: str, secret: str, problem: str
) -> None:
    first = ("client", "add", "Bot", "--scope", "view_room", "--id", OLD_ID)
    run_json(*first)

    done = run(*first[:-1], client_id, "--secret", "-", stdin=f"{secret}\n".encode())

    assert done.code == ExitCode.REFUSED
    assert problem in done.err
    assert not secret or secret not in done.err
    assert len(run_json("client", "list")) == 1


def test_a_secret_among_the_arguments_is_refused(run: Run, run_json: Admin) -> None:
    done = run("client", "add", "Bot", "--scope", "view_room", "--secret", OLD_SECRET)

    assert done.code == 2
    assert "is visible to every user of this machine" in done.err
    assert OLD_SECRET not in done.err
    assert run_json("client", "list") == []


def test_clients_are_listed_without_their_secrets(run_json: Admin, run: Run) -> None:
    run_json("room", "add", "Ops")
    made = run_json("client", "add", "Bot", "--scope", "view_room", "--room", "Ops")

    assert run_json("client", "list") == [
        {"id": made["id"], "name": "Bot", "room_id": 1, "scopes": ["view_room"]}
    ]
    assert made["secret"] not in run("client", "list").out


def test_a_client_needs_a_scope(run: Run) -> None:
    done = run("client", "add", "Bot")

    assert done.code == ExitCode.USAGE
    assert "At least one --scope is required" in done.err


def test_a_client_is_deleted_although_the_server_that_runs_is_not_known(
    run_json: Admin, database: Path
) -> None:
    made = run_json("client", "add", "Bot", "--scope", "view_room")

    with hold_lock(database):
        assert run_json("client", "delete", made["id"]) == {"id": made["id"]}


def test_a_client_of_an_add_on_is_deleted_as_the_add_on_is_removed(
    run: Run, run_json: Admin, database: Path
) -> None:
    installed = install(run_json)

    with hold_lock(database):
        refused = run("client", "delete", installed["id"])
    deleted = run_json("client", "delete", installed["id"], "--port", "0")

    assert "use --public-url" in refused.err
    assert deleted == {"id": installed["id"], "problem": None}
    assert run_json("addon", "list") == []
