from __future__ import annotations

import re

import pytest

from hipkit.v1.catalog import OPERATIONS as V1
from hipkit.v2.catalog import OPERATIONS as V2
from scripts.reference import FOLDER, OVERVIEW, pages


@pytest.mark.parametrize("path", pages())
def test_the_pages_on_operations_are_those_of_the_specs(path: str) -> None:
    written = (FOLDER / path).read_text(encoding="utf-8")
    assert written == pages()[path], "run python -m scripts.reference"


def test_no_other_page_on_operations_is_left() -> None:
    there = {f"operations/{path.name}" for path in (FOLDER / "operations").iterdir()}
    assert there == pages().keys() - {OVERVIEW}


def test_the_overview_links_every_operation_once() -> None:
    overview = (FOLDER / OVERVIEW).read_text(encoding="utf-8")
    linked = re.findall(r"^\| \[`(\w+)`\]\(operations/", overview, re.MULTILINE)
    assert linked == [entry.operation_id for entry in (*V2, *V1)]
