"""The benchmarks run, whatever their figures are: no test looks at a time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.__main__ import PAGE, ROWS
from benchmarks.measuring import Spread

HYPCHAT_TABLE = "A notification, against hypchat 0.21"


@pytest.fixture(scope="module")
def written(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[subprocess.CompletedProcess[str], str]:
    page = tmp_path_factory.mktemp("docs") / "performance.md"
    shutil.copy(PAGE, page)
    done = run("--quick", "--page", str(page))
    return done, page.read_text(encoding="utf-8")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=PAGE.parent.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def tables_of(page: str) -> dict[str, list[str]]:
    """Return the measured lines below each heading, without those that head a table."""
    measured = page.partition("<!-- measured:")[2].partition("<!-- measured: end")[0]
    sections = re.split(r"^### ", measured, flags=re.MULTILINE)[1:]
    return {
        section.partition("\n")[0]: [
            line for line in section.splitlines() if line.startswith("|")
        ][2:]
        for section in sections
    }


def test_every_row_runs_and_yields_numbers(
    written: tuple[subprocess.CompletedProcess[str], str],
) -> None:
    done, page = written
    assert done.returncode == 0, done.stderr
    tables = tables_of(page)
    assert len(tables) == len(ROWS)
    if find_spec("hypchat") is None:
        # Only `make bench` installs it; then the page says so instead.
        assert tables.pop(HYPCHAT_TABLE) == []
        assert "hypchat is missing" in page
    for title, lines in tables.items():
        assert lines, title
        assert all(re.search(r"\d (µs|ms|s|MB)\b", line) for line in lines), title


def test_the_page_says_what_was_measured_on_and_keeps_its_own_words(
    written: tuple[subprocess.CompletedProcess[str], str],
) -> None:
    _, page = written
    assert re.search(r"^- .*CPython 3\.", page, flags=re.MULTILINE)
    assert "msgspec 0." in page
    own_words = PAGE.read_text(encoding="utf-8").partition("<!-- measured: end -->")
    assert page.endswith("".join(own_words[1:]))


def test_a_run_of_some_rows_leaves_the_page_alone() -> None:
    before = PAGE.read_bytes()
    assert run("--quick", "import").returncode == 0
    assert PAGE.read_bytes() == before


def test_a_row_that_does_not_exist_is_refused() -> None:
    done = run("--quick", "warp")
    assert done.returncode == 2
    assert "warp" in done.stderr


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("new.md", "No such file"),
        ("missing/page.md", "No such file"),
        ("", "Is a directory"),
        ("page.md", "page.md lacks the lines"),
    ],
)
def test_a_page_that_cannot_take_the_figures_is_refused_before_anything_is_measured(
    tmp_path: Path, name: str, shown: str
) -> None:
    (tmp_path / "page.md").write_text("# Nothing here\n")

    done = run("--quick", "--page", str(tmp_path / name))

    assert (done.returncode, done.stdout) == (2, "")
    assert shown in done.stderr


def test_a_spread_is_the_median_and_the_quartiles() -> None:
    assert Spread.of([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)
