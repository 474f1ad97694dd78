"""Write the generated files, all or none of them, or show how the existing ones differ.

A file is ours if its first line says so. Other files in the folder are left alone; one under a
name that the generator needs is an error.
"""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from codegen.reading.document import SpecError
from codegen.writing.formatting import HEADER

__all__ = ["differences", "write"]


def differences(
    out: Path, texts: Mapping[str, str], mark: str = HEADER
) -> Iterator[str]:
    """Yield a diff from the existing files to the generated ones; `mark` begins ours.

    Raises:
        SpecError: They cannot be read.
    """
    try:
        there = _files(out, texts, mark)
    except OSError as error:
        raise _unusable(out, error) from None
    for name in sorted({*texts, *there}):
        path = f"{out.name}/{name}"
        yield from difflib.unified_diff(
            there.get(name, "").splitlines(keepends=True),
            texts.get(name, "").splitlines(keepends=True),
            f"{path} (there)" if name in there else "(missing)",
            f"{path} (generated)" if name in texts else "(not generated any more)",
        )


def write(out: Path, texts: Mapping[str, str], mark: str = HEADER) -> None:
    """Write the files that differ, and remove those that are no longer generated.

    Args:
        out: The folder.
        texts: The files, by their paths in it.
        mark: What the first line of each begins with, and that of no other file.

    Raises:
        SpecError: A file that is not ours has one of the names, or the folder is not writable.
    """
    try:
        there = _files(out, texts, mark)
        for name in texts:
            if name in there and not there[name].startswith(mark):
                raise SpecError(
                    f"{out / name}: was not generated and would be overwritten;"
                    " move it, or name another folder"
                )
        changed = [name for name, text in texts.items() if there.get(name) != text]
        stale = [name for name in there if name not in texts]
        if changed or stale:
            _replace(out, {name: texts[name] for name in changed}, stale)
    except OSError as error:
        raise _unusable(out, error) from None


def _files(out: Path, texts: Mapping[str, str], mark: str) -> dict[str, str]:
    """Return the files that are ours, and those that have the name of one of ours."""
    found: dict[str, str] = {}
    for folder in (out, out / "raw"):
        if folder.is_symlink() and folder != out:
            raise SpecError(f"{folder}: is a link; name a folder of its own")
        for path in sorted(folder.glob("*.py")) if folder.exists() else ():
            name = path.relative_to(out).as_posix()
            with path.open(encoding="utf-8", errors="replace", newline="") as file:
                text = file.read()
            if text.startswith(mark) or name in texts:
                found[name] = text
    return found


def _replace(out: Path, texts: Mapping[str, str], stale: list[str]) -> None:
    """Move new files in and old ones out; on the first failure move everything back.

    Files are written beside the folder first: every step after that is a rename on one file
    system, which cannot fail half-way, so that a full disk never leaves a mix of two versions.
    """
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    moves: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        source.replace(target)
        moves.append((source, target))

    try:
        for name, text in texts.items():
            path = beside / "new" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        for name in (*texts, *stale):
            target = out / name
            target.parent.mkdir(exist_ok=True)
            if target.exists() or target.is_symlink():
                old = beside / "old" / name
                old.parent.mkdir(parents=True, exist_ok=True)
                move(target, old)
            if name in texts:
                move(beside / "new" / name, target)
    except BaseException:
        for source, target in reversed(moves):
            target.replace(source)
        if made:
            shutil.rmtree(out, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unusable(out: Path, error: OSError) -> SpecError:
    return SpecError(
        f"{out}: {error.strerror or error}; name a folder that can be written to"
    )
