"""Reads that could be long are made by the reader threads, so that nobody waits for them."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

import pytest

from hipkit.server.storage.sqlite.database import SqliteSession
from hipkit.server.storage.stores.session import Value
from tests.unit.server.asgi import Site


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of the threads that list something; the site is opened after this."""
    seen: set[str] = set()

    def noting(read: Callable[..., Awaitable[object]]) -> Callable[..., object]:
        async def noted(
            session: SqliteSession, kind: type, sql: str, *values: Value
        ) -> object:
            if "OFFSET" in sql or "sum(" in sql.lower():
                seen.add(threading.current_thread().name.partition("_")[0])
            return await read(session, kind, sql, *values)

        return noted

    for name in ("one", "all", "value"):
        read = getattr(SqliteSession, name)
        monkeypatch.setattr(SqliteSession, name, noting(read))
    return seen


@pytest.mark.parametrize(
    "target",
    [
        "/room",
        "/room?include-private=false&start-index=900000",
        "/room/Ops/member",
        "/room/Ops/participant",
        "/user",
        "/user?include-deleted=true&expand=items",
        "/emoticon",
        "/user/1/preference/auto-join",
        "/group/1/statistics",
        "/room/Ops/history?date=2030-01-01&start-index=900000",
        "/room/Ops/history?date=2030-01-01&include_deleted=false",
        "/room/Ops/history?expand=items.from",
        "/room/Ops/history/latest?include_deleted=false",
    ],
)
def test_what_no_index_and_page_bounds_keeps_nobody_waiting(
    threads: set[str], site: Site, target: str
) -> None:
    site.add_room("Ops")
    threads.clear()

    assert site.get(f"/v2{target}").status == 200

    assert threads == {"hipkit-scan"}


@pytest.mark.parametrize(
    "target", ["/room/Ops/history", "/room/Ops/history/latest", "/room/Ops"]
)
def test_what_is_short_needs_no_other_thread(
    threads: set[str], site: Site, target: str
) -> None:
    site.add_room("Ops")
    threads.clear()

    assert site.get(f"/v2{target}").status == 200

    assert threads == {"MainThread"}
