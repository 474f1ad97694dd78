"""No hint sends people to a package index, where `hipkit` may be anybody's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import hipkit
from hipkit.extras import install_hint

ROOT = Path(__file__).parents[2]
PACKAGE = Path(hipkit.__file__).parent
FROM_AN_INDEX = re.compile(
    r"""\b(pipx? install|pipx run|uv add|uvx)( -\S+)* ['"]?hipkit\b"""
)


@pytest.mark.parametrize(
    "extra", ["addon", "apprise", "cli", "fast", "otel", "relay", "server"]
)
def test_the_hint_is_what_the_docs_say_and_names_an_extra_that_there_is(
    extra: str,
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert extra in project["project"]["optional-dependencies"]
    command = f"pip install '.[{extra}]'"
    assert install_hint(extra).startswith(command)
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert any(command in page.read_text(encoding="utf-8") for page in pages)


def test_the_hint_is_in_one_place_only() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "pip install" in path.read_text(encoding="utf-8")
    }
    assert found == {"extras.py"}


def test_no_page_and_no_module_installs_hipkit_from_an_index() -> None:
    places = [
        *PACKAGE.rglob("*.py"),
        *PACKAGE.rglob("*.html"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
    ]
    wrong = [
        f"{place.name}: {line}"
        for place in places
        for line in place.read_text(encoding="utf-8").splitlines()
        if FROM_AN_INDEX.search(line)
    ]
    assert wrong == []
