"""The way of a call: who is it, which operation, may they, what do they want, and the answer.

One small ASGI application; it works on whichever event loop calls it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from hipkit.errors import RateLimitError, UnauthorizedError
from hipkit.operation import Operation
from hipkit.server.http import (  # noqa: F401 - importing them registers their handlers
    capabilities,
    emoticons,
    groups,
    invites,
    oauth_sessions,
    rooms,
    users,
)
from hipkit.server.http.answers import (
    Answer,
    answer_of,
    limit_headers,
    send_answer,
)
from hipkit.server.http.auth import check_allowed
from hipkit.server.http.bodies import (
    ClientGoneError,
    content_type_of,
    read_body,
    read_members,
)
from hipkit.server.http.decoding import decode, needs_body
from hipkit.server.http.errors import answer_for, error_answer
from hipkit.server.http.files import file_answer, is_file_path
from hipkit.server.http.registry import HANDLERS
from hipkit.server.http.requests import Receive, Request, Scope, Send
from hipkit.server.http.routes import Match, Router
from hipkit.server.http.uploads import Related, read_related
from hipkit.server.services.addresses import Addresses
from hipkit.server.services.context import TOO_MANY_REQUESTS, Context
from hipkit.server.services.identities import identify
from hipkit.server.services.limits import Allowance, Limits
from hipkit.server.services.refusals import NotImplementedHereError
from hipkit.server.services.signals import Signals
from hipkit.server.settings import Settings
from hipkit.server.storage.database import Database
from hipkit.server.storage.folder import FileFolder
from hipkit.v2.catalog import OPERATIONS

__all__ = ["Api"]

log = logging.getLogger("hipkit.server")

BASE = b"v2"


@dataclass(slots=True)
class _Call:
    """What has become known of a call so far; its answer and its log line tell it."""

    operation_id: str = "unknown"
    context: Context | None = None
    allowance: Allowance | None = None


class Api:
    """The ASGI application."""

    def __init__(
        self,
        database: Database,
        files: FileFolder,
        settings: Settings,
        signals: Signals,
    ) -> None:
        self._signals = signals
        self._database = database
        self._files = files
        self._settings = settings
        self._limits = Limits(settings.limits, settings.clock)
        self._router = Router(OPERATIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or what else an HTTP server tells an application."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer_request(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        call = _Call()
        method = str(scope["method"])
        try:
            answer = await self._answer(scope, receive, call)
        except ClientGoneError:
            log.info("%s: the client hung up", call.operation_id)
            return
        except Exception as error:  # the one place where everything is caught
            answer = answer_for(error, call.operation_id)
        self._add_headers(answer, call)
        await send_answer(send, answer, with_body=method.upper() != "HEAD")
        milliseconds = (time.perf_counter() - began) * 1000
        log.info("%s: %d in %.1f ms", call.operation_id, answer.status, milliseconds)

    async def _answer(self, scope: Scope, receive: Receive, call: _Call) -> Answer:
        request = Request.from_scope(scope, receive)
        if is_file_path(request.path):
            call.operation_id = "file"
            return await file_answer(self._database.stores, self._files, request)
        path = _below_base(request.path)
        if path is None:
            return error_answer(404, "Not found: the API is below /v2")
        context = call.context = self._context(request)
        refusal = await self._identify(context, request, call)
        match = self._router.match(request.method, path)
        call.operation_id = match.entry.operation_id
        kind = match.entry.load()
        if refusal is not None and kind.auth != "none":
            raise refusal
        return await self._serve(context, request, kind, match)

    async def _identify(
        self, context: Context, request: Request, call: _Call
    ) -> UnauthorizedError | None:
        """Find out who calls and count it; a bad token is only told of where one is needed.

        Raises:
            RateLimitError: There were too many calls.
        """
        refusal = None
        if context.bearer is not None:
            try:
                context.caller = await identify(
                    context.stores, context.bearer, context.now_us
                )
            except UnauthorizedError as error:
                refusal = error
        if context.caller is None:
            call.allowance = self._limits.call(request.peer, is_client=False)
        else:
            is_client = context.caller.user is None
            token_id = context.caller.token.id
            call.allowance = self._limits.call(token_id, is_client=is_client)
        if call.allowance.is_exceeded:
            raise RateLimitError(TOO_MANY_REQUESTS)
        return refusal

    async def _serve(
        self,
        context: Context,
        request: Request,
        kind: type[Operation[object]],
        match: Match,
    ) -> Answer:
        await check_allowed(context, kind, dict(match.arguments))
        if (request.first("auth_test") or "").lower() in ("true", "1"):
            return Answer(202)
        handler = HANDLERS.get(kind)
        if handler is None:
            raise NotImplementedHereError(
                f"{kind.operation_id} is not part of this server yet"
            )
        body = await self._body(kind, request)
        try:
            operation = decode(
                kind,
                path=match.arguments,
                query=request.query,
                headers=request.headers,
                body=body.members,
                strict=self._settings.strict,
            )
            return answer_of(kind, await handler(context, operation))
        finally:
            if body.file is not None:
                body.file.upload.close()

    async def _body(self, kind: type[Operation[object]], request: Request) -> Related:
        """Read what an operation takes besides its path and query."""
        settings = self._settings
        if kind.body_kind is None:
            return Related(members={}, file=None)
        if kind.body_kind == "related":
            related = await read_related(
                request,
                self._files,
                settings.largest_file_bytes,
                settings.file_seconds,
            )
            if related.file is not None:
                related.members["file"] = related.file
            return related
        content_type = content_type_of(request)
        body = await read_body(
            request, settings.largest_body_bytes, settings.body_seconds
        )
        if kind.body_kind == "form":
            # Programs in use send these as a form, as JSON or in the query, and not all say which.
            members: dict[str, object] = {
                name: values[-1] for name, values in request.query.items()
            }
            if body:
                members.update(read_members(body, content_type or _guess(body)))
            return Related(members=members, file=None)
        if not body and (content_type is not None or not needs_body(kind)):
            return Related(members={}, file=None)
        return Related(members=read_members(body, content_type), file=None)

    def _context(self, request: Request) -> Context:
        root = self._settings.public_url or request.root
        return Context(
            database=self._database,
            files=self._files,
            addresses=Addresses(root.rstrip("/")),
            limits=self._limits,
            signals=self._signals,
            now_us=int(self._settings.clock() * 1_000_000),
            credentials=request.credentials(),
            bearer=request.bearer(),
        )

    def _add_headers(self, answer: Answer, call: _Call) -> None:
        allowance = call.allowance or self._limits.uncounted()
        answer.headers.extend(limit_headers("X-Ratelimit", allowance))
        if call.context is not None and call.context.flood is not None:
            answer.headers.extend(limit_headers("X-FloodControl", call.context.flood))


def _below_base(path: bytes) -> bytes | None:
    """Return a path without `/v2`, before which doubled slashes do no harm."""
    base, slash, rest = path.lstrip(b"/").partition(b"/")
    return slash + rest if base == BASE else None


def _guess(body: bytes) -> str:
    is_json = body.lstrip().startswith(b"{")
    return "application/json" if is_json else "application/x-www-form-urlencoded"


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
