"""The pages in the order in which they are read: README.md, then the site's navigation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def read_pages() -> list[Path]:
    """Return README.md, and all pages that `mkdocs.yml` lists."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = _pages(yaml.safe_load(text)["nav"])
    return [ROOT / "README.md", *(ROOT / "docs" / page for page in listed)]


def _pages(nav: object) -> Iterator[str]:
    match nav:
        case str():
            yield nav
        case list():
            for entry in nav:
                yield from _pages(entry)
        case dict():
            yield from _pages(list(nav.values()))
