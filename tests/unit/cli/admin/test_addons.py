"""`hipkit admin addon`, with add-ons that need not be called; `tests/e2e` has one that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.cli.admin.conftest import Admin, Run

KEY = "com.example.karma"


HOOK = {
    "event": "room_message",
    "pattern": "^/karma",
    "url": "http://karma.example:8071/hook",
}
EVERY = {**HOOK, "pattern": ""}


def address(
    *scopes: str, webhook: Any = (), capabilities: Any = None, **installable: str
) -> str:
    descriptor = {
        "key": KEY,
        "name": "Karma",
        "description": "Counts karma",
        "links": {"self": "https://karma.example/"},
        "capabilities": {
            "installable": installable,
            "hipchatApiConsumer": {"scopes": list(scopes)},
            "webhook": list(webhook),
            **(capabilities or {}),
        },
    }
    return "data:application/json," + quote(json.dumps(descriptor))


def install(run_json: Admin, *options: str) -> Any:
    url = address("send_notification")
    return run_json("addon", "install", url, "--yes", "--port", "0", *options)


def test_an_add_on_is_installed_listed_shown_and_removed(run_json: Admin) -> None:
    installed = install(run_json)
    assert installed == {
        "id": installed["id"],
        "key": KEY,
        "name": "Karma",
        "room": None,
        "scopes": ["send_notification"],
        "state": "installed",
    }

    (listed,) = run_json("addon", "list")
    assert listed["id"] == installed["id"]
    shown = run_json("addon", "show", KEY)
    assert shown["descriptor"].startswith("data:application/json,")
    assert len(shown["descriptor"]) < 120
    assert shown["installed_by"] == "the operator"
    removed = run_json("addon", "remove", KEY, "--port", "0")
    assert removed["removed"] is True
    assert run_json("addon", "list") == []


def test_one_of_several_is_named_by_its_room_or_id(run: Run, run_json: Admin) -> None:
    run_json("room", "add", "Ops")
    everywhere, in_room = install(run_json), install(run_json, "--room", "Ops")

    both = run("addon", "show", KEY)
    assert both.code == 8
    assert f"{everywhere['id']} (the whole group)" in both.err
    assert f"{in_room['id']} (the room Ops)" in both.err
    assert in_room["room"] == "Ops"
    assert run_json("addon", "show", KEY, "--room", "Ops")["id"] == in_room["id"]
    assert run_json("addon", "show", everywhere["id"])["room"] is None
    assert len(run_json("addon", "list", "--room", "Ops")) == 1
    heading, *rows = run("addon", "list").out.splitlines()
    column = heading.index("ROOM")
    shown = [row[column:].partition("  ")[0] for row in rows]
    assert shown == ["whole group", "Ops"]
    assert [one["room"] for one in run_json("addon", "list")] == [None, "Ops"]


def test_scopes_are_agreed_to_with_an_option_where_nobody_can_be_asked(
    run: Run, run_json: Admin
) -> None:
    url = address("admin_group", "view_room")
    run_json("room", "add", "Ops")

    done = run("addon", "install", url, "--port", "0", "--room", "Ops")

    assert done.code == 2
    assert "install Karma (com.example.karma) in the room Ops" in done.err
    assert "view_room: See a room" in done.err
    assert "not admin_group: an add-on of one room cannot have it" in done.err
    assert "--yes" in done.err
    assert run_json("addon", "list") == []


def test_an_update_without_new_scopes_needs_no_agreement(run_json: Admin) -> None:
    installed = install(run_json)

    updated = run_json("addon", "update", KEY, "--port", "0")

    assert updated["id"] == installed["id"]


def test_what_is_not_installed_is_an_error(run: Run) -> None:
    for command in (["show"], ["update", "--port", "0"], ["remove", "--port", "0"]):
        done = run("addon", *command, "nonsense")
        assert done.code == 6
        assert "Add-on nonsense not found" in done.err


def test_an_update_that_receives_more_needs_agreement(
    run: Run, run_json: Admin, database: Path
) -> None:
    url = address("view_room", webhook=[HOOK])
    more = address("view_room", webhook=[HOOK, EVERY])
    run_json("addon", "install", url, "--yes", "--port", "0")

    done = run("addon", "update", KEY, "--url", more, "--port", "0")

    assert done.code == 2
    assert "every message of people (new)" in done.err
    assert "that matches ^/karma (new)" not in done.err
    assert len(run_json("addon", "show", KEY)["receives"]) == 1
    agreed = run("addon", "update", KEY, "--url", more, "--port", "0", "--yes")
    assert (agreed.code, agreed.err) == (0, "hipkit: new: events\n")
    shown = run_json("addon", "show", KEY)
    assert shown["receives"][1] == "every message of people"
    assert shown["webhooks"] == ["room_message working"] * 2


@pytest.mark.parametrize(
    ("news", "said"),
    [
        (
            {"configurable": {"url": "http://karma.example:8071/configure"}},
            ("new: a configuration page", "Configuration page (new)"),
        ),
        (
            {"webhook": [{**HOOK, "url": "https://b.example/"}]},
            ("new: servers", "https://b.example (new)"),
        ),
    ],
)
def test_an_update_that_runs_or_is_configured_elsewhere_needs_agreement(
    run: Run, run_json: Admin, news: dict[str, Any], said: tuple[str, ...]
) -> None:
    install = address("view_room", webhook=[HOOK])
    changed = address("view_room", webhook=[HOOK], capabilities=news)
    run_json("addon", "install", install, "--yes", "--port", "0")

    done = run("addon", "update", KEY, "--url", changed, "--port", "0")
    agreed = run("addon", "update", KEY, "--url", changed, "--port", "0", "--yes")

    assert done.code == 2
    assert all(each in done.err for each in said)
    assert agreed.code == 0
    assert said[0] in agreed.err


def test_the_same_add_on_in_group_and_room_is_warned_of(
    run: Run, run_json: Admin
) -> None:
    run_json("room", "add", "Ops")
    url = address("send_notification", webhook=[HOOK])
    run_json("addon", "install", url, "--yes", "--port", "0")

    done = run("addon", "install", url, "--yes", "--port", "0", "--room", "Ops")

    assert done.code == 0
    assert "warning: It is installed in the whole group already" in done.err
    updated = run("addon", "update", KEY, "--room", "Ops", "--port", "0")
    assert "warning" not in updated.err
