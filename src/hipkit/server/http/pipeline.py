"""The steps of a call: parse, identify, count, match, authorise, decode, handle, answer.

One small ASGI application; it works on whichever event loop calls it. `call.py` has what the
steps hand on, and `dialects/` what the versions of the API do differently.
"""

from __future__ import annotations

import logging
import time
from typing import cast

from hipkit.api.errors import NotFoundError, RateLimitError, UnauthorizedError
from hipkit.server.http.authorization import check_allowed
from hipkit.server.http.bodies.reading import BodyRecorder, ClientGoneError
from hipkit.server.http.call import Call, Dialect
from hipkit.server.http.cors import CORS_HEADERS, preflight_answer, preflight_method
from hipkit.server.http.dialects.v1 import DialectV1
from hipkit.server.http.dialects.v2 import DialectV2
from hipkit.server.http.errors import answer_for, problem_of
from hipkit.server.http.files import FILE_METHODS, file_answer, is_file_path
from hipkit.server.http.request_ids import request_id_header, request_id_of
from hipkit.server.http.requests import Receive, Request, Scope, Send
from hipkit.server.http.responses import (
    Answer,
    Header,
    accepted,
    header,
    limit_headers,
    limit_names,
    result_answer,
    send_answer,
)
from hipkit.server.services.access.authentication import identify_client
from hipkit.server.services.context import TOO_MANY_REQUESTS, Context, Runtime
from hipkit.server.services.errors import NotImplementedHereError
from hipkit.server.services.registry import load_services
from hipkit.server.services.senders.disk import check_disk
from hipkit.server.services.senders.identity import identify_sender
from hipkit.server.services.senders.policy import Origin, SenderPolicy
from hipkit.server.shared.recent_calls import Limit, RecordedCall

__all__ = ["Api"]

log = logging.getLogger("hipkit.server")

FLOOD_NAMES = limit_names("X-FloodControl")
FILE = "file"
PREFLIGHT = "preflight"
UNRECORDED = frozenset({FILE, PREFLIGHT})
"""Browsers fetch files and ask before they send; the list of API calls is not for that."""

NO_API = "Not found: the API is below /v2, the old one below /v1"


