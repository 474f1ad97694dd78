"""The pytest plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hipkit.testing import HipChatServer


def _loaded_by(module: str) -> list[str]:
    code = (
        f"import sys, hipkit.{module};"
        "print(*(name for name in sorted(sys.modules) if name.startswith('hipkit')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def test_importing_the_plugin_loads_nothing_else() -> None:
    assert _loaded_by("pytest_plugin") == [
        "hipkit",
        "hipkit.pytest_plugin",
        "hipkit.version",
    ]


@pytest.mark.parametrize("package", ["client", "server", "v2"])
def test_importing_what_tests_stand_on_loads_no_client_and_no_server(
    package: str,
) -> None:
    assert not [
        name
        for name in _loaded_by("testing")
        if name.startswith(f"hipkit.{package}.") or name == f"hipkit.{package}"
    ]


FAILING = """
from hipkit import HipChat

def alert(client):
    client.rooms.send_room_notification("Ops & Co", message="x")

def test_of_an_error(hipchat):
    alert(hipchat.client)
"""


@pytest.mark.parametrize("option", ["", "--full-trace"])
def test_a_failed_call_is_reported_with_the_users_line_last(
    tmp_path: Path, option: str
) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    run = subprocess.run(
        [*command, *option.split(), "test_failing.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ">       client.rooms.send_room_not" in run.stdout
    assert "NotFoundError: POST /room/Ops & Co/notification: 404" in run.stdout
    assert ("decoding.py" in run.stdout) == (option == "--full-trace")


def test_the_fixture_is_a_running_server(hipchat: HipChatServer) -> None:
    assert hipchat.client.rooms.get_room(hipchat.room).name == hipchat.room


KARMA = """
from hipkit.addon import AddOn, Message

addon = AddOn(key="karma", name="Karma", scopes=["send_notification", "view_room"])


@addon.on_message("^/karma")
async def karma(message: Message) -> str:
    return "one more"
"""
KARMA_TEST = """
import pytest
from karma import addon

@pytest.mark.parametrize("number", range(4))
def test_karma(addon_host, number):
    addon_host.install(addon)
    addon_host.room("ops").say("/karma @bob")
    assert addon_host.room("ops").replies == ["one more"]

def test_quiet(addon_host):
    addon_host.install(addon)
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_scopes_that_add_ons_used_are_stored_for_the_check(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "karma.py").write_text(KARMA)
    (tmp_path / "test_karma.py").write_text(KARMA_TEST)

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    # Loading all plugins that are here would take most of the time.
    pytest_here = ("pytest", "-q", "-p", "hipkit.pytest_plugin", "-p", "xdist.plugin")
    assert "5 passed" in run(*pytest_here, *options)
    # A run of some tests forgets nothing that others used.
    for some in (["-k", "nothing"], ["-k", "quiet"], ["test_karma.py::test_quiet"]):
        run(*pytest_here, *options, *some)

    checked = run("hipkit.cli", "addon", "check", "karma:addon")
    assert "scopes[1] is view_room, which no test used" in checked
    assert "send_notification" not in checked

    whole = (tmp_path / "test_karma.py").read_text()
    (tmp_path / "test_karma.py").write_text(whole.replace("test_karma", "unused"))
    assert "1 passed" in run(*pytest_here, *options)
    checked = run("hipkit.cli", "addon", "check", "karma:addon")
    assert "scopes[0] is send_notification, which no test used" in checked


REFUSED = """
from karma import addon

def test_refused(addon_host):
    addon_host.install(addon, allowed_hosts=["https://other.example.com"])
"""


def test_an_installation_that_fails_is_reported_with_the_users_line_last(
    tmp_path: Path,
) -> None:
    (tmp_path / "karma.py").write_text(KARMA)
    (tmp_path / "test_refused.py").write_text(REFUSED)
    command = [sys.executable, "-m", "pytest", "-q", "test_refused.py"]

    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert "does not work with https://hipchat.test" in run.stdout
    assert ">       addon_host.install(addon" in run.stdout
    assert "test_refused.py:5: BadRequestError" in run.stdout


def test_without_the_extra_the_fixture_names_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import sys; sys.modules['jwt'] = None")
    (tmp_path / "test_it.py").write_text("def test_it(addon_host): pass")
    command = [sys.executable, "-m", "pytest", "-q", "test_it.py"]

    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert "addon_host needs the extra addon (jwt): " in run.stdout
