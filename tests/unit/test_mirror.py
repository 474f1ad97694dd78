"""`tests/unit` mirrors `src/hipkit`: a module with decisions has a test file of its name.

A module that is tested in another way, or has nothing to decide, is listed here with the reason.
The lists are strict: an entry that no longer applies fails.
"""

from __future__ import annotations

import re
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

TRANSPORTS = dict.fromkeys(
    (
        "transports/httpcore2.py",
        "transports/httpcore2_streams.py",
        "transports/pycurl_transfer.py",
        "transports/resolved.py",
        "transports/tls.py",
    ),
    "contract/transports",
)
"""One suite runs against every transport."""

DATABASE = {
    "server/storage/sqlite/search.py": "contract/storage/test_search.py",
    "server/storage/stores/deliveries.py": "contract/storage/test_webhook_stores.py",
    "server/storage/stores/events.py": "contract/storage/test_webhook_stores.py",
    "server/storage/stores/groups.py": "contract/storage/test_writing.py",
    "server/storage/stores/subscriptions.py": "contract/storage/test_webhook_stores.py",
    "server/storage/stores/timestamps.py": "unit/server/test_clocks.py",
    "server/storage/stores/webhooks.py": "contract/storage/test_webhook_stores.py",
}
"""Stores whose tests are with those of another store."""

TESTED_ELSEWHERE = {
    **TRANSPORTS,
    **DATABASE,
    "__init__.py": "unit/test_public_api.py",
    "api/unreadable.py": "unit/client/test_unreadable.py",
    "cli/admin/ca.py": "e2e/test_running.py",
    "server/dispatch.py": "unit/server/page/test_streams.py",
    "server/page/views/__init__.py": "unit/server/page/test_application.py",
    "server/storage/archive.py": "unit/server/storage/test_backup.py",
    "server/storage/sqlite/copy.py": "unit/server/storage/test_backup.py",
    "server/storage/sqlite/file.py": "unit/server/storage/sqlite/test_migrations.py",
    "server/storage/sqlite/schema.py": "unit/server/storage/test_backup.py",
    "transports/asgi.py": "unit/transports/test_memory.py",
}
"""Module -> what tests it in place of a file of its name."""

WITHOUT_DECISIONS = {
    "api/response.py": "values: a raw response, and what may be shown of a request",
    "server/events/kinds.py": "the protocol of a kind of subscription",
    "server/http/call.py": "a call's state, and the protocol of a dialect",
    "server/shared/memory.py": "one attribute for each part of the shared state",
    "server/shared/protocol.py": "the protocol of the shared state",
    "server/storage/protocol.py": "the protocol of a database, and the table of stores",
    "version.py": "the version",
}
"""Module -> what it holds."""

DEFINITION = re.compile(r"^ *def ", re.MULTILINE)
LISTED = {**TESTED_ELSEWHERE, **WITHOUT_DECISIONS}


def modules() -> Iterator[str]:
    """Yield the hand-written modules below `src/hipkit`, but `__init__.py` without code."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE).as_posix()
        if module.startswith(GENERATED) or path.name == "__main__.py":
            continue
        if path.name != "__init__.py" or DEFINITION.search(path.read_text()):
            yield module


def has_test(module: str) -> bool:
    """Return whether a module has a test file of its name."""
    folder, _, name = module.rpartition("/")
    suite = SUITES.get(folder)
    return (UNIT / folder / f"test_{name}").is_file() or (
        suite is not None and (CONTRACT / suite / f"test_{name}").is_file()
    )


@pytest.mark.parametrize("module", list(modules()))
def test_a_module_has_a_test_file_of_its_name_or_is_listed(module: str) -> None:
    assert has_test(module) != (module in LISTED)


def test_only_modules_that_exist_are_listed_and_once() -> None:
    assert LISTED.keys() <= set(modules())
    assert len(LISTED) == len(TESTED_ELSEWHERE) + len(WITHOUT_DECISIONS)


def test_what_tests_a_listed_module_exists() -> None:
    missing = [
        test
        for test in TESTED_ELSEWHERE.values()
        if not (ROOT / "tests" / test).exists()
    ]
    assert missing == []
