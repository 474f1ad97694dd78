from __future__ import annotations

import click
import pytest

from hipkit.api.errors import (
    ApiError,
    ConflictError,
    ConnectError,
    ForbiddenError,
    HipkitError,
    NotFoundError,
    RateLimitError,
    RequestError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    StorageError,
    UnauthorizedError,
)
from hipkit.cli.failures import ExitCode, exit_code
from hipkit.transports.protocol import RawResponse, TransportError
from tests.scripted import answer, error_answer, failure
from tests.unit.cli.conftest import Hipkit, Server

CODES = [
    (StorageError("full"), 1),
    (HipkitError("other"), 1),
    (OSError("disk"), 1),
    (RuntimeError("bug"), 1),
    (click.UsageError("no such option"), 2),
    (ValueError("no address"), 2),
    (ConnectError("down", may_have_arrived=False), 3),
    (RequestTimeoutError("unheard", may_have_arrived=False), 3),
    (RequestTimeoutError("slow"), 4),
    (RequestError("reset"), 4),
    (UnauthorizedError("who"), 5),
    (ForbiddenError("no"), 5),
    (NotFoundError("gone"), 6),
    (RateLimitError("later"), 7),
    (ApiError("teapot", status=418), 8),
    (ConflictError("there"), 8),
    (ServerError("broken"), 9),
    (ServerError("not done", status=501), 9),
    (ResponseError("not JSON"), 10),
    (KeyboardInterrupt(), 130),
    (BrokenPipeError(), 141),
]


@pytest.mark.parametrize(
    ("error", "code"), CODES, ids=[f"{code}-{error!r}" for error, code in CODES]
)
def test_each_kind_of_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (error_answer(400), 8),
        (error_answer(401), 5),
        (error_answer(403), 5),
        (error_answer(404), 6),
        (error_answer(405), 8),
        (error_answer(429), 7),
        (error_answer(500), 9),
        (answer(b"<html>"), 10),
        (answer(b"\xff"), 10),
        (failure("connect", arrived=False), 3),
        (failure("timeout"), 4),
    ],
)
def test_an_error_of_a_call_is_one_line_with_an_exit_code(
    outcome: RawResponse | TransportError, code: int, server: Server, hipkit: Hipkit
) -> None:
    server.answer(outcome)

    ended = hipkit("call", "get-room", "ops", "--retries", "0")

    assert ended.code == code
    assert ended.out == ""
    assert ended.err.startswith("hipkit: GET /room/ops: ")
    assert ended.err.count("\n") == 1


def test_an_unknown_authority_is_named_by_an_option(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(failure("untrusted", arrived=False))

    ended = hipkit("call", "get-room", "ops")

    assert ended.code == 3
    assert "--ca-file /path/to/ca.pem or SSL_CERT_FILE" in ended.err
    assert ended.err.count("\n") == 1  # It is not repeated.


def test_with_json_an_error_is_an_object(server: Server, hipkit: Hipkit) -> None:
    server.answer(
        error_answer(403, "You need one of scopes: ['view_group', 'view_room']")
    )

    ended = hipkit("--json", "call", "get-room", "ops")

    assert ended.out == ""
    assert ended.error["exit_code"] == ended.code == 5
    assert ended.error["type"] == "ForbiddenError"
    assert ended.error["operation"] == "get_room"
    assert ended.error["status"] == 403
    assert ended.error["scopes"] == ["view_group", "view_room"]


def test_an_error_does_not_contain_the_message(server: Server, hipkit: Hipkit) -> None:
    text = "the launch code is 0000"
    server.answer(error_answer(400, f"Value '{text}' for field 'message' is too short"))

    ended = hipkit("send", "ops", text)

    assert ended.code == 8
    assert "launch" not in ended.err


def test_an_unexpected_exception_is_one_line_without_its_text(
    server: Server, hipkit: Hipkit
) -> None:
    server.fail(ZeroDivisionError("private"))

    ended = hipkit("call", "get-room", "ops")

    assert ended.code == 1
    assert ended.err.startswith("hipkit: unexpected ZeroDivisionError in conftest.py")
    assert "private" not in ended.err


SIGN_IN = RawResponse(
    200, {"content-type": "text/html"}, b"<html><title>Sign in</title>"
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "ops", "Hello"),
        ("send", "ops", "Hello", "--as-message"),
        ("send", "ops", "--file", __file__),
        ("call", "delete-room", "ops"),
        ("call", "get-room", "ops"),
        ("call", "get-all-rooms", "--all"),
        ("tail", "ops", "--no-follow"),
        ("token", "check"),
        ("token", "check", "--operation", "delete-room", "ops"),
    ],
)
def test_a_web_page_as_response_is_an_error(
    server: Server, hipkit: Hipkit, arguments: tuple[str, ...]
) -> None:
    server.answer(SIGN_IN)
    ended = hipkit(*arguments)
    assert (ended.code, ended.out) == (ExitCode.UNREADABLE, "")
    assert "web page" in ended.err
    assert "Sign in" in ended.err
    assert ended.err.count("\n") == 1


def test_an_error_with_status_200_is_an_error(server: Server, hipkit: Hipkit) -> None:
    server.answer({"error": {"code": 401, "message": "the token has expired"}})
    ended = hipkit("send", "ops", "hi")
    assert (ended.code, ended.out) == (ExitCode.UNREADABLE, "")
    assert "reports an error: the token has expired" in ended.err