class Api:
    """The ASGI application."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._handlers = load_services()
        self._default: Dialect = DialectV2()
        self._dialects: dict[bytes, Dialect] = {
            dialect.name.encode(): dialect for dialect in (DialectV1(), self._default)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or another event of the HTTP server."""
        if scope["type"] != "http":
            await _answer_event(scope, receive, send)
            return
        headers = cast("list[Header]", scope["headers"])
        query = cast("bytes", scope.get("query_string") or b"")
        request_id = request_id_of(headers, query)
        body = BodyRecorder(receive)
        call = Call(scope, body, self._runtime, self._default, request_id)
        try:
            answer = await self._answer(call)
        except ClientGoneError:
            log.info(
                "%s: the client hung up, request %s", call.operation_id, request_id
            )
            return
        except Exception as error:  # the one place where everything is caught
            translated = call.dialect.translate_error(error)
            answer = answer_for(translated, call.operation_id, request_id)
            call.problem = problem_of(error)
        finally:
            if call.upload is not None:
                call.upload.close()
        if call.operation_id not in UNRECORDED:
            # Before the answer goes out: its receiver may read the list at once.
            _record(call, answer)
        # What every answer carries: who may read it, its id, and how many calls are left.
        allowance = call.allowance or call.runtime.limits.uncounted()
        answer.headers.extend(CORS_HEADERS)
        answer.headers.append(request_id_header(request_id))
        answer.headers.extend(limit_headers(call.dialect.limit_names, allowance))
        # Who is counted has a context.
        if call.allowance is not None and call.context.flood is not None:
            answer.headers.extend(limit_headers(FLOOD_NAMES, call.context.flood))
        if call.runtime.senders is not None and allowance.is_exceeded:
            seconds = max(1, allowance.reset - int(call.runtime.clock()))
            answer.headers.append(header("Retry-After", str(seconds)))
        is_head = str(scope["method"]).upper() == "HEAD"
        await send_answer(send, answer, with_body=not is_head)
        duration = time.perf_counter() - call.began
        log.info(
            "%s: %d in %.1f ms, request %s",
            call.operation_id,
            answer.status,
            duration * 1000,
            request_id,
        )
        self._runtime.observer.call(
            call.operation_id, call.dialect.name, answer.status, duration
        )

    async def _answer(self, call: Call) -> Answer:
        """Answer a call of the API, a preflight, or a request for a file: the path says which."""
        method = None
        if call.scope["method"] == "OPTIONS":
            method = preflight_method(call.scope)
        if method is not None:
            call.operation_id = PREFLIGHT
        request = call.request = Request.from_scope(call.scope, call.body.receive)
        # Doubled slashes before the first segment do no harm.
        version, slash, rest = request.path.lstrip(b"/").partition(b"/")
        call.path = slash + rest
        dialect = self._dialects.get(version)
        if method is not None:
            return _answer_preflight(call, dialect, method)
        if dialect is None:
            return await self._answer_file(call)
        call.dialect = dialect
        return await self._serve(call)

    async def _serve(self, call: Call) -> Answer:
        """Take a call of the API through the steps."""
        await call.dialect.parse(call)
        await _identify(call)
        await _count(call)
        _match(call)
        handler = self._handlers.get(call.kind)
        await _authorise(call, is_served=handler is not None)
        if call.is_auth_test:
            return accepted()
        if handler is None:
            raise NotImplementedHereError(
                f"{call.operation_id} is not part of this server yet"
            )
        operation = await call.dialect.decode(call)
        result = await handler(call.context, operation)
        return result_answer(call.kind, result)

    async def _answer_file(self, call: Call) -> Answer:
        if not is_file_path(call.request.path):
            raise NotFoundError(NO_API)
        call.operation_id = FILE
        return await file_answer(call.runtime, call.request)


def _answer_preflight(call: Call, dialect: Dialect | None, method: str) -> Answer:
    """Answer a browser that asks whether it may send a call: it sends no token yet."""
    if is_file_path(call.request.path):
        return preflight_answer(FILE_METHODS)
    if dialect is None:
        raise NotFoundError(NO_API)
    return preflight_answer(dialect.router.methods(method, call.path))


async def _identify(call: Call) -> None:
    """Create the call's context, and find its actor.

    An invalid token is kept as `token_error`: not every operation needs one.
    """
    runtime, request = call.runtime, call.request
    context = call.context = runtime.context(
        root=request.root,
        peer=request.peer,
        credentials=request.credentials,
        bearer=call.bearer,
    )
    if runtime.senders is not None:
        # Before anything is looked up: most of these calls have a token that is not stored.
        _count_address(call, runtime.senders)
    if call.bearer is None:
        return
    try:
        actor = await runtime.actors.identify(call.bearer, context.now_us)
        context.actor_or_none = context.actor = actor
    except UnauthorizedError as error:
        call.token_error = error
        if runtime.senders is not None:
            await _identify_sender(call, runtime.senders, call.bearer)


def _count_address(call: Call, policy: SenderPolicy) -> None:
    most = policy.settings.calls_a_minute
    call.allowance = call.runtime.limits.address(call.request.peer, most)
    if call.allowance.is_exceeded:
        raise RateLimitError(TOO_MANY_REQUESTS)


async def _identify_sender(call: Call, policy: SenderPolicy, token: str) -> None:
    """Find the actor of a token that is not stored, in relay mode."""
    context, request = call.context, call.request
    origin = Origin.of(request.peer, request.headers)
    try:
        actor = await identify_sender(context, policy, token, origin)
    except UnauthorizedError as error:
        call.token_error = error
        return
    context.actor_or_none = context.actor = actor
    call.token_error = None


