"""API v1: all arguments in the query, the body or both, and errors of its own.

Its arguments are text. Where one stands in both the query and the body, the body's counts, for the
check of a room's token as for the call itself: otherwise a token could pass for another room.
"""

from __future__ import annotations

import re

from hipkit.api.errors import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    RateLimitError,
    UnauthorizedError,
)
from hipkit.api.operation import Operation
from hipkit.server.http.bodies.multipart import read_part_headers
from hipkit.server.http.bodies.reading import (
    FORM,
    JSON,
    content_type_of,
    read_body,
    read_members,
)
from hipkit.server.http.call import Call, Dialect, is_true
from hipkit.server.http.decoding import decode
from hipkit.server.http.header_values import parse_parameters
from hipkit.server.http.requests import Request
from hipkit.server.http.routes import MethodNotAllowedError
from hipkit.server.settings import Settings
from hipkit.v1.catalog import OPERATIONS
from hipkit.v1.rooms import RoomsMessageByGet

__all__ = ["DialectV1"]

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


class DialectV1(Dialect):
    """API v1."""

    name = "v1"

    def __init__(self) -> None:
        super().__init__(OPERATIONS, "X-RateLimit")

    async def parse(self, call: Call) -> None:
        """Read all arguments, since the token may be one of them."""
        call.fields = await _read_fields(call.request, call.runtime.settings)
        token = call.request.bearer or call.fields.get("auth_token")
        call.bearer = token if isinstance(token, str) and token else None
        call.is_auth_test = is_true(call.fields.get("auth_test"))

    def check_token(self, call: Call) -> None:
        """Check that there is a valid token, and no `HEAD` where a `GET` changes something."""
        if call.request.method == "HEAD" and call.kind is RoomsMessageByGet:
            raise MethodNotAllowedError(("GET", "POST"))
        if call.token_error is not None:
            raise UnauthorizedError("Auth token invalid.")
        if call.context.actor_or_none is None:
            raise UnauthorizedError("Auth token not found. Send it as auth_token.")

    def room_of(self, call: Call) -> str | None:
        """Return the argument `room_id` of operations that have one."""
        if "room_id" not in call.kind.__struct_fields__:
            return None
        return str(call.fields["room_id"]) if "room_id" in call.fields else None

    async def decode(self, call: Call) -> Operation[object]:
        """Return the operation: every argument may stand anywhere, as text."""
        fields = call.fields
        if str(fields.get("format", "")).lower() == "xml":
            raise BadRequestError("This server answers in JSON only: send format=json")
        return decode(
            call.kind,
            query={
                name: [str(value)]
                for name, value in fields.items()
                if value is not None
            },
            body=fields,
            strict=call.runtime.settings.strict,
            notes=call.notes,
            is_text=True,
        )

    def translate_error(self, error: Exception) -> Exception:
        """Return an error as v1 had it.

        403 says that there were too many calls, 401 that the token does not suffice.
        """
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


async def _read_fields(request: Request, settings: Settings) -> dict[str, object]:
    """Return a call's arguments, from the query and the body."""
    fields: dict[str, object] = {
        name: values[-1] for name, values in request.query.items()
    }
    if request.method != "POST":
        return fields
    body = await read_body(request, settings)
    if not body.strip():
        return fields
    if content_type_of(request) == MULTIPART:
        return fields | _read_parts(body, request.headers["content-type"])
    # Old scripts name any type, or none.
    content_type = JSON if body.lstrip().startswith(b"{") else FORM
    return fields | read_members(
        body, content_type, strict=settings.strict, headers=request.headers
    )


def _read_parts(body: bytes, content_type: str) -> dict[str, object]:
    """Read `multipart/form-data`, which PHP sends for arrays: text fields only, no files."""
    boundary = parse_parameters(content_type).get("boundary")
    if not boundary:
        raise BadRequestError(f"The content type {MULTIPART} needs a boundary")
    line = rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("latin-1", "replace"))
    parts = re.split(line, body.rstrip(b"\r\n"), maxsplit=MOST_PARTS)
    fields: dict[str, object] = {}
    for part in parts[1:]:
        gap = BLANK_LINE.search(part, 0, LARGEST_PART_HEADER_BYTES)
        if gap is None:
            continue
        headers = read_part_headers(part[: gap.start()])
        name = parse_parameters(headers.get("content-disposition", "")).get("name")
        if name is None:
            continue
        try:
            fields[name] = part[gap.end() :].decode()
        except UnicodeDecodeError as error:
            raise BadRequestError("The form is not UTF-8") from error
    return fields
