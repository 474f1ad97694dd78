"""What is written where, what is left alone, and what `--check` tells."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from codegen.__main__ import DIFFERENT, REFUSED, main
from codegen.writing.render import MARK
from sourcefiles.files import MANIFEST
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


def record(out: Path, name: str, text: str) -> None:
    """Write a file as the generator would have, in an earlier version."""
    (out / name).write_text(text, encoding="utf-8")
    manifest = json.loads((out / MANIFEST).read_text())
    manifest["files"][name] = sha256(text.encode()).hexdigest()
    (out / MANIFEST).write_text(json.dumps(manifest))


def test_the_package_has_these_files(tmp_path: Path) -> None:
    assert run(NAMING, tmp_path / "a" / "b") == 0

    assert sorted(contents(tmp_path / "a" / "b")) == [
        "README.md",
        "__init__.py",
        "async_client.py",
        "book_shelves.py",
        "catalog.py",
        "client.py",
        "generated.json",
        "help.py",
        "models.py",
        "oauth_sessions.py",
        "py.typed",
        "raw/__init__.py",
        "raw/book_shelves.py",
        "raw/oauth_sessions.py",
    ]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b"]


def test_every_module_starts_with_the_header(tmp_path: Path) -> None:
    run(NAMING, tmp_path / "out")

    for name, text in contents(tmp_path / "out").items():
        if not name.endswith(".py"):
            continue
        first, _, rest = text.decode().partition("\n")
        assert first == f"{MARK} --package package` from spec.yaml: edits are lost."
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

    run(BODIES, elsewhere / "first")

    assert contents(tmp_path / "first") == contents(elsewhere / "first")


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
    capsys.readouterr()

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
    record(out, "old.py", "")
    before = contents(out)

    assert run(NAMING, out, "--check") == DIFFERENT

    shown = capsys.readouterr().out
    assert (
        "--- out/models.py (changed by hand)\n+++ out/models.py (generated)\n" in shown
    )
    assert "\n-CHANGED = 1\n" in shown
    assert "--- (missing)\n+++ out/catalog.py (generated)\n" in shown
    assert contents(out) == before


def test_check_of_a_missing_folder_shows_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(NAMING, tmp_path / "out", "--check") == DIFFERENT

    assert capsys.readouterr().out.count("--- (missing)\n") == 13
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
    assert capsys.readouterr().err.endswith(
        f"{out / 'raw'}: is a link; name a folder of its own\n"
    )
    assert contents(elsewhere) == {}


def test_what_an_editor_leaves_is_no_module(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    (out / ".#client.py").symlink_to("ann@example.com.4711:1790000000")
    (out / "folder.py").mkdir()
    capsys.readouterr()

    assert run(NAMING, out) == 0

    assert capsys.readouterr().err == "out: nothing changed\n"
    assert (out / ".#client.py").is_symlink()


def test_what_was_changed_by_hand_is_reported_and_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    (out / "models.py").write_text("MINE = 1\n", encoding="utf-8")
    (out / "raw" / "book_shelves.py").write_text("MINE = 2\n", encoding="utf-8")
    before = contents(out)
    capsys.readouterr()

    for spec in (NAMING, BODIES):
        assert run(spec, out) == REFUSED
        assert capsys.readouterr().err.endswith(
            f"{out}: models.py, raw/book_shelves.py changed by hand since it was generated;"
            " keep the change elsewhere, then add --overwrite\n"
        )
        assert contents(out) == before
    assert run(NAMING, out, "--overwrite") == 0
    assert run(NAMING, out, "--check") == 0


def test_a_change_by_hand_to_what_is_generated_now_is_no_difference(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    run(BODIES, tmp_path / "new")
    run(NAMING, out)
    models = (tmp_path / "new" / "models.py").read_bytes()
    (out / "models.py").write_bytes(models)

    assert run(BODIES, out) == 0
    assert contents(out) == contents(tmp_path / "new") | {
        name: contents(out)[name] for name in ("README.md", MANIFEST)
    }


def test_a_diff_shows_changes_and_removals_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    record(out, "old.py", "OLD = 1\n")
    before = contents(out)

    assert run(BODIES, out, "--diff") == 0

    shown = capsys.readouterr().out
    assert "--- out/old.py (there)\n+++ (not generated any more)\n" in shown
    assert "-| `book_shelves.get_book` |" in shown
    assert contents(out) == before


def test_regenerating_says_what_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    record(out, "old.py", "OLD = 1\n")
    (out / "help.py").unlink()
    record(out, "models.py", "OLD = 2\n")
    capsys.readouterr()

    for told in (
        "out: new: help.py; changed: models.py; removed: old.py\n",
        "out: nothing changed\n",
    ):
        assert run(NAMING, out) == 0
        assert capsys.readouterr().err == told


def test_a_copy_of_a_generated_file_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    (out / "my_models.py").write_bytes((out / "models.py").read_bytes())

    assert run(BODIES, out) == 0

    assert "my_models.py" in contents(out)


def test_a_readme_of_ones_own_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "README.md").write_text("mine", encoding="utf-8")

    assert run(NAMING, out) == REFUSED

    assert capsys.readouterr().err.endswith(
        f"{out / 'README.md'}: was not generated and would be overwritten;"
        " move it, or name another folder\n"
    )
    assert contents(out) == {"README.md": b"mine"}


def test_a_package_from_before_the_manifest_is_regenerated(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    for name in (MANIFEST, "README.md", "py.typed"):
        (out / name).unlink()

    assert run(BODIES, out) == 0

    run(BODIES, tmp_path / "new")
    assert {*contents(out)} == {*contents(tmp_path / "new")}


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        '{"files": []}',
        '{"files": {"../mine.py": "0"}}',
        '{"files": {"models.py": 1}}',
    ],
)
def test_a_manifest_that_was_changed_removes_nothing(
    manifest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(NAMING, out)
    (out / MANIFEST).write_text(manifest)
    (tmp_path / "mine.py").write_text("MINE = 1\n")
    before = contents(tmp_path)
    capsys.readouterr()

    assert run(BODIES, out) == REFUSED

    assert capsys.readouterr().err.endswith(
        f"{out / MANIFEST}: is not as it was generated; remove it, or name another folder\n"
    )
    assert contents(tmp_path) == before
