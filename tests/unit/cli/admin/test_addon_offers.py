"""What is shown on the command line before somebody agrees."""

from __future__ import annotations

from tests.unit.cli.admin.conftest import Run
from tests.unit.cli.admin.test_addons import HOOK, address


def test_the_command_shows_what_an_add_on_receives_and_where_it_runs(run: Run) -> None:
    done = run("addon", "install", address("view_room", webhook=[HOOK]), "--port", "0")

    assert done.code == 2
    assert "every message of people that matches ^/karma" in done.err
    assert "of all rooms of the group, private ones too" in done.err
    assert "http://karma.example:8071, without TLS" in done.err
