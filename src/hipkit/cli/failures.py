"""Map exceptions to exit codes, and report each as a line or a JSON object.

Scripts rely on the codes: see `docs/how-to/developers/command-line.md`.
"""

from __future__ import annotations

import traceback
from enum import IntEnum
from pathlib import Path

import click

from hipkit.api.errors import (
    ApiError,
    ConnectError,
    ForbiddenError,
    HipkitError,
    RateLimitError,
    RequestError,
    ResponseError,
)
from hipkit.cli.output import one_line, write_stderr, write_stderr_json
from hipkit.server.services.errors import plain_words

__all__ = ["ExitCode", "exit_code", "exit_code_of_status", "report"]


IN_THE_SHELL = {
    "pass base_url='https://chat.example.com/v2'": "use --base-url https://...",
    "pass allow_http=True": "use --allow-http",
    "pass token=...": "use --token-file",
    'verify="/path/to/ca.pem"': "--ca-file /path/to/ca.pem",
}
"""Terms of Python in the library's messages, and what to say instead."""


class ExitCode(IntEnum):
    """The exit codes of `hipkit`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_ARRIVED = 3
    MAY_HAVE_ARRIVED = 4
    NOT_AUTHORISED = 5
    NOT_FOUND = 6
    RATE_LIMITED = 7
    REFUSED = 8
    SERVER_FAILED = 9
    UNREADABLE = 10
    INTERRUPTED = 130
    PIPE_CLOSED = 141


BY_STATUS = {
    401: ExitCode.NOT_AUTHORISED,
    403: ExitCode.NOT_AUTHORISED,
    404: ExitCode.NOT_FOUND,
    429: ExitCode.RATE_LIMITED,
}


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code for an exception that ended a command."""
    match error:
        case ApiError():
            return exit_code_of_status(error.status)
        case RequestError():
            arrived = error.may_have_arrived
            return ExitCode.MAY_HAVE_ARRIVED if arrived else ExitCode.NOT_ARRIVED
        case ResponseError():
            return ExitCode.UNREADABLE
        case KeyboardInterrupt() | click.Abort():
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            return ExitCode.PIPE_CLOSED
        case click.ClickException() | ValueError() | TypeError() | ImportError():
            # The library rejects an invalid URL, token or argument before any request.
            return ExitCode.USAGE
        case _:
            return ExitCode.FAILED


def exit_code_of_status(status: int) -> ExitCode:
    """Return the exit code for an HTTP status."""
    if status < 400:
        return ExitCode.OK
    otherwise = ExitCode.REFUSED if status < 500 else ExitCode.SERVER_FAILED
    return BY_STATUS.get(status, otherwise)


def report(error: BaseException, *, as_json: bool, room: str | None = None) -> ExitCode:
    """Report an error on standard error, unless it needs no message, and return the exit code.

    Args:
        error: The error.
        as_json: Whether to write an object.
        room: The room or private chat that it ends, while the command goes on.
    """
    code = exit_code(error)
    if code in (ExitCode.INTERRUPTED, ExitCode.PIPE_CLOSED):
        return code
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not as_json:
        error.show()
        return code
    text = one_line(_sentence(error))
    if as_json:
        details = {"exit_code": int(code), **_details(error, text)}
        write_stderr_json(
            {"error": details if room is None else {"room": room, **details}}
        )
    else:
        write_stderr(text if room is None else f"{one_line(room)} ends here: {text}")
    return code


def _sentence(error: BaseException) -> str:
    match error:
        case click.ClickException():
            return error.format_message()
        case ConnectError():
            return _in_the_shell(str(error))
        case HipkitError():
            return plain_words(str(error))
        case OSError():
            has_name = isinstance(error.filename, (str, Path))
            name = f"{error.filename}: " if has_name else ""
            return f"{name}{error.strerror or type(error).__name__}"
        case UnicodeError():
            return "text is not valid Unicode"
        case ValueError() | TypeError() | ImportError():
            return _in_the_shell(str(error))
        case _:
            # The text of an unexpected error may contain secrets; its place in the code does not.
            place = traceback.extract_tb(error.__traceback__)[-1]
            return (
                f"unexpected {type(error).__name__} in {Path(place.filename).name}, "
                f"line {place.lineno}: this is a bug in hipkit, please report it"
            )


def _in_the_shell(text: str) -> str:
    for python, shell in IN_THE_SHELL.items():
        text = text.replace(python, shell)
    return text


def _details(error: BaseException, text: str) -> dict[str, object]:
    details: dict[str, object] = {"type": type(error).__name__, "message": text}
    operation = getattr(error, "operation", None)
    if operation is not None:
        details["operation"] = operation.operation_id
    match error:
        case RequestError():
            details["may_have_arrived"] = error.may_have_arrived
        case ApiError():
            details["status"] = error.status
            if error.field is not None:
                details["field"] = error.field
            if isinstance(error, ForbiddenError):
                details["scopes"] = list(error.scopes)
            if isinstance(error, RateLimitError) and error.retry_at is not None:
                details["retry_at"] = error.retry_at
        case ResponseError():
            details["where"] = error.where
    return details
