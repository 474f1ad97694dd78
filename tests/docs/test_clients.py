"""The table of addresses and tokens is that of the programs, their drivers and their tests."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clients.test_tokens import WITH_PERSONAL, WITH_ROOM_NOTIFICATION
from tests.docs.reading import read_pages

PAGE = next(page for page in read_pages() if page.name == "clients.md")
TESTED, SETTINGS = PAGE.read_text(encoding="utf-8").split("## Address and token")
ROW = re.compile(r"^\| (?!program|---)(.*?) \|(.*)\|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
DRIVERS = {"hipchat (Ruby)": "ruby-hipchat", "Ansible": "playbook"}
PERSONAL, OF_A_ROOM, OF_AN_ADDON = (
    "personal token",
    "room notification token",
    "add-on token",
)


def rows() -> dict[str, list[str]]:
    return {
        name: [cell.strip() for cell in cells.split("|")]
        for name, cells in ROW.findall(SETTINGS)
    }


def driver_of(repository: Path, name: str) -> str:
    program = DRIVERS.get(name, name.lower())
    (driver,) = (repository / "tests/clients/programs").glob(f"{program}.*")
    return driver.read_text(encoding="utf-8")


def test_every_program_has_its_row() -> None:
    tested = [
        re.sub(r" \((?:Python|Node.js)\)|[',].*", "", n) for n, _ in ROW.findall(TESTED)
    ]
    assert list(rows()) == tested


def test_every_setting_is_the_one_that_the_tests_use(repository: Path) -> None:
    unknown = [
        f"{name}: {code}"
        for name, (setting, _, _) in rows().items()
        for code in CODE.findall(setting)
        if code.partition("(")[0] not in driver_of(repository, name)
    ]
    assert unknown == []


def test_every_token_is_one_with_which_a_test_posts(repository: Path) -> None:
    claimed = {name: token for name, (_, _, token) in rows().items()}
    personal = {
        name: {*CODE.findall(token)}
        for name, token in claimed.items()
        if token.startswith(PERSONAL)
    }
    tried = {name: {*scopes.split()} for name, (scopes, _) in WITH_PERSONAL.items()}
    assert personal == tried
    untried = [
        name
        for name, token in claimed.items()
        if token.startswith(OF_A_ROOM)
        and name not in WITH_ROOM_NOTIFICATION
        and "ROOM_TOKEN" not in driver_of(repository, name)
    ]
    assert untried == []
    kinds = {token.partition(",")[0] for token in claimed.values()}
    assert kinds == {PERSONAL, OF_A_ROOM, OF_AN_ADDON}
