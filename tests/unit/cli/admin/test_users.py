"""`hipkit admin user`."""

from __future__ import annotations

import pytest

from hipkit.cli.failures import ExitCode
from tests.unit.cli.admin.conftest import Admin, Run


def test_a_user_is_added_promoted_demoted_and_deleted(run_json: Admin) -> None:
    added = run_json("user", "add", "Ann Lee", "ann@example.com")

    assert set(added) == {"id", "mention_name", "password"}
    assert run_json("user", "promote", "@AnnLee")["is_group_admin"] is True
    assert run_json("user", "demote", "ann@example.com")["is_group_admin"] is False
    assert run_json("user", "delete", str(added["id"]))["name"] == "Ann Lee"
    assert [one["id"] for one in run_json("user", "list")] == [1]


def test_a_guest_has_no_password_and_few_scopes(run_json: Admin, run: Run) -> None:
    added = run_json("user", "add", "Gil", "gil@example.com", "--guest")

    assert "password" not in added
    assert run_json("token", "add", "--user", "@Gil")["scopes"] == [
        "send_message", "view_messages", "view_room",
    ]  # fmt: skip
    for words, problem in (
        (["token", "add", "--user", "@Gil", "--scope", "view_group"], "view_group"),
        (["user", "promote", "@Gil"], "Guests cannot be changed"),
        (["user", "password", "@Gil"], "Guests cannot be changed"),
        (["user", "add", "X", "x@y.z", "--guest", "--admin"], "A guest cannot be"),
    ):
        done = run(*words)
        assert done.code != 0
        assert problem in done.err


def test_the_owner_of_the_group_is_neither_demoted_nor_deleted(
    run: Run, run_json: Admin
) -> None:
    for word in ("demote", "delete"):
        done = run("user", word, "1")
        assert done.code != 0
        assert "The owner of the group" in done.err
    assert run_json("user", "list")[0]["is_group_admin"] is True


def test_a_password_is_read_or_generated(run_json: Admin, run: Run) -> None:
    run_json("user", "add", "Ann", "ann@example.com")

    assert len(run_json("user", "password", "@Ann")["password"]) == 16
    assert run_json(
        "user", "password", "@Ann", "--stdin", stdin=b"correct horse\n"
    ) == {"user": "@Ann"}
    done = run("user", "password", "@Ann", "--stdin", stdin=b"short\n")
    assert done.code != 0
    assert "shorter than 8 characters" in done.err
    assert "short\n" not in done.err.replace("shorter", "")


def test_a_user_keeps_the_id_that_old_programs_know(run_json: Admin, run: Run) -> None:
    ann = ("user", "add", "Ann", "ann@example.com", "--id", "1804513")
    assert run_json(*ann)["id"] == 1804513
    assert run_json("user", "add", "Bob", "bob@example.com")["id"] == 1804514
    assert run_json("user", "add", "Low", "low@example.com", "--id", "7")["id"] == 7
    assert run_json("user", "add", "Gil", "gil@x.com", "--guest")["id"] == 1804515

    run_json("user", "delete", "1804513")
    for number in ("1", "1804513"):
        done = run("user", "add", "Eve", "eve@example.com", "--id", number)
        assert done.code == ExitCode.REFUSED
        assert "another user's id" in done.err
    for number in ("0", "-1", "x", "9" * 30):
        assert run("user", "add", "Eve", "eve@example.com", "--id", number).code == 2
    assert "Eve" not in [one["name"] for one in run_json("user", "list")]


def test_a_link_leads_to_the_server_at_the_url(run_json: Admin) -> None:
    run_json("user", "add", "Ann", "ann@example.com")

    made = run_json(
        "user", "password-link", "@Ann", "--url", "https://chat.example.com/"
    )

    assert made["user"] == "@Ann"
    assert made["link"].startswith("https://chat.example.com/set-password?key=")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["@Nobody"], "User @Nobody not found"),
        (["1", "--url", "chat.example.com"], "--url must be a URL"),
    ],
)
def test_no_link_is_created_for_nobody_or_nowhere(
    run: Run, words: list[str], problem: str
) -> None:
    done = run("user", "password-link", *words)

    assert done.code != 0
    assert problem in done.err
    assert done.out == ""


def test_a_user_is_renamed_and_the_rest_stays(run_json: Admin) -> None:
    run_json("user", "add", "Ann Lee", "ann@example.com", "--title", "Boss", "--admin")

    renamed = run_json("user", "update", "@AnnLee", "--name", "Ann Smith")
    moved = run_json(
        *("user", "update", "ann@example.com", "--email", "smith@example.com"),
        *("--mention-name", "@ann", "--title", ""),
    )

    assert (renamed["name"], renamed["mention_name"]) == ("Ann Smith", "AnnLee")
    assert moved == {
        **renamed, "email": "smith@example.com", "mention_name": "ann",
    }  # fmt: skip
    assert moved["is_group_admin"] is True
    assert run_json("user", "list")[1] == moved


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "Nothing to change"),
        (["--name", ""], "is empty"),
        (["--name", "x" * 51], "longer than 50"),
        (["--email", "nobody"], "is not an e-mail address"),
        (["--mention-name", "a b"], "is not a name"),
        (["--email", "admin@example.com"], "Another user has that email."),
    ],
)
def test_a_user_is_not_changed_to_what_cannot_be(
    run: Run, run_json: Admin, words: list[str], problem: str
) -> None:
    run_json("user", "add", "Ann", "ann@example.com")
    before = run_json("user", "list")

    done = run("user", "update", "@Ann", *words)

    assert done.code != 0
    assert problem in done.err
    assert run_json("user", "list") == before


def test_a_deleted_user_is_restored(run_json: Admin, run: Run) -> None:
    added = run_json("user", "add", "Ann", "ann@example.com")
    run_json("user", "delete", "@Ann")

    assert run_json("user", "restore", "ann@example.com")["id"] == added["id"]
    assert [one["name"] for one in run_json("user", "list")][1:] == ["Ann"]
    assert "not found" in run("user", "restore", "nobody@example.com").err