async def _count(call: Call) -> None:
    """Count the call, by its token, its client, or else the address that it came from.

    In relay mode it is counted already, by its address.

    Raises:
        RateLimitError: There were too many calls.
    """
    actor, limits = call.context.actor_or_none, call.runtime.limits
    if call.allowance is not None:
        return
    if actor is not None:
        is_client = actor.user is None
        call.allowance = limits.call(actor.limit_key, is_client=is_client)
    elif (client_id := await _known_client(call.context)) is not None:
        call.allowance = limits.call(client_id, is_client=True)
    else:
        call.allowance = limits.stranger(call.request.peer)
    if call.allowance.is_exceeded:
        raise RateLimitError(TOO_MANY_REQUESTS)


async def _known_client(context: Context) -> str | None:
    """Return the id of the client whose id and secret came along, if they are valid."""
    try:
        client = await identify_client(context.stores, context.credentials)
    except UnauthorizedError:
        # Operations that need a client raise it again.
        return None
    return None if client is None else client.id


def _match(call: Call) -> None:
    """Find the operation, and load its class."""
    call.match = call.dialect.match(call)
    call.operation_id = call.match.entry.operation_id
    call.kind = call.match.entry.load()


async def _authorise(call: Call, *, is_served: bool) -> None:
    """Check that the token is valid, and suffices for the operation and the room."""
    await _identify_sending_client(call)
    call.dialect.check_token(call)
    call.room = call.dialect.room_of(call)
    await check_allowed(call.context, call.kind, call.room, is_served=is_served)
    actor = call.context.actor_or_none
    if actor is not None and actor.kind == "sender":
        await check_disk(call.context)


async def _identify_sending_client(call: Call) -> None:
    """Find the actor of an OAuth client that is not stored, in relay mode.

    Its secret counts as its token, and is what it gets as one.
    """
    context, policy = call.context, call.runtime.senders
    credentials = context.credentials
    if policy is None or credentials is None or call.kind.auth != "basic":
        return
    if context.actor_or_none is None and await _known_client(context) is None:
        context.credentials, context.bearer = None, credentials.secret
        await _identify_sender(call, policy, credentials.secret)


def _record(call: Call, answer: Answer) -> None:
    """Add the call to the list of API calls."""
    scope, runtime = call.scope, call.runtime
    # Who is counted has a context, with the time at which the call came.
    context = None if call.allowance is None else call.context
    actor = None if context is None else context.actor_or_none
    client = cast("tuple[str, int] | None", scope.get("client"))
    query = cast("bytes", scope.get("query_string") or b"")
    path = cast("bytes", scope.get("raw_path") or b"")
    exceeded = None if context is None else _exceeded(call, context)
    if exceeded is not None:
        runtime.observer.limit(exceeded[0])
    runtime.recent_calls.add(
        RecordedCall(
            at_us=runtime.now_us() if context is None else context.now_us,
            token=None if actor is None else actor.token,
            peer="" if client is None else client[0],
            method=str(scope["method"]),
            target=path + b"?" + query if query else path,
            operation_id=call.operation_id,
            request_id=call.request_id,
            headers=cast("list[tuple[bytes, bytes]]", scope["headers"]),
            body=call.body.beginning,
            status=answer.status,
            answer=answer.body,
            problem=call.problem,
            note=" ".join(call.notes) or None,
            room=call.room,
            message=None if context is None else context.message,
            exceeded=exceeded,
            milliseconds=(time.perf_counter() - call.began) * 1000,
        )
    )


def _exceeded(call: Call, context: Context) -> tuple[Limit, int] | None:
    """Return the limit that a call exceeded, and how much that allows."""
    if context.flood is not None and context.flood.is_exceeded:
        return "messages", context.flood.limit
    if call.allowance is None or not call.allowance.is_exceeded:
        return None
    if call.runtime.senders is not None:
        return "calls of an address", call.allowance.limit
    actor = context.actor_or_none
    if actor is None and context.credentials is None:
        return "strangers' calls", call.allowance.limit
    is_user = actor is not None and actor.user is not None
    return "user calls" if is_user else "client calls", call.allowance.limit


async def _answer_event(scope: Scope, receive: Receive, send: Send) -> None:
    """Acknowledge the start and the end of the HTTP server; close a WebSocket."""
    if scope["type"] != "lifespan":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
