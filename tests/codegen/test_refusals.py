"""Broken documents: each stands in `broken/` beside the one line that refuses it.

`python -m tests.codegen.regenerate` writes the lines anew; read the diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.__main__ import REFUSED, main

BROKEN = Path(__file__).parent / "broken"
DOCUMENTS = sorted(path for path in BROKEN.iterdir() if path.suffix != ".txt")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_broken_document_is_refused_in_one_line(
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(BROKEN)
    out = tmp_path / "package"

    code = main(["--spec", document.name, "--out", str(out), "--package", "package"])

    captured = capsys.readouterr()
    assert code == REFUSED
    assert captured.out == ""
    assert captured.err == expected(document).read_text(encoding="utf-8")
    assert captured.err.count("\n") == 1
    assert not out.exists()


def test_every_expected_line_belongs_to_a_document() -> None:
    lines = {path for path in BROKEN.iterdir() if path.suffix == ".txt"}

    assert lines == {expected(document) for document in DOCUMENTS}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.yaml", "No such file or directory"), (".", "Is a directory")],
)
def test_what_is_no_readable_file_is_refused(
    name: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--spec", str(tmp_path / name), "--out", str(tmp_path / "out")]

    assert main([*arguments, "--package", "package"]) == REFUSED

    line = f"{tmp_path / name}: cannot be read: {reason}; name a YAML or JSON file\n"
    assert capsys.readouterr().err == line


def test_what_was_there_before_stays_after_a_refusal(tmp_path: Path) -> None:
    out = tmp_path / "package"
    good = BROKEN.parent / "cases" / "naming" / "spec.yaml"
    arguments = ["--out", str(out), "--package", "package"]
    assert main(["--spec", str(good), *arguments]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    assert main(["--spec", str(BROKEN / "no_tag.yaml"), *arguments]) == REFUSED

    assert before == {
        path: path.read_bytes() for path in out.rglob("*") if path.is_file()
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["package"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--spec", "a.yaml"],
        ["--out", "a", "--package", "a"],
        ["--spec", "a.yaml", "--out", "a", "--package", "not-a-name"],
        ["--spec", "a.yaml", "--out", "a", "--package", "a.class"],
        ["--spec", "a.yaml", "--out", "a", "--package", "hipkit"],
    ],
)
def test_a_call_that_makes_no_sense_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == REFUSED
    assert "error: " in capsys.readouterr().err


def test_schemas_that_refer_too_deeply_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        "openapi: 3.1.0",
        "paths:",
        "  /thing:",
        "    get: {operationId: get_thing, tags: [Things]}",
        "components:",
        "  schemas:",
        *(
            f"    a{number}: {{type: array, items: {{$ref: '#/components/schemas/a{number + 1}'}}}}"
            for number in range(2_000)
        ),
        "    a2000: {type: string}",
    ]
    spec = tmp_path / "deep.yaml"
    spec.write_text("\n".join(lines), encoding="utf-8")

    assert (
        main(["--spec", str(spec), "--out", str(tmp_path / "out"), "--package", "deep"])
        == REFUSED
    )

    fault = "its schemas refer to each other too deeply; flatten them"
    assert capsys.readouterr().err == f"{spec}: {fault}\n"


def expected(document: Path) -> Path:
    return document.with_name(f"{document.name}.txt")
