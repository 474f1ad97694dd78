"""`hipkit admin user password-link`."""

from __future__ import annotations

import pytest

from tests.unit.cli.admin.conftest import Admin, Run


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
