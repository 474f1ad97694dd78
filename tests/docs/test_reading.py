from __future__ import annotations

import re
from pathlib import Path

from tests.docs.reading import read_pages

BLOCK = re.compile(r"^```(?:sh|python|console)$.*?^```$", re.DOTALL | re.MULTILINE)
MAKES = re.compile(r"create_room\(|create-room|admin room add|admin user add")


def test_every_page_is_in_the_navigation_once(repository: Path) -> None:
    pages = sorted((repository / "docs").rglob("*.md"))
    assert sorted(read_pages()) == sorted([repository / "README.md", *pages])


def test_the_reader_begins_with_the_readme_and_the_tutorial(repository: Path) -> None:
    read = [str(page.relative_to(repository)) for page in read_pages()]
    assert read[:3] == [
        "README.md",
        "docs/index.md",
        "docs/tutorial/first-notification.md",
    ]
    guides = [number for number, page in enumerate(read) if "how-to" in page]
    others = [number for number, page in enumerate(read) if "reference" in page]
    assert guides
    assert max(guides) < min(others)


def test_a_page_that_makes_a_room_says_how_to_begin_again(repository: Path) -> None:
    silent = [
        str(page.relative_to(repository))
        for page in read_pages()
        if any(MAKES.search(block) for block in BLOCK.findall(page.read_text("utf-8")))
        and "begin again" not in page.read_text("utf-8").lower()
    ]
    assert silent == []
