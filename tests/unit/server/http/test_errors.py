"""Exceptions become HipChat's error envelope, without what an exception may hold of a request."""

from __future__ import annotations

import json

import pytest

from hipkit.api.errors import (
    BadRequestError,
    NotFoundError,
    StorageError,
    UnauthorizedError,
)
from hipkit.server.http.errors import answer_for, problem_of
from hipkit.server.http.routes import MethodNotAllowedError
from hipkit.server.services.errors import InvalidValueError
from tests.unit.server.asgi import Site


def test_an_error_of_the_api_is_an_envelope_with_its_status() -> None:
    answer = answer_for(NotFoundError("Room not found"), "get_room")

    assert answer.status == 404
    assert json.loads(answer.body) == {
        "error": {"code": 404, "type": "Not Found", "message": "Room not found"}
    }


def test_a_null_that_was_sent_is_shown_as_a_value() -> None:
    answer = answer_for(InvalidValueError("a", "type", "is null", None), "x")

    assert json.loads(answer.body)["error"]["value"] is None


def test_errors_carry_the_headers_that_http_asks_for() -> None:
    unauthorized = answer_for(UnauthorizedError("no"), "x").headers
    not_allowed = answer_for(MethodNotAllowedError(["PUT", "GET"]), "x").headers

    assert (b"WWW-Authenticate", b"Bearer") in unauthorized
    assert (b"Allow", b"GET, PUT") in not_allowed


@pytest.mark.parametrize(("may_pass", "status"), [(True, 503), (False, 500)])
def test_a_storage_that_may_recover_asks_to_come_back(
    may_pass: bool, status: int
) -> None:
    answer = answer_for(StorageError("disk full", may_pass=may_pass), "x")

    assert answer.status == status
    assert ((b"Retry-After", b"5") in answer.headers) == may_pass
    assert b"disk" not in answer.body


def test_a_problem_names_the_field_once() -> None:
    named = BadRequestError("Field 'a' is bad", field="a")
    unnamed = BadRequestError("is bad", field="a")

    assert problem_of(named) == "Field 'a' is bad"
    assert problem_of(unnamed) == "is bad (field 'a')"
    assert problem_of(ValueError("a secret")) == "The server failed; see its log"


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
    monkeypatch.setattr(type(site.server.database), "write", full)

    reply = site.post("/v2/room/Ops/message", {"message": "x"})

    assert reply.status == 503
    assert reply.header("Retry-After") == "5"
    assert b"disk" not in reply.body
