"""One call from request to response, as a generator that does no I/O itself.

The generator yields steps (`GetToken`, `Send`, `Pause`) and is sent their outcome; the two
drivers in `client.py` only carry out the steps. Every decision on retries, limits, deadlines and
tokens is therefore made here, once for both clients, and tested without network or clock.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import NoneType
from typing import NamedTuple, Protocol, TypedDict, TypeVar, cast

from hipkit.api.errors import (
    ConnectError,
    RequestError,
    RequestTimeoutError,
    ResponseError,
)
from hipkit.api.limits import LimitMemory, seconds_until_allowed
from hipkit.api.operation import Operation, RequestParts
from hipkit.api.redaction import mask_query, secrets_in
from hipkit.api.response import Response, SentRequest
from hipkit.api.secret import HIDDEN, Secret
from hipkit.client.decoding import OnUnreadable, decode
from hipkit.client.settings import TOKEN_VARIABLE, Site
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
    TransportErrorKind,
)

__all__ = [
    "CallOptions",
    "Clock",
    "Exchange",
    "GetToken",
    "Hooks",
    "Pause",
    "Policy",
    "Send",
    "State",
    "deliver",
    "exchange",
    "exchange_raw",
    "is_async",
]

T = TypeVar("T")

logger = logging.getLogger("hipkit")

SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Idempotent methods."""
BEARER = "Bearer "
ERRORS: Mapping[TransportErrorKind, type[RequestError]] = {
    "connect": ConnectError,
    "settings": ConnectError,
    "timeout": RequestTimeoutError,
}
PASSING = frozenset({502, 503, 504})
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 20.0
LONGEST_WAIT_SECONDS = 3600.0
"""If a server asks for a longer wait, the call fails and the error says so."""


class GetToken(NamedTuple):
    """Requests a token; `rejected` is the one that the server has just rejected."""

    rejected: Secret | None


class Send(NamedTuple):
    """Requests a send. The outcome is a `RawResponse`, or a `TransportError` thrown in."""

    request: Request
    options: Options
    sink: Sink | None


class Pause(NamedTuple):
    """Requests a wait."""

    seconds: float
    reason: str


Exchange = Generator[GetToken | Send | Pause, Secret | RawResponse | None, T]


