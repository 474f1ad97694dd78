"""`hipkit admin emoticon`."""

from __future__ import annotations

from pathlib import Path

from hipkit.cli.failures import ExitCode
from tests.unit.cli.admin.conftest import Admin, Run
from tests.unit.server.two_groups import PNG


def test_an_emoticon_keeps_the_id_that_old_programs_know(
    run_json: Admin, run: Run, database: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "chef.png"
    picture.write_bytes(PNG)

    made = run_json("emoticon", "add", "chef", str(picture), "--id", "166")
    assert made == {"id": 166, "shortcut": "chef"}
    assert run_json("emoticon", "add", "next", str(picture))["id"] == 167
    folder = database.with_name("chat.db.files")
    kept = {path for path in folder.rglob("*") if path.is_file()}
    done = run("emoticon", "add", "other", str(picture), "--id", "166")
    assert done.code == ExitCode.REFUSED
    assert "another emoticon's id" in done.err
    assert {path for path in folder.rglob("*") if path.is_file()} == kept
    assert run_json("emoticon", "add", "other", str(picture))["id"] == 168


def test_an_argument_too_many_is_wrong_usage_even_if_the_picture_is_missing(
    run: Run, tmp_path: Path
) -> None:
    done = run("emoticon", "add", "chef", str(tmp_path / "none.png"), "more")

    assert done.code == ExitCode.USAGE
    assert "unexpected argument" in done.err


def test_a_picture_that_is_missing_is_named(run: Run, tmp_path: Path) -> None:
    done = run("emoticon", "add", "chef", str(tmp_path / "none.png"))

    assert "none.png: No such file or directory" in done.err
