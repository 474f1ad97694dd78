"""The digest of all that decides how the pictures look, which stands beside them.

Pixels differ by font and browser, so nobody compares them. A test compares this.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["IMAGES", "digest", "stored_digest"]

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs/images"
STORED = IMAGES / "digest.txt"
SOURCES = (
    ROOT / "scripts/screenshots",
    ROOT / "src/hipkit/server/page/static",
    ROOT / "src/hipkit/server/page/templates",
)


def digest() -> str:
    """Return the digest of templates, static files, and the script that takes the pictures."""
    found = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found.update(
                    f"{path.relative_to(ROOT).as_posix()} {content}\n".encode()
                )
    return found.hexdigest()


def stored_digest() -> str:
    """Return the digest of what the pictures were taken of."""
    return STORED.read_text("utf-8").strip()


def store_digest() -> None:
    """Write the digest beside the pictures."""
    STORED.write_text(f"{digest()}\n", "utf-8")