def is_async(function: object) -> bool:
    """Return whether calling this returns an awaitable."""
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or (
        callable(function) and inspect.iscoroutinefunction(type(function).__call__)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Functions called around every request, in the thread or task that sends it.

    Each should return at once; an exception ends the call. They receive no token, no secret path
    argument and no body.
    """

    before: Callable[[SentRequest], object] | None = None
    after: Callable[[SentRequest, int | TransportError, float], object] | None = None
    """Called after every attempt with the request, the status or error, and the seconds taken."""
    wait: Callable[[float, str], object] | None = None
    """Called before every wait with its seconds and the reason."""

    def __post_init__(self) -> None:
        for name in ("before", "after", "wait"):
            hook = getattr(self, name)
            if not (hook is None or callable(hook)):
                raise TypeError(f"the hook {name} must be a function")
            if is_async(hook):
                raise TypeError(
                    f"the hook {name} must be a plain function, not an async one"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a client sends calls.

    Args:
        timeout: Maximum silence of the server, in seconds.
        deadline: Maximum duration of a whole call, waits and retries included, in seconds;
            `None` for no deadline.
        retries: Maximum number of retries of a call, 0 for none.
        pace: Whether to wait for the end of the window before a call that the server would
            reject, according to the limits in its last responses.
        headers: Headers to send with every request.
        hooks: Functions to call around every request.
        max_response_bytes: Maximum size of a decompressed response body, in bytes.
        on_unreadable: Called with each item of a response's list that cannot be read, in the
            thread or task that sends; the list then continues without the item. An exception
            ends the call. Without this function such an item raises `ResponseError`.
    """

    timeout: float = 30.0
    deadline: float | None = 120.0
    retries: int = 3
    pace: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hooks: Hooks = Hooks()
    max_response_bytes: int = 64 * 1024 * 1024
    on_unreadable: OnUnreadable | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.timeout, (int, float)):
            raise TypeError(
                "timeout must be a number of seconds; it cannot be switched off"
            )
        if not isinstance(self.deadline, (int, float, NoneType)):
            raise TypeError(
                "deadline must be a number of seconds, or None for no deadline"
            )
        if not isinstance(self.retries, int):
            raise TypeError("retries must be a whole number")
        if not isinstance(self.max_response_bytes, int):
            raise TypeError("max_response_bytes must be a whole number")
        if not isinstance(self.hooks, Hooks):
            raise TypeError("hooks must be Hooks(before=..., after=..., wait=...)")
        if not (self.on_unreadable is None or callable(self.on_unreadable)):
            raise TypeError("on_unreadable must be a function that takes an item")
        if not isinstance(self.headers, Mapping):
            raise TypeError("headers must be names and values, such as a dict")
        if not self.timeout > 0 or not (self.deadline is None or self.deadline > 0):
            raise ValueError("timeout and deadline are seconds and must be above 0")
        if self.retries < 0:
            raise ValueError("retries must be 0 or more")
        if is_async(self.on_unreadable):
            raise TypeError("on_unreadable must be a plain function, not an async one")
        for name, value in self.headers.items():
            # The value may be a secret, so the message does not repeat it.
            if not (isinstance(name, str) and isinstance(value, str)):
                raise TypeError(
                    f"the header {name!r} must be two strings, not "
                    f"{type(name).__name__} and {type(value).__name__}"
                )
            if not (
                HEADER_NAME.fullmatch(name) and value.isprintable() and value.isascii()
            ):
                raise ValueError(
                    f"the header {name!r} must be printable ASCII, without line ends, "
                    "and its name a token"
                )


class RestartableSink(Protocol):
    """A sink that can discard its content, for another attempt."""

    def __call__(self, chunk: bytes, /) -> object: ...

    def restart(self) -> bool:
        """Discard the content; return whether that was possible."""


