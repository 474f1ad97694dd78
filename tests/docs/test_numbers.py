"""Numbers that pages give are counted here."""

from __future__ import annotations

import re
from pathlib import Path

from hipkit.v1.catalog import OPERATIONS as V1
from hipkit.v2.catalog import OPERATIONS as V2
from hipkit.v2.webhooks import EVENTS
from tests.docs.reading import read_pages

WORDS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
SPELT = {word: number for number, word in enumerate(WORDS.split(), 10)}
TOTAL = re.compile(rf"(?<![\d,])(\d\d+|{'|'.join(SPELT)}) (operations|events)\b", re.I)
TRUE = {"operations": {len(V2), len(V1)}, "events": {len(EVENTS)}}


def test_numbers_of_operations_and_events_are_true(repository: Path) -> None:
    pages = [
        *read_pages(),
        repository / "CONTRIBUTING.md",
        repository / "spec" / "README.md",
        *(repository / "src" / "hipkit").glob("*.py"),
    ]
    found = [
        (page.name, match[0], SPELT.get(match[1].lower()) or int(match[1]), match[2])
        for page in pages
        for match in TOTAL.finditer(page.read_text(encoding="utf-8"))
    ]
    assert found
    false = [
        f"{name}: {shown}"
        for name, shown, number, what in found
        if number not in TRUE[what]
    ]
    assert false == []
