from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from hipkit.client import secret_sources
from hipkit.relay.config.references import References, shown_reference

SECRET = "s3cret-value"


def written(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "hook"
    path.write_text(text)
    path.chmod(mode)
    return "file:hook"


def run(program: str) -> str:
    return "command:" + shlex.join([sys.executable, "-c", program])


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440])
def test_a_file_is_read_without_the_line_end_after_it(
    tmp_path: Path, mode: int
) -> None:
    reference = written(tmp_path, SECRET + "\r\n", mode)

    assert References(tmp_path).read(reference).reveal() == SECRET


def test_a_path_may_be_absolute(tmp_path: Path) -> None:
    written(tmp_path, SECRET)

    found = References(Path("/nowhere")).read(f"file:{tmp_path / 'hook'}")
    assert found.reveal() == SECRET


def test_a_variable_of_the_environment_is_read() -> None:
    found = References(Path(), {"HOOK": SECRET}).read("env:HOOK")
    assert found.reveal() == SECRET


def test_a_command_is_run_once_without_a_shell(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    program = f"open({str(marks)!r}, 'a').write('x'); print('$(echo no)')"
    references = References(tmp_path)

    for _ in range(2):
        assert references.read(run(program)).reveal() == "$(echo no)"
    assert marks.read_text() == "x"


@pytest.mark.parametrize(
    "literal",
    [
        f"https://hooks.example.com/{SECRET}",
        SECRET,
        f"File:{SECRET}",
        f"env:{SECRET}/x",
        "",
        "file:",
        "env: ",
        "command:",
        "command:'' 'x",
        7,
        None,
        [SECRET],
    ],
)
def test_what_is_no_reference_is_refused_and_not_shown(literal: object) -> None:
    with pytest.raises(
        ValueError, match=r"must|quote|it cannot|No such|denied"
    ) as told:
        References(Path("/nowhere"), {}).read(literal)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    ("text", "mode", "problem"),
    [
        ("", 0o600, "hook: it is empty"),
        ("\n\n", 0o600, "hook: it is empty"),
        (f"{SECRET}\n{SECRET}", 0o600, "more than one line"),
        (f"{SECRET}\x00", 0o600, "control character"),
        (SECRET, 0o604, "other users may read it; run: chmod 600"),
        (SECRET, 0o620, "chmod 600"),
    ],
)
def test_a_file_that_holds_no_secret_of_ours_is_told(
    tmp_path: Path, text: str, mode: int, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as told:
        References(tmp_path).read(written(tmp_path, text, mode))
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("file:missing", "missing: No such file"),
        ("file:.", "Is a directory"),
        ("file:~nobody-of-this-name/x", "home folder is unknown"),
        ("env:MISSING", "no variable MISSING"),
        ("env:EMPTY", "the variable EMPTY: it is empty"),
        ("command:no-such-program-here", "No such file"),
        (run("print(1); raise SystemExit(3)"), "exit code 3"),
        (run("pass"), "it is empty"),
    ],
)
def test_a_source_without_a_secret_is_told(
    tmp_path: Path, reference: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        References(tmp_path, {"EMPTY": ""}).read(reference)


def test_a_command_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_sources, "COMMAND_SECONDS", 0.05)
    with pytest.raises(ValueError, match="did not end"):
        References(Path()).read(run("import time; time.sleep(60)"))


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("file:/run/secrets/hook", "file:/run/secrets/hook"),
        ("env:HOOK", "env:HOOK"),
        (f"command:vault read --token {SECRET}", "command:vault"),
        (f"command:'{SECRET}", "command:"),
        (SECRET, "***"),
    ],
)
def test_only_the_reference_is_shown(reference: str, shown: str) -> None:
    assert shown_reference(reference) == shown
