"""Runs the examples of README.md and `docs/`; the tests' own set-up is `tests/conftest.py`.

The pages are read in the order of `tests/docs/reading.py`, in one folder with one server, as one
reader would. Each can be run by itself too: `pytest docs/how-to/developers/cards.md`.

Python blocks are executed, in order, one namespace a page, and so are the tests that they define.
In `console` blocks every command runs, and what it prints is compared with what the page shows;
`...` there stands for anything. Blocks marked `sh` run on the pages that are followed to the
letter, and nowhere else. A block with a title, such as `toml title="profiles.toml"`, is saved as
that file. A block after the comment `<!-- skip: next "the reason" -->` is not run.
"""

from __future__ import annotations

import pytest
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser, SkipParser
from sybil.typing import Parser
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from tests.docs.console import run_console
from tests.docs.python import run_python
from tests.docs.reading import read_pages
from tests.docs.saving import titled_blocks
from tests.docs.shell import run_shell

pytest_plugins = ["tests.docs.surroundings"]

TO_THE_LETTER = ["README.md", "docs/index.md", "docs/tutorial/*.md"]
PARSERS: list[Parser] = [
    SkipParser(),
    CodeBlockParser("python", run_python),
    CodeBlockParser("console", run_console),
    titled_blocks,
]

pytest_collect_file = (
    Sybil(
        parsers=[*PARSERS, CodeBlockParser("sh", run_shell)],
        patterns=TO_THE_LETTER,
        excludes=["*/README.md"],
        fixtures=["reader"],
    )
    + Sybil(
        parsers=PARSERS,
        patterns=["docs/*/*.md", "docs/*/*/*.md"],
        excludes=TO_THE_LETTER,
        fixtures=["reader"],
    )
).pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the pages into the order in which they are read, behind all other tests."""
    place = {page: number for number, page in enumerate(read_pages())}
    items.sort(key=lambda item: place.get(item.path, -1))


class ReadTogether(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types.
    """Keeps the tests of a file together, and all pages: they share a server."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return "pages" if scope.endswith(".md") else scope


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: object
) -> LoadFileScheduling | None:
    """Return the scheduler of `--dist loadfile`; for any other choice it is pytest-xdist's."""
    if config.getvalue("dist") != "loadfile":
        return None
    return ReadTogether(config, log)
