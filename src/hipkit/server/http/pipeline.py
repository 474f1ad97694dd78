"""The way of a call: who is it, which operation, may they, what do they want, and the answer.

One small ASGI application; it works on whichever event loop calls it.
"""

from __future__ import annotations

import logging
import time

from hipkit.api.errors import (
    BadRequestError,
    NotFoundError,
    RateLimitError,
    UnauthorizedError,
)
from hipkit.api.operation import Operation
from hipkit.server.http import v1
from hipkit.server.http.authorization import check_allowed
from hipkit.server.http.bodies import ClientGoneError
from hipkit.server.http.content import read_content
from hipkit.server.http.cors import CORS_HEADERS, preflight_answer, preflight_method
from hipkit.server.http.decoding import decode
from hipkit.server.http.errors import answer_for, problem_of
from hipkit.server.http.files import FILE_METHODS, file_answer, is_file_path
from hipkit.server.http.recording import Call
from hipkit.server.http.requests import Receive, Request, Scope, Send
from hipkit.server.http.responses import (
    Answer,
    accepted,
    limit_headers,
    limit_names,
    result_answer,
    send_answer,
)
from hipkit.server.http.routes import Match, MethodNotAllowedError, Router
from hipkit.server.http.undocumented import (
    HEALTH_METHODS,
    health_answer,
    is_health_check,
    is_undocumented,
)
from hipkit.server.services import capabilities  # noqa: F401 - registers its services
from hipkit.server.services.access import grants, introspection  # noqa: F401 - as above
from hipkit.server.services.access.authentication import Credentials, identify_client
from hipkit.server.services.context import TOO_MANY_REQUESTS, Context, Runtime
from hipkit.server.services.errors import NotImplementedHereError
from hipkit.server.services.files import shared  # noqa: F401 - as above
from hipkit.server.services.files.stored import check_quota
from hipkit.server.services.messages import (  # noqa: F401 - as above
    emoticons,
    history,
    posting,
    private_chats,
)
from hipkit.server.services.people import groups, invites, users  # noqa: F401 - as above
from hipkit.server.services.registry import HANDLERS
from hipkit.server.services.rooms import members, rooms  # noqa: F401 - as above
from hipkit.server.services.v1 import rooms as v1_rooms  # noqa: F401 - as above
from hipkit.server.services.v1 import users as v1_users  # noqa: F401 - as above
from hipkit.server.services.webhooks import listing, registration  # noqa: F401 - as above
from hipkit.v1.catalog import OPERATIONS as V1_OPERATIONS
from hipkit.v2.catalog import OPERATIONS as V2_OPERATIONS

__all__ = ["Api"]

log = logging.getLogger("hipkit.server")

V1, V2 = b"v1", b"v2"
V1_LIMITS, V2_LIMITS = limit_names("X-RateLimit"), limit_names("X-Ratelimit")
FLOOD_LIMITS = limit_names("X-FloodControl")
FILE = "file"
PREFLIGHT = "preflight"
UNREMEMBERED = frozenset({FILE, PREFLIGHT})
"""Browsers fetch files and ask before they send, and nobody looks for that among calls."""


NO_API = "Not found: the API is below /v2, the old one below /v1"


