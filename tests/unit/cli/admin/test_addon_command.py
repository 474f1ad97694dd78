"""Commands that call add-ons: beside a server that runs, or serving the API themselves."""

from __future__ import annotations

from pathlib import Path

from hipkit.server.storage.lock import hold_lock
from tests.unit.cli.admin.conftest import Admin, Run
from tests.unit.cli.admin.test_addons import address


def test_an_add_on_that_is_installed_in_a_browser_needs_a_server(run: Run) -> None:
    url = address("view_room", installedUrl="https://karma.example/installed")

    done = run("addon", "install", url, "--yes", "--port", "0")

    assert done.code != 0
    assert "start hipkit serve first" in done.err


def test_beside_a_server_the_browser_s_address_is_printed(
    run: Run, run_json: Admin, database: Path
) -> None:
    url = address("view_room", installedUrl="https://karma.example/installed")

    with hold_lock(database):
        unknown = run("addon", "install", url, "--yes")
        root = ("--public-url", "https://chat.example.com")
        installed = run_json("addon", "install", url, "--yes", *root)

    assert unknown.code == 2
    assert "use --public-url" in unknown.err
    assert installed["state"] == "waits for the add-on"
    assert "redirect_url=https%3A%2F%2Fchat.example.com%2F" in installed["open"]
