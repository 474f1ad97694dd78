"""Broken documents: each stands in `broken/` beside the one line that rejects it.

`python -m tests.codegen.regenerate` writes the lines anew; read the diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.__main__ import REFUSED, main

BROKEN = Path(__file__).parent / "broken"


DOCUMENTS = sorted(path for path in BROKEN.iterdir() if path.suffix != ".txt")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_broken_document_is_rejected_in_one_line(
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(BROKEN)
    out = tmp_path / "package"

    code = main(["--strict", *arguments_for(document, out)])

    captured = capsys.readouterr()
    assert code == REFUSED
    assert captured.out == ""
    assert captured.err == expected(document).read_text(encoding="utf-8")
    assert captured.err.count("\n") == 1
    assert not out.exists()


def test_every_expected_line_belongs_to_a_document() -> None:
    lines = {path for path in BROKEN.iterdir() if path.suffix == ".txt"}

    assert lines == {expected(document) for document in DOCUMENTS}


def arguments_for(document: Path, out: Path) -> list[str]:
    return ["--spec", document.name, "--out", str(out), "--package", "package"]


def expected(document: Path) -> Path:
    return document.with_name(f"{document.name}.txt")
