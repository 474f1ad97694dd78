"""The dialect of API v1: arguments from anywhere, its own errors and flags.

Its arguments are text, in the query, in a form or in both. Where one stands in both the body
counts, for the check of a room's token as for the call itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hipkit.api.errors import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    RateLimitError,
    UnauthorizedError,
)
from hipkit.api.operation import Operation
from hipkit.server.http.authorization import ROOM_ARGUMENT
from hipkit.server.http.bodies import (
    FORM,
    JSON,
    compression_of,
    content_type_of,
    read_body,
    read_members,
)
from hipkit.server.http.header_values import parse_parameters
from hipkit.server.http.requests import Request
from hipkit.server.http.routes import MethodNotAllowedError
from hipkit.server.services.context import Context
from hipkit.server.settings import Settings
from hipkit.v1.rooms import RoomsMessageByGet

__all__ = [
    "check_caller",
    "check_format",
    "check_method",
    "read_fields",
    "room_of",
    "token_of",
    "translate_error",
]

MULTIPART = "multipart/form-data"
MOST_PARTS = 100

LARGEST_PART_HEADER_BYTES = 8 * 1024

BLANK_LINE = re.compile(rb"\r?\n\r?\n")
"""Scripts that write multipart bodies by hand use the line ends of their system."""

WRONG_NAME = "From name must be between 1 and 15 characters."
"""HipChat's own words, for every name that is missing, empty or too long."""

NO_ACCESS = (
    "This auth token does not have access to this method."
    " Please see: https://www.hipchat.com/docs/api/auth"
)
"""HipChat's own words: hipchat-notif knows by them that its token may notify and no more."""

Fields = Mapping[str, object]


async def read_fields(request: Request, settings: Settings) -> dict[str, object]:
    """Return a call's arguments, from the query and the body.

    Raises:
        BadRequestError: The body is neither a form nor a JSON object.
    """
    fields: dict[str, object] = {
        name: values[-1] for name, values in request.query.items()
    }
    if request.method != "POST":
        return fields
    body = await read_body(request, settings.largest_body_bytes, settings.body_seconds)
    if not body.strip():
        return fields
    content_type = content_type_of(request)
    if content_type == MULTIPART:
        fields.update(_read_parts(body, request.headers["content-type"]))
    else:
        # Old scripts name any type, or none.
        is_json = body.lstrip().startswith(b"{")
        fields.update(
            read_members(
                body,
                JSON if is_json else FORM,
                strict=settings.strict,
                compression=compression_of(request),
            )
        )
    return fields


def token_of(request: Request, fields: Fields) -> str | None:
    """Return the token that a call brings."""
    found = request.bearer() or fields.get("auth_token")
    return found if isinstance(found, str) and found else None


def room_of(kind: type[Operation[object]], fields: Fields) -> dict[str, str]:
    """Return the room that a call names, to check a token that is bound to a room."""
    if "room_id" not in kind.__struct_fields__ or "room_id" not in fields:
        return {}
    return {ROOM_ARGUMENT: str(fields["room_id"])}


def check_method(method: str, kind: type[Operation[object]]) -> None:
    """Refuse `HEAD` where a `GET` changes something.

    Raises:
        MethodNotAllowedError: It does.
    """
    if method == "HEAD" and kind is RoomsMessageByGet:
        raise MethodNotAllowedError(("GET", "POST"))


def check_caller(context: Context, error: UnauthorizedError | None) -> None:
    """Refuse a call without a valid token.

    Raises:
        UnauthorizedError: It has none.
    """
    if error is not None:
        raise UnauthorizedError("Auth token invalid.")
    if context.actor_or_none is None:
        raise UnauthorizedError("Auth token not found. Send it as auth_token.")


def check_format(fields: Fields) -> None:
    """Refuse to answer in XML.

    Raises:
        BadRequestError: That was asked for.
    """
    if str(fields.get("format", "")).lower() == "xml":
        raise BadRequestError("This server answers in JSON only: send format=json")


def translate_error(error: Exception) -> Exception:
    """Return an error as v1 had it: 403 means too many calls, 401 that this token may not."""
    match error:
        case RateLimitError():
            return ApiError("Rate limit exceeded.", status=403)
        case ForbiddenError():
            return UnauthorizedError(NO_ACCESS if error.scopes else error.message)
        case BadRequestError(
            field="from", validation="required" | "minLength" | "maxLength"
        ):
            return BadRequestError(WRONG_NAME)
        case BadRequestError():
            return BadRequestError(error.message, status=error.status)
        case _:
            return error


def _read_parts(body: bytes, content_type: str) -> dict[str, object]:
    """Read `multipart/form-data`, as PHP sends arrays: text fields only, no files."""
    boundary = parse_parameters(content_type).get("boundary")
    if not boundary:
        raise BadRequestError(f"The content type {MULTIPART} needs a boundary")
    line = rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("latin-1", "replace"))
    parts = re.split(line, body.rstrip(b"\r\n"), maxsplit=MOST_PARTS)
    fields: dict[str, object] = {}
    for part in parts[1:]:
        gap = BLANK_LINE.search(part, 0, LARGEST_PART_HEADER_BYTES)
        name = None if gap is None else _part_name(part[: gap.start()])
        if gap is None or name is None:
            continue
        try:
            fields[name] = part[gap.end() :].decode()
        except UnicodeDecodeError as error:
            raise BadRequestError("The form is not UTF-8") from error
    return fields


def _part_name(head: bytes) -> str | None:
    for line in head.splitlines():
        header, _, value = line.partition(b":")
        if header.strip().lower() == b"content-disposition":
            return parse_parameters(value.decode("utf-8", "replace")).get("name")
    return None
