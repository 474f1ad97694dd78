"""Format generated files with ruff: unused imports removed, imports and `__all__` sorted.

Settings are given here, so that the output does not depend on the configuration around it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sourcefiles.errors import GenerationError

SETTINGS = ("--isolated", "--no-cache", "--quiet", "--target-version=py311")
SORTED = ("--fix", "--select=F401,I001,RUF022", "--line-length=88")


def formatted(package: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a package, by path, as ruff formats them, all in one go."""
    with tempfile.TemporaryDirectory(prefix="codegen-") as folder:
        for name, text in texts.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        _ruff(folder, "check", *SORTED, *_sections(package))
        _ruff(folder, "format", "--line-length=88")
        return {name: Path(folder, name).read_text(encoding="utf-8") for name in texts}


def _sections(package: str) -> list[str]:
    """Return ruff's import sections; it would search its working directory for them otherwise."""
    ours = package.partition(".")[0]
    others = [name for name in ("hipkit", "msgspec") if name != ours]
    return [
        f"--config=lint.isort.known-first-party={[ours]}",
        f"--config=lint.isort.known-third-party={others}",
        # What is left of a long import may fit into one line.
        "--config=lint.isort.split-on-trailing-comma=false",
    ]


def _ruff(folder: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, *SETTINGS, folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    if done.returncode:
        raise GenerationError(
            f"ruff {arguments[0]} failed: {done.stdout or done.stderr}"
        )
