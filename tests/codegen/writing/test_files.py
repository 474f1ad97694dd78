"""What is written where, what is left alone, and what `--check` tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.__main__ import DIFFERENT, REFUSED, main
from codegen.writing.formatting import HEADER
from tests.codegen.test_cases import CASES

NAMING = next(case / "spec.yaml" for case in CASES if case.name == "naming")
BODIES = next(case / "spec.yaml" for case in CASES if case.name == "bodies")


def run(spec: Path, out: Path, *more: str) -> int:
    return main(["--spec", str(spec), "--out", str(out), "--package", "package", *more])


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_package_has_these_files(tmp_path: Path) -> None:
    assert run(NAMING, tmp_path / "a" / "b") == 0

    assert sorted(contents(tmp_path / "a" / "b")) == [
        "__init__.py",
        "async_client.py",
        "book_shelves.py",
        "catalog.py",
        "client.py",
        "help.py",
        "models.py",
        "oauth_sessions.py",
        "raw/__init__.py",
        "raw/book_shelves.py",
        "raw/oauth_sessions.py",
    ]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b"]


def test_every_file_starts_with_the_header(tmp_path: Path) -> None:
    run(NAMING, tmp_path / "out")

    for text in contents(tmp_path / "out").values():
        first, _, rest = text.decode().partition("\n")
        assert first == f"{HEADER} --package package` from spec.yaml: edits are lost."
        assert str(tmp_path) not in rest


def test_the_output_does_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(BODIES, tmp_path / "first")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "src" / "package").mkdir(parents=True)
    (elsewhere / "src" / "msgspec").mkdir()
    (elsewhere / "pyproject.toml").write_text(
        '[tool.ruff]\nline-length = 40\n[tool.ruff.format]\nquote-style = "single"\n'
    )
    monkeypatch.chdir(elsewhere)

    run(BODIES, elsewhere / "second")

    assert contents(tmp_path / "first") == contents(elsewhere / "second")


def test_files_that_are_no_longer_generated_are_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(NAMING, out)

    run(BODIES, out)

    assert "things.py" in contents(out)
    assert not {"book_shelves.py", "raw/book_shelves.py"} & contents(out).keys()


def test_files_without_the_header_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "raw").mkdir(parents=True)
    others = {
        "notes.txt": b"mine",
        "helper.py": b"# mine\n",
        "raw/helper.py": b"# mine\n",
    }
    for name, text in others.items():
        (out / name).write_bytes(text)

    assert run(NAMING, out) == 0
    assert run(NAMING, out, "--check") == 0

    assert others.items() <= contents(out).items()


def test_a_file_without_the_header_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "models.py").write_text("# mine\n", encoding="utf-8")

    assert run(NAMING, out) == REFUSED

    fault = (
        "was not generated and would be overwritten; move it, or name another folder"
    )
    assert capsys.readouterr().err == f"{out / 'models.py'}: {fault}\n"
    assert contents(out) == {"models.py": b"# mine\n"}


def test_unchanged_files_are_not_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.py")}

    run(NAMING, out)

    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*.py")}


def test_check_prints_nothing_without_differences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(NAMING, tmp_path / "out")

    assert run(NAMING, tmp_path / "out", "--check") == 0
    assert capsys.readouterr() == ("", "")


def test_check_shows_a_diff_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    with (out / "models.py").open("a", encoding="utf-8") as file:
        file.write("CHANGED = 1\n")
    (out / "catalog.py").unlink()
    (out / "old.py").write_text(f"{HEADER}`\n", encoding="utf-8")
    before = contents(out)

    assert run(NAMING, out, "--check") == DIFFERENT

    shown = capsys.readouterr().out
    assert "--- out/models.py (there)\n+++ out/models.py (generated)\n" in shown
    assert "\n-CHANGED = 1\n" in shown
    assert "--- (missing)\n+++ out/catalog.py (generated)\n" in shown
    assert "--- out/old.py (there)\n+++ (not generated any more)\n" in shown
    assert contents(out) == before


def test_check_of_a_missing_folder_shows_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(NAMING, tmp_path / "out", "--check") == DIFFERENT

    assert capsys.readouterr().out.count("--- (missing)\n") == 11
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_writable_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        assert run(NAMING, out) == REFUSED
        line = capsys.readouterr().err
        assert line.startswith(f"{out}: ")
        assert line.endswith("; name a folder that can be written to\n")
        assert line.count("\n") == 1

    assert contents(tmp_path) == {"file": b"mine"}


def test_a_failure_while_moving_restores_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    before = contents(out)
    replace = Path.replace

    def fail_late(self: Path, target: Path) -> Path:
        if self.name == "things.py":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_late)

    assert run(BODIES, out) == REFUSED
    assert "No space left on device" in capsys.readouterr().err
    assert contents(out) == before
    assert run(BODIES, tmp_path / "new") == REFUSED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_link_inside_the_folder_is_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "raw").symlink_to(elsewhere)

    assert run(NAMING, out) == REFUSED
    assert "is a link" in capsys.readouterr().err
    assert contents(elsewhere) == {}