class Api:
    """The ASGI application."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._limits = runtime.limits
        self._settings = runtime.settings
        self._routers = {V1: Router(V1_OPERATIONS), V2: Router(V2_OPERATIONS)}

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
        call = Call(receive)
        method = str(scope["method"])
        try:
            answer = await self._answer(scope, call)
        except ClientGoneError:
            log.info("%s: the client hung up", call.operation_id)
            return
        except Exception as error:  # the one place where everything is caught
            told = v1.translate_error(error) if call.version == V1 else error
            answer = answer_for(told, call.operation_id)
            call.problem = problem_of(error)
        self._add_headers(answer, call)
        if call.operation_id not in UNREMEMBERED:
            # Before the answer goes out: who has it may look at once.
            heard = call.heard(scope, answer, self._runtime.now_us(), began)
            self._runtime.recent_calls.add(heard)
        await send_answer(send, answer, with_body=method.upper() != "HEAD")
        milliseconds = (time.perf_counter() - began) * 1000
        log.info("%s: %d in %.1f ms", call.operation_id, answer.status, milliseconds)

    async def _answer(self, scope: Scope, call: Call) -> Answer:
        wanted = preflight_method(scope)
        if wanted is not None:
            call.operation_id = PREFLIGHT
            return self._answer_preflight(scope, call, wanted)
        request = Request.from_scope(scope, call.hear)
        if is_file_path(request.path):
            call.operation_id = FILE
            stores, now_us = self._runtime.stores, self._runtime.now_us()
            return await file_answer(stores, self._runtime.blobs, request, now_us)
        version, path = _apart(request.path)
        if version not in self._routers:
            raise NotFoundError(NO_API)
        call.version = version
        context = call.context = self.context_of(request)
        if version == V1:
            return await self._answer_v1(context, request, path, call)
        refusal = await self._identify(context, request, call)
        if is_health_check(path):
            call.operation_id = "health_check"
            return health_answer(request.method)
        match = self._find(request, path, refusal)
        call.operation_id = match.entry.operation_id
        kind = match.entry.load()
        if refusal is not None and kind.auth != "none":
            raise refusal
        return await self._serve(context, request, kind, match, call)

    def _answer_preflight(self, scope: Scope, call: Call, method: str) -> Answer:
        """Answer a browser that asks whether it may send a call: it sends no token yet."""
        path = Request.from_scope(scope, call.receive).path
        if is_file_path(path):
            return preflight_answer(FILE_METHODS)
        version, path = _apart(path)
        if version == V2 and is_health_check(path):
            return preflight_answer(HEALTH_METHODS)
        if version not in self._routers:
            raise NotFoundError(NO_API)
        return preflight_answer(self._routers[version].methods(method, path))

    async def _answer_v1(
        self, context: Context, request: Request, path: bytes, call: Call
    ) -> Answer:
        # Its token may stand in the body, so that is read before anything is known of it.
        fields = await v1.read_fields(request, self._settings)
        context.bearer = v1.token_of(request, fields)
        refusal = await self._identify(context, request, call)
        match = self._routers[V1].match(request.method, path)
        call.operation_id = match.entry.operation_id
        kind = match.entry.load()
        v1.check_method(request.method, kind)
        v1.check_caller(context, refusal)
        await check_allowed(context, kind, v1.room_of(kind, fields))
        if _is_true(fields.get("auth_test")):
            return accepted()
        v1.check_format(fields)
        operation = decode(
            kind,
            path={},
            query={
                name: [str(value)]
                for name, value in fields.items()
                if value is not None
            },
            headers={},
            body=fields,
            strict=self._settings.strict,
            notes=call.notes,
            is_text=True,
        )
        return result_answer(kind, await HANDLERS[kind](context, operation))

    def _find(
        self, request: Request, path: bytes, refusal: UnauthorizedError | None
    ) -> Match:
        """Find the operation that a path below `/v2` means.

        Raises:
            NotImplementedHereError: HipChat had one there, and this server has not.
        """
        try:
            return self._routers[V2].match(request.method, path)
        except (NotFoundError, MethodNotAllowedError):
            if is_undocumented(path):
                if refusal is not None:
                    raise refusal from None
                raise NotImplementedHereError(
                    "This call of HipChat's own programs is not part of this server"
                ) from None
            raise

    async def _identify(
        self, context: Context, request: Request, call: Call
    ) -> UnauthorizedError | None:
        """Find out who calls and count it; a bad token is only told of where one is needed.

        Raises:
            RateLimitError: There were too many calls.
        """
        refusal = None
        if context.bearer is not None:
            try:
                context.actor_or_none = await self._runtime.actors.identify(
                    context.bearer, context.now_us
                )
            except UnauthorizedError as error:
                refusal = error
        actor = context.actor_or_none
        if actor is not None:
            is_client = actor.user is None
            call.allowance = self._limits.call(actor.limit_key, is_client=is_client)
        elif (client_id := await _known_client(context)) is not None:
            call.allowance = self._limits.call(client_id, is_client=True)
        else:
            call.allowance = self._limits.stranger(request.peer)
        if call.allowance.is_exceeded:
            raise RateLimitError(TOO_MANY_REQUESTS)
        return refusal

    async def _serve(
        self,
        context: Context,
        request: Request,
        kind: type[Operation[object]],
        match: Match,
        call: Call,
    ) -> Answer:
        handler = HANDLERS.get(kind)
        if kind.auth == "basic":
            request.credentials()  # Only here does it matter that they cannot be read.
        await check_allowed(
            context, kind, dict(match.arguments), is_served=handler is not None
        )
        if _is_true(request.first("auth_test")):
            return accepted()
        if handler is None:
            raise NotImplementedHereError(
                f"{kind.operation_id} is not part of this server yet"
            )
        if kind.body_kind == "related":
            # Before the file comes: nothing that is refused is to fill the disk.
            await check_quota(context, context.stores, 1)
        body = await read_content(kind, request, self._runtime.blobs, self._settings)
        try:
            operation = decode(
                kind,
                path=match.arguments,
                query=request.query,
                headers=request.headers,
                body=body.members,
                strict=self._settings.strict,
                notes=call.notes,
            )
            return result_answer(kind, await handler(context, operation))
        finally:
            if body.file is not None:
                body.file.upload.close()

    def context_of(self, request: Request) -> Context:
        """Return the context of a request whose sender is not identified yet."""
        return self._runtime.context(
            root=request.root,
            peer=request.peer,
            credentials=_readable_credentials(request),
            bearer=request.bearer(),
        )

    def _add_headers(self, answer: Answer, call: Call) -> None:
        allowance = call.allowance or self._limits.uncounted()
        names = V1_LIMITS if call.version == V1 else V2_LIMITS
        answer.headers.extend(CORS_HEADERS)
        answer.headers.extend(limit_headers(names, allowance))
        if call.context is not None and call.context.flood is not None:
            answer.headers.extend(limit_headers(FLOOD_LIMITS, call.context.flood))


def _readable_credentials(request: Request) -> Credentials | None:
    """Return the client id and secret that came along; what cannot be read is for others.

    Programs behind a proxy or in an old script send a password of something else beside their
    `auth_token`.
    """
    try:
        return request.credentials()
    except BadRequestError:
        return None


async def _known_client(context: Context) -> str | None:
    """Return the id of the client whose id and secret came along, if they are good."""
    try:
        client = await identify_client(context.stores, context.credentials)
    except UnauthorizedError:
        # Where it is needed, it is told.
        return None
    return None if client is None else client.id


def _apart(path: bytes) -> tuple[bytes, bytes]:
    """Return a path's first segment, before which doubled slashes do no harm, and the rest."""
    version, slash, rest = path.lstrip(b"/").partition(b"/")
    return version, slash + rest


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1")


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