class CallOptions(TypedDict, total=False):
    """Options that can be set per call; see `Policy`."""

    timeout: float
    deadline: float | None
    retries: int
    pace: bool
    headers: Mapping[str, str]
    hooks: Hooks
    max_response_bytes: int
    on_unreadable: OnUnreadable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Clock and randomness of a client; tests replace them."""

    monotonic: Callable[[], float]
    now: Callable[[], float]
    """UNIX seconds."""
    random: Callable[[], float]
    """A random number, at least 0 and below 1."""


@dataclass(slots=True)
class State:
    """What a client keeps between calls: base URL, credentials and the last limits."""

    site: Site
    user_agent: str
    authorization: Secret | None
    """The whole header value, if it does not change."""
    has_provider: bool
    """Whether a function provides the token."""
    clock: Clock
    limits: LimitMemory = field(default_factory=LimitMemory)


def exchange(
    operation: Operation[T], state: State, policy: Policy, query: str | None = None
) -> Exchange[T]:
    """Carry out a call.

    Args:
        operation: The call.
        state: The client's state.
        policy: The client's policy, with the call's options.
        query: Replaces the operation's own query, for the link to another page.

    Raises:
        RequestError: No response arrived.
        ApiError: The server answered with an error status.
        ResponseError: The response cannot be read as this operation's result.
        ValueError: There is no token, or an argument would call another operation.
    """
    response, request, token = yield from deliver(operation, state, policy, query)
    url = state.site.origin + request.target
    return decode(
        operation,
        response,
        url,
        now=state.clock.now(),
        secrets=secrets_in(token, policy.headers),
        request=request,
        on_unreadable=policy.on_unreadable,
    )


def exchange_raw(
    operation: Operation[object], state: State, policy: Policy
) -> Exchange[Response]:
    """Carry out a call and return the raw response, whatever its status."""
    response, request, _ = yield from deliver(operation, state, policy)
    return Response(
        response.status,
        response.headers,
        response.body,
        _sent_request(operation, request, state, policy),
    )


def deliver(
    operation: Operation[object],
    state: State,
    policy: Policy,
    query: str | None = None,
    sink: RestartableSink | None = None,
) -> Exchange[tuple[RawResponse, Request, Secret | None]]:
    """Send the request, retrying as the policy allows, and return the last response."""
    clock = state.clock
    call = operation.call()
    deadline = None if policy.deadline is None else clock.monotonic() + policy.deadline
    options = Options(policy.timeout, deadline, policy.max_response_bytes)
    token = yield from _token(operation, state, None)
    renewed = False
    attempt = 0
    while True:
        if policy.pace:
            yield from _keep_pace(operation, state, policy, deadline)
        request = _request(call, state, policy, token, query)
        try:
            step = Send(request, options, sink)
            if _is_observed(policy.hooks):
                response = yield from _send_observed(operation, step, state, policy)
            else:
                response = cast("RawResponse", (yield step))
        except TransportError as failure:
            may_repeat = _may_repeat_after(failure, call) and (
                sink is None or sink.restart()
            )
            if not may_repeat or not (
                yield from _back_off(
                    attempt, None, failure.reason, state, policy, deadline
                )
            ):
                raise _request_error(failure, operation) from failure
            attempt += 1
            continue
        state.limits.note(response.headers, clock.now())
        if (
            response.status == 401
            and state.has_provider
            and token is not None
            and not renewed
            and _can_be_read_again(call)
        ):
            renewed = True
            rejected, token = token, (yield from _token(operation, state, token))
            if token != rejected:
                continue
        if not _is_worth_repeating(response, call) or not (
            yield from _back_off(
                attempt,
                seconds_until_allowed(response.headers, clock.now()),
                f"the server answered {response.status}",
                state,
                policy,
                deadline,
            )
        ):
            return response, request, token
        attempt += 1


def _token(
    operation: Operation[object], state: State, rejected: Secret | None
) -> Exchange[Secret | None]:
    """Return the value of the authorization header, or `None` if the call needs none."""
    if operation.auth == "none":
        return None
    if state.authorization is not None:
        return state.authorization
    if state.has_provider:
        token = yield GetToken(
            None if rejected is None else Secret(rejected.reveal().removeprefix(BEARER))
        )
        return Secret(BEARER + cast("Secret", token).reveal())
    if operation.auth == "basic":
        return None
    raise ValueError(
        f"{operation}: needs a token; pass token=..., or set {TOKEN_VARIABLE}"
    )


def _request(
    call: RequestParts,
    state: State,
    policy: Policy,
    token: Secret | None,
    query: str | None,
) -> Request:
    site = state.site
    target = site.path + call.target
    if query is not None:
        target = f"{target.partition('?')[0]}?{query}"
    headers: tuple[tuple[str, str], ...] = (
        ("User-Agent", state.user_agent),
        ("Accept", "application/json"),
        *call.headers,
    )
    if token is not None:
        headers = (*headers, ("Authorization", token.reveal()))
    if policy.headers:
        own = {name.lower() for name in policy.headers}
        headers = (
            *(pair for pair in headers if pair[0].lower() not in own),
            *policy.headers.items(),
        )
    return Request(
        call.method, site.scheme, site.host, site.port, target, headers, call.content
    )


def _is_observed(hooks: Hooks) -> bool:
    return (
        hooks.before is not None
        or hooks.after is not None
        or logger.isEnabledFor(logging.DEBUG)
    )


def _send_observed(
    operation: Operation[object], step: Send, state: State, policy: Policy
) -> Exchange[RawResponse]:
    """Send once, calling the hooks and logging."""
    hooks = policy.hooks
    shown = _sent_request(operation, step.request, state, policy)
    started = state.clock.monotonic()
    if hooks.before is not None:
        hooks.before(shown)
    outcome: int | TransportError = 0
    try:
        response = cast("RawResponse", (yield step))
        outcome = response.status
    except TransportError as failure:
        outcome = failure
        raise
    finally:
        seconds = state.clock.monotonic() - started
        if outcome != 0:
            logger.debug("%s -> %s in %.3f s", operation, outcome, seconds)
            if hooks.after is not None:
                hooks.after(shown, outcome, seconds)
    return response


def _keep_pace(
    operation: Operation[object], state: State, policy: Policy, deadline: float | None
) -> Exchange[None]:
    """Wait if the last responses say that this call would be rejected."""
    now = state.clock.now()
    limits = state.limits.read()
    waits = [
        limit.reset_at.timestamp() - now
        for limit in (
            limits.rate,
            limits.flood if operation.method == "POST" else None,
        )
        if limit is not None and limit.remaining <= 0 and limit.reset_at is not None
    ]
    seconds = min(max(waits, default=0.0), LONGEST_WAIT_SECONDS)
    if seconds > 0 and (
        deadline is None or state.clock.monotonic() + seconds < deadline
    ):
        yield from _pause(seconds, "no calls are left in this window", policy)


def _back_off(
    attempt: int,
    asked: float | None,
    reason: str,
    state: State,
    policy: Policy,
    deadline: float | None,
) -> Exchange[bool]:
    """Wait before another attempt; return False if there is to be none."""
    if attempt >= policy.retries:
        return False
    # Full jitter: clients that failed together do not retry together.
    seconds = state.clock.random() * min(
        LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**attempt
    )
    if asked is not None:
        seconds += asked
    if seconds > LONGEST_WAIT_SECONDS or (
        deadline is not None and state.clock.monotonic() + seconds >= deadline
    ):
        return False
    yield from _pause(seconds, reason, policy)
    return True


def _pause(seconds: float, reason: str, policy: Policy) -> Exchange[None]:
    logger.info("waiting %.1f s: %s", seconds, reason)
    if policy.hooks.wait is not None:
        policy.hooks.wait(seconds, reason)
    yield Pause(seconds, reason)


def _may_repeat_after(failure: TransportError, call: RequestParts) -> bool:
    if failure.kind in ("too_large", "settings"):
        return False
    if failure.may_have_arrived and call.method not in SAFE_TO_REPEAT:
        # The server may have carried it out: a retry could post a message twice.
        return False
    return failure.kind == "connect" or _can_be_read_again(call)


def _is_worth_repeating(response: RawResponse, call: RequestParts) -> bool:
    """Return whether a later attempt may succeed, and this one certainly had no effect."""
    if not _can_be_read_again(call):
        return False
    if response.status == 429 or (
        response.status == 503 and "retry-after" in response.headers
    ):
        return True
    return response.status in PASSING and call.method in SAFE_TO_REPEAT


def _can_be_read_again(call: RequestParts) -> bool:
    return (
        call.content is None
        or isinstance(call.content, bytes)
        or call.content.replayable
    )


def _request_error(
    failure: TransportError, operation: Operation[object]
) -> RequestError | ResponseError:
    if failure.kind == "too_large":
        return ResponseError(f"{operation}: {failure.reason}", operation=operation)
    kind = ERRORS.get(failure.kind, RequestError)
    arrived = (
        "it may have arrived" if failure.may_have_arrived else "it was not carried out"
    )
    return kind(
        f"{operation}: {failure.reason}; {arrived}",
        operation=operation,
        may_have_arrived=failure.may_have_arrived,
    )


def _sent_request(
    operation: Operation[object], request: Request, state: State, policy: Policy
) -> SentRequest:
    query = request.target.partition("?")[2]
    if query:
        is_private = operation.private_query or not operation.secrets.isdisjoint(
            operation.query
        )
        query = HIDDEN if is_private else mask_query(query)
    # The caller's own headers may hold secrets.
    hidden = {"authorization", *(name.lower() for name in policy.headers)}
    return SentRequest(
        request.method,
        f"{state.site}{operation.shown_target()}{'?' + query if query else ''}",
        {
            name.lower(): HIDDEN if name.lower() in hidden else value
            for name, value in request.headers
        },
    )
