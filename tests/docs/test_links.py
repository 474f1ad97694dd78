"""The links of the pages that are read in the repository; mkdocs checks those of the site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "spec/README.md",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_local_link_leads_somewhere(page: str, repository: Path) -> None:
    text = (repository / page).read_text(encoding="utf-8")
    local = [
        target
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text)
        if "://" not in target
    ]
    lost = [
        target for target in local if not ((repository / page).parent / target).exists()
    ]
    assert lost == []
