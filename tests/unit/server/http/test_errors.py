"""Errors of services and storage as HTTP responses."""

from __future__ import annotations

import pytest

from hipkit.api.errors import StorageError
from tests.unit.server.asgi import Site


def test_an_unexpected_error_is_a_500_without_its_details(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> object:
        raise RuntimeError(" ".join(["the", "launch", "code"]))

    monkeypatch.setattr("hipkit.server.services.rooms.rooms.list_seen_rooms", broken)

    reply = site.get("/v2/room")

    assert reply.status == 500
    assert reply.error == {
        "code": 500,
        "type": "Internal Server Error",
        "message": "Internal server error",
    }
    assert "RuntimeError" in caplog.text
    assert "launch code" not in caplog.text


def test_a_full_disk_is_a_503_to_retry_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> object:
        raise StorageError("disk full", may_pass=True)

    site.add_room("Ops")
    monkeypatch.setattr(
        "hipkit.server.storage.sqlite.database.SqliteDatabase.write", full
    )

    reply = site.post("/v2/room/Ops/message", {"message": "x"})

    assert reply.status == 503
    assert reply.header("Retry-After") == "5"
    assert b"disk" not in reply.body
