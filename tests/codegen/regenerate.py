"""Write what the tests of this folder expect anew, from what the generator gives now.

`python -m tests.codegen.regenerate`, then read the diff: it is the whole point.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path

from codegen.__main__ import main
from tests.codegen.test_broken_documents import (
    BROKEN,
    DOCUMENTS,
    arguments_for,
    expected,
)
from tests.codegen.test_cases import CASES, generated


def regenerate() -> None:
    """Rewrite `cases/*/expected/` and `broken/*.txt`."""
    for case in CASES:
        folder = case / "expected"
        for path in folder.rglob("*.txt"):
            path.unlink()
        for name, text in generated(case).items():
            path = folder / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    os.chdir(BROKEN)
    for document in DOCUMENTS:
        line = io.StringIO()
        with tempfile.TemporaryDirectory() as beside, contextlib.redirect_stderr(line):
            out = str(Path(beside, "package"))
            main(["--strict", *arguments_for(document, Path(out))])
        expected(document).write_text(line.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    regenerate()
