"""Turns exceptions into HipChat's error envelope; nothing else does."""

from __future__ import annotations

import logging
from http import HTTPStatus

from msgspec import UNSET

from hipkit.api.errors import ApiError, StorageError
from hipkit.server.http.responses import Answer, header, json_answer
from hipkit.server.http.routes import MethodNotAllowedError
from hipkit.server.logs import describe_error
from hipkit.server.services.errors import InvalidValueError

__all__ = ["RETRY_AFTER", "answer_for", "error_answer", "problem_of"]

log = logging.getLogger("hipkit.server")

RETRY_AFTER = header("Retry-After", "5")
CHALLENGE = header("WWW-Authenticate", "Bearer")
LONGEST_PROBLEM = 500


def answer_for(error: Exception, where: str, request_id: str = "") -> Answer:
    """Return the answer to a call that an error ended, and log what only the log may name.

    Args:
        error: What ended it.
        where: The operation or the page.
        request_id: The call's; pages have none.
    """
    call = f", request {request_id}" if request_id else ""
    if isinstance(error, ApiError):
        return _api_error_answer(error)
    if isinstance(error, StorageError):
        log.error("%s%s: %s", where, call, error)
        if error.may_pass:
            answer = error_answer(503, "The server cannot store anything just now")
            answer.headers.append(RETRY_AFTER)
            return answer
        return error_answer(500, "The server cannot reach its data")
    # Where it happened, but not its message: that may hold what a caller sent.
    log.error("%s%s: %s", where, call, describe_error(error))
    return error_answer(500, "Internal server error")


def problem_of(error: Exception) -> str:
    """Return in one sentence what the answer says, for the list of API calls."""
    if not isinstance(error, ApiError):
        return "The server failed; see its log"
    message = error.message[:LONGEST_PROBLEM]
    if error.field is None or f"'{error.field}'" in message:
        return message
    return f"{message} (field '{error.field}')"


def error_answer(status: int, message: str, **members: object) -> Answer:
    """Return an error in HipChat's form."""
    error = {
        "code": status,
        "type": HTTPStatus(status).phrase,
        "message": message,
        **members,
    }
    return json_answer(status, {"error": error})


def _api_error_answer(error: ApiError) -> Answer:
    members = {
        "field": error.field,
        "validation": error.validation,
        "expected_type": error.expected_type,
    }
    members = {name: value for name, value in members.items() if value is not None}
    if isinstance(error, InvalidValueError) and error.value is not UNSET:
        members["value"] = error.value  # A null that was sent is a value too.
    answer = error_answer(error.status, error.message, **members)
    if error.status == HTTPStatus.UNAUTHORIZED:
        answer.headers.append(CHALLENGE)
    if isinstance(error, MethodNotAllowedError):
        answer.headers.append(header("Allow", ", ".join(error.allowed)))
    return answer
