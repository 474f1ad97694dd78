"""The benchmarks run, whatever their figures are: no test looks at a time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import document
from benchmarks.__main__ import PAGE, ROWS, Row, measure_rows
from benchmarks.children import Child, ChildError
from benchmarks.competing import compete
from benchmarks.document import Run
from benchmarks.measuring import Cost, Spread
from benchmarks.report import Table, compared
from benchmarks.rows.calls import task_for
from benchmarks.scene import Scene

HYPCHAT_TABLE = "A notification, against hypchat 0.21"
NODE_TABLE = "A notification, against hipchatter 1.0.0 on Node.js"

EXPECTED_PAGE = f"""\
Before.

{document.BEGIN}

- 1 May 2026: a: b
- 2 May 2026: c

<!-- row: one; run: 2 May 2026 -->

### Row one

Noted.

| figure |
| --- |
| 1 s |

Run of 2 May 2026.

<!-- row: two; run: 1 May 2026 -->

### Row two

Noted.

| figure |
| --- |
| 2 s |

Run of 1 May 2026.

<!-- row: three; run: 2 May 2026 -->

### Row three

Noted.

| figure |
| --- |
| 4 s |

Run of 2 May 2026.

{document.END}

After.
"""


@pytest.fixture(scope="module")
def written(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[subprocess.CompletedProcess[str], str]:
    page = copy_of_page(tmp_path_factory.mktemp("docs"))
    done = run("--quick", "--page", str(page))
    return done, page.read_text(encoding="utf-8")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=PAGE.parent.parent.parent,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_page(folder: Path) -> Path:
    page = folder / "performance.md"
    shutil.copy(PAGE, page)
    return page


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
    # Only `make bench` installs these; without them the page says so instead.
    if find_spec("hypchat") is None:
        assert tables.pop(HYPCHAT_TABLE) == []
        assert "hypchat is missing" in page
    if not tables[NODE_TABLE]:
        assert tables.pop(NODE_TABLE) == []
        assert "missing; `make bench` installs hipchatter" in page
    for title, lines in tables.items():
        assert lines, title
        assert all(re.search(r"\d (µs|ms|s|MB)\b", line) for line in lines), title


def test_the_page_says_what_was_measured_on_and_keeps_its_own_words(
    written: tuple[subprocess.CompletedProcess[str], str],
) -> None:
    _, page = written
    (facts,) = re.findall(r"^- .*CPython 3\..*$", page, flags=re.MULTILINE)
    began, _, _ = facts.removeprefix("- ").partition(": ")
    assert page.count(f"Run of {began}.") == len(ROWS)
    assert "msgspec 0." in page
    own_words = PAGE.read_text(encoding="utf-8").partition("<!-- measured: end -->")
    assert page.endswith("".join(own_words[1:]))


def test_a_run_of_some_rows_leaves_the_page_alone() -> None:
    before = PAGE.read_bytes()
    assert run("--quick", "import").returncode == 0
    assert PAGE.read_bytes() == before


def test_a_row_says_which_programs_it_lacks() -> None:
    done = run("--quick", "share", "node", PATH="")

    assert done.returncode == 0, done.stderr
    assert "not counted: no valgrind" in done.stdout
    assert re.search(r"Not measured: node( and hipchatter)? missing", done.stdout)


def test_a_row_that_fails_says_why_and_does_not_cost_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = copy_of_page(tmp_path)

    def fail(scene: Scene) -> Table:
        compete(scene, task_for(scene.plain), ["nobody:at_all"], rounds=1, calls=1)
        raise AssertionError

    rows = {
        "fast": Row("Against nobody", fail),
        "page": Row("Something", lambda _: Table("Something", ("a",), [("1 s",)])),
    }

    is_good = measure_rows(rows, list(rows), page=page, quick=True)

    assert not is_good
    reason = "nobody:at_all: ModuleNotFoundError: No module named 'benchmarks.contestants.nobody'"
    failed = f"Not measured, as it failed: `ChildError: {reason}`"
    output, errors = capsys.readouterr()
    assert failed in output.splitlines()
    assert "Traceback" not in output
    # The other process's.
    assert 'benchmarks/contestant.py", line' in errors
    assert errors.endswith("failed: fast\n")
    written = page.read_text(encoding="utf-8")
    assert failed in written.splitlines()
    assert tables_of(written) == {"Against nobody": [], "Something": ["| 1 s |"]}


def test_a_process_that_does_not_answer_is_killed() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        pytest.raises(ChildError, match=r"^silent: killed, as it took too long"),
        Child("silent", command, os.environ) as silent,
    ):
        silent.ask("1", seconds=0.1)


def test_a_process_that_fails_at_its_end_is_noticed() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit('no end')"]
    with (
        pytest.raises(ChildError, match=r"^last: no end"),
        Child("last", command, os.environ),
    ):
        pass


def test_a_table_that_was_not_measured_keeps_its_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n\n{document.BEGIN}\n{document.END}\n\nAfter.\n")
    order = ["one", "two", "three"]
    first, second = Run("1 May 2026", "a: b"), Run("2 May 2026", "c")

    def update(row: str, run: Run, cell: str) -> None:
        table = Table(f"Row {row}", ("figure",), [(cell,)], note="Noted.")
        document.update(page, row, table, run, order=order)

    update("three", first, "3 s")
    update("two", first, "2 s")
    update("one", second, "1 s")
    update("three", second, "4 s")

    assert page.read_text() == EXPECTED_PAGE

    update("two", second, "5 s")

    assert "- 1 May 2026" not in page.read_text()
    assert page.read_text().count("Run of 2 May 2026.") == 3


def test_a_row_that_is_gone_leaves_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{document.BEGIN}\n{document.END}\n")
    table = Table("A row", ("figure",), [("1 s",)])
    document.update(page, "old", table, Run("1 May 2026", "a"), order=["old", "new"])

    document.update(page, "new", table, Run("2 May 2026", "b"), order=["new"])

    assert "1 May" not in page.read_text()


def test_a_verdict_is_on_the_figure_that_is_shown() -> None:
    ours, theirs = Cost((1.0004,), (1.0,)), Cost((1.0,), (1.0,))

    line = compared("any", "sync", "another", ours, theirs, aim=1.0)

    assert line[-2:] == ("1 (1 to 1)", "at most 1: met")
    assert compared("any", "sync", "a", theirs, ours, aim=0.999)[-1].endswith("missed")


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
