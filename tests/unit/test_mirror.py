"""`tests/unit` mirrors `src/hipkit`: a module with decisions has a test file of its name.

A module that is tested in another way, or has nothing to decide, is listed here with the reason.
The lists are strict: an entry that no longer applies fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE, UNIT, CONTRACT = (
    ROOT / "src/hipkit",
    ROOT / "tests/unit",
    ROOT / "tests/contract",
)

GENERATED = ("v1", "v2")
SUITES = {"server/shared": "shared", "server/storage/stores": "storage"}
"""Folders whose modules have several implementations or databases -> their suite in `contract/`."""

TESTED_ELSEWHERE = {
    "__init__.py": "unit/test_public_api.py",
}
"""Module -> what tests it in place of a file of its name."""

WITHOUT_DECISIONS = {
    "version.py": "the version",
}
"""Module -> what it holds."""

MISSING: frozenset[str] = frozenset()
"""Modules whose tests are still in files of other names."""

LISTED = {**TESTED_ELSEWHERE, **WITHOUT_DECISIONS, **dict.fromkeys(MISSING, "")}


def modules() -> Iterator[str]:
    """Yield the hand-written modules below `src/hipkit`, but `__init__.py` without code."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE).as_posix()
        if module.startswith(GENERATED) or path.name == "__main__.py":
            continue
        if path.name != "__init__.py" or "\ndef " in path.read_text():
            yield module


def has_test(module: str) -> bool:
    """Return whether a module has a test file of its name."""
    folder, _, name = module.rpartition("/")
    suite = SUITES.get(folder)
    return (UNIT / folder / f"test_{name}").is_file() or (
        suite is not None and (CONTRACT / suite / f"test_{name}").is_file()
    )


@pytest.mark.parametrize("module", modules())
def test_a_module_has_a_test_file_of_its_name_or_is_listed(module: str) -> None:
    assert has_test(module) != (module in LISTED)


def test_only_modules_that_exist_are_listed_and_once() -> None:
    assert LISTED.keys() <= set(modules())
    assert len(LISTED) == sum(map(len, (TESTED_ELSEWHERE, WITHOUT_DECISIONS, MISSING)))


def test_what_tests_a_listed_module_exists() -> None:
    missing = [
        test
        for test in TESTED_ELSEWHERE.values()
        if not (ROOT / "tests" / test).exists()
    ]
    assert missing == []
