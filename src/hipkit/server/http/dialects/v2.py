"""API v2: a token in the header or the query, arguments in their documented places."""

from __future__ import annotations

import re

from hipkit.api.catalog import Entry
from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.api.operation import Operation
from hipkit.server.http.authorization import ROOM_ARGUMENT
from hipkit.server.http.bodies.reading import (
    FORM,
    JSON,
    content_type_of,
    is_empty,
    read_body,
    read_members,
)
from hipkit.server.http.bodies.uploads import read_related
from hipkit.server.http.call import Call, Dialect, is_true
from hipkit.server.http.decoding import decode, needs_body
from hipkit.server.http.routes import Match, MethodNotAllowedError
from hipkit.server.services.errors import NotImplementedHereError
from hipkit.server.services.files.quota import check_quota
from hipkit.v2.catalog import OPERATIONS
from hipkit.v2.integrations import GetIntegrationInstallableData

__all__ = ["DialectV2"]

HEALTH_CHECK = Entry(
    operation_id="health_check",
    class_name="HealthCheck",
    module="hipkit.server.services.capabilities",
    tag="Capabilities",
    method="GET",
    also=("HEAD",),
    path="/health-check",
    summary="Check that the server answers",
)
"""HipChat's own web client calls it; no documentation had it."""

UNDOCUMENTED = re.compile(
    rb"/(?:sync/(?:users|rooms)|file/mget/thumbnails|video/(?:callee/[^/]+/)?token"
    rb"|readstate|flag(?:/dismiss)?|addon/(?:sync|signed-urls?/.+))/?"
)
"""Further calls of HipChat's own programs, of which only the paths are known."""


class DialectV2(Dialect):
    """API v2."""

    name = "v2"

    def __init__(self) -> None:
        super().__init__((*OPERATIONS, HEALTH_CHECK), "X-Ratelimit")

    async def parse(self, call: Call) -> None:
        """Take the token from the header or the query."""
        call.bearer = call.request.bearer
        values = call.request.query.get("auth_test")
        call.is_auth_test = values is not None and is_true(values[0])

    def match(self, call: Call) -> Match:
        """Return the operation, and tell undocumented calls of HipChat from mistakes in a path.

        Raises:
            NotImplementedHereError: The call is undocumented.
            UnauthorizedError: So it is, and the token is not valid.
        """
        try:
            return self.router.match(call.request.method, call.path)
        except (NotFoundError, MethodNotAllowedError):
            if UNDOCUMENTED.fullmatch(re.sub(rb"/+", b"/", call.path)) is None:
                raise
            raise call.token_error or NotImplementedHereError(
                "This call of HipChat's own programs is not part of this server"
            ) from None

    def check_token(self, call: Call) -> None:
        """Check that the token, or a client's id and secret, can be used where it is needed.

        Raises:
            MethodNotAllowedError: A `HEAD` would use up what can be fetched once.
        """
        is_head = call.request.method == "HEAD"
        if is_head and call.kind is GetIntegrationInstallableData:
            raise MethodNotAllowedError(("GET",))
        auth = call.kind.auth
        if call.token_error is not None and auth != "none":
            raise call.token_error
        if auth == "basic" and call.request.has_bad_credentials:
            raise BadRequestError("The Authorization header is not base64")

    def room_of(self, call: Call) -> str | None:
        """Return the room in the path."""
        return call.match.arguments.get(ROOM_ARGUMENT)

    async def decode(self, call: Call) -> Operation[object]:
        """Return the operation: arguments stand in path, query, headers and body."""
        kind, request = call.kind, call.request
        body: dict[str, object] = {}
        if kind.body_kind == "related":
            # Before the file comes: a call that is rejected must not fill the disk.
            await check_quota(call.context, call.context.stores, 1)
            blobs, settings = call.runtime.blobs, call.runtime.settings
            body, file = await read_related(request, blobs, settings)
            if file is not None:
                # Kept by the call, which closes it whatever happens next.
                call.upload = file.upload
                body["file"] = file
        elif kind.body_kind is not None:
            body = await _read_body(call)
        return decode(
            kind,
            path=call.match.arguments,
            query=request.query,
            headers=request.headers,
            body=body,
            strict=call.runtime.settings.strict,
            notes=call.notes,
        )


async def _read_body(call: Call) -> dict[str, object]:
    """Return the members of a JSON object or a form."""
    request, settings = call.request, call.runtime.settings
    content_type = content_type_of(request)
    body = await read_body(request, settings)
    members: dict[str, object] = {}
    is_form = call.kind.body_kind == "form"
    if is_form:
        # Programs in use send these as a form, as JSON or in the query, and not all say which.
        members.update((name, values[-1]) for name, values in request.query.items())
        is_json = body.lstrip().startswith(b"{")
        content_type = content_type or (JSON if is_json else FORM)
    is_nothing = not body or (is_empty(body) and not settings.strict)
    if is_nothing and (is_form or not needs_body(call.kind)):
        return members
    return members | read_members(
        body, content_type, strict=settings.strict, headers=request.headers
    )
