"""Write the generated files, all or none of them, or show how the existing ones differ.

A file is ours if a manifest in the folder lists it, or, where there is none, if its first line says
so. Other files in the folder are left alone; one under a name that the generator needs is an error,
and so is one of ours that was changed by hand.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sourcefiles.errors import GenerationError, in_short

MANIFEST = "generated.json"
OUR_NAME = re.compile(r"(raw/)?\w[\w.]*")


def with_manifest(texts: Mapping[str, str], command: str) -> dict[str, str]:
    """Return the files with a manifest: the command that made them, and a digest of each."""
    digests = {name: _digest(text) for name, text in sorted(texts.items())}
    manifest = json.dumps({"command": command, "files": digests}, indent=2)
    return {**texts, MANIFEST: f"{manifest}\n"}


def differences(out: Path, texts: Mapping[str, str], mark: str) -> Iterator[str]:
    """Yield a diff from the existing files to the generated ones; `mark` begins ours."""
    found = _Folder.read(out, texts, mark)
    for name in sorted({*texts, *found.texts} - {MANIFEST}):
        path = f"{out.name}/{name}"
        there = "changed by hand" if name in found.edited else "there"
        old = f"{path} ({there})" if name in found.texts else "(missing)"
        new = f"{path} (generated)" if name in texts else "(not generated any more)"
        lines = difflib.unified_diff(
            found.texts.get(name, "").splitlines(keepends=True),
            texts.get(name, "").splitlines(keepends=True),
            old,
            new,
        )
        # A file that holds nothing differs by being there.
        is_moved = (name in found.texts) != (name in texts)
        yield from list(lines) or [f"--- {old}\n", f"+++ {new}\n"] * is_moved


def write(
    out: Path, texts: Mapping[str, str], mark: str, *, overwrite: bool = False
) -> str:
    """Write the files that differ, and remove those that are no longer generated.

    Args:
        out: The folder.
        texts: The files, by their paths in it.
        mark: What the first line of each begins with, and that of no other file.
        overwrite: Whether to lose what was changed by hand.

    Returns:
        A line that says which files are new, changed or removed.
    """
    found = _Folder.read(out, texts, mark)
    changed = [name for name, text in texts.items() if found.texts.get(name) != text]
    stale = [name for name in found.texts if name not in texts]
    for name in found.texts.keys() & texts.keys() - found.ours:
        raise GenerationError(
            f"{out / name}: was not generated and would be overwritten;"
            " move it, or name another folder"
        )
    if not overwrite and (lost := sorted(found.edited & {*changed, *stale})):
        raise GenerationError(
            f"{out}: {', '.join(lost)} changed by hand since it was generated;"
            " keep the change elsewhere, then add --overwrite"
        )
    if changed or stale:
        try:
            _replace(out, {name: texts[name] for name in changed}, stale)
        except OSError as error:
            raise _unusable(out, error) from None
    listed = [name for name in changed if name != MANIFEST]
    kinds = {
        "new": [name for name in listed if name not in found.texts],
        "changed": [name for name in listed if name in found.texts],
        "removed": stale,
    }
    told = "; ".join(
        f"{kind}: {in_short(names)}" for kind, names in kinds.items() if names
    )
    return f"{out.name}: {told or 'nothing changed'}"


@dataclass(frozen=True, slots=True)
class _Folder:
    """What is in a folder, of files that are ours or have the name of one of ours."""

    texts: Mapping[str, str]
    ours: frozenset[str]
    edited: frozenset[str]
    """Those of ours that are not as they were generated."""

    @classmethod
    def read(cls, out: Path, wanted: Mapping[str, str], mark: str) -> _Folder:
        try:
            digests = _digests(out) if MANIFEST in wanted else None
            texts = dict(_texts(out, {*wanted, *(digests or ())}))
        except OSError as error:
            raise _unusable(out, error) from None
        marked = {name for name, text in texts.items() if text.startswith(mark)}
        ours = marked if digests is None else {*digests, MANIFEST, *marked & {*wanted}}
        edited = (
            name
            for name, digest in (digests or {}).items()
            if name in texts and _digest(texts[name]) != digest
        )
        kept = {name: text for name, text in texts.items() if name in {*wanted, *ours}}
        return cls(kept, frozenset(ours), frozenset(edited))


def _texts(out: Path, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the files of these names, and all modules.

    Editors leave more that is called like a module: Emacs a link to nowhere for a file it changes.
    """
    for folder in (out, out / "raw"):
        if folder.is_symlink() and folder != out:
            raise GenerationError(f"{folder}: is a link; name a folder of its own")
        for path in sorted(folder.iterdir()) if folder.exists() else ():
            name = path.relative_to(out).as_posix()
            if name in names or (path.suffix == ".py" and path.is_file()):
                with path.open(encoding="utf-8", errors="replace", newline="") as file:
                    yield name, file.read()


def _digests(out: Path) -> dict[str, str] | None:
    """Return the digests in the manifest; `None` without one."""
    path = out / MANIFEST
    if not path.exists():
        return None
    try:
        digests = json.loads(path.read_bytes())["files"]
        if type(digests) is dict and all(
            OUR_NAME.fullmatch(name) and type(digests[name]) is str for name in digests
        ):
            return dict(digests)
    except (ValueError, TypeError, KeyError):
        pass
    raise GenerationError(
        f"{path}: is not as it was generated; remove it, or name another folder"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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


def _unusable(out: Path, error: OSError) -> GenerationError:
    return GenerationError(
        f"{out}: {error.strerror or error}; name a folder that can be written to"
    )
