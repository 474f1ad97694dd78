"""One call from request to response, as an object that does no I/O itself.

`Exchange.steps` is a generator. It yields what is to be done (`GetToken`, `Send`, `Pause`) and is
sent the outcome; the drivers in `client.py` only carry out the steps. Every decision on retries,
limits, deadlines and tokens is therefore made here, once for both clients, and tested without
network or clock.

Nearly every call is plain: nothing precedes its request, and the first response is a success. The
drivers send its request without the generator. After any other outcome the generator goes on from
there, and decides as if it had yielded the request itself.
Read next: `retries.py` for the rules of retries, `decoding.py` for the result.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from types import NoneType
from typing import Generic, TypeVar, cast

from msgspec.structs import replace

from hipkit.api.limits import seconds_until_allowed
from hipkit.api.operation import Operation
from hipkit.api.redaction import secrets_in
from hipkit.api.response import Response, SentRequest, with_reader
from hipkit.api.secret import Secret
from hipkit.client.decoding import decode
from hipkit.client.policy import check_headers
from hipkit.client.reply import Reply
from hipkit.client.requests import (
    credential_headers,
    given_id,
    request_error,
    shown_request,
    with_headers,
    with_key,
    without_id,
)
from hipkit.client.retries import (
    LONGEST_WAIT_SECONDS,
    backoff_seconds,
    can_be_read_again,
    is_worth_repeating,
    may_repeat_after,
    pace_seconds,
)
from hipkit.client.state import State
from hipkit.client.steps import (
    GetToken,
    Outcome,
    Pause,
    RestartableSink,
    Send,
    Steps,
)
from hipkit.transports.protocol import (
    HeaderPairs,
    Headers,
    Options,
    RawResponse,
    Request,
    TransportError,
)

__all__ = ["Exchange"]

T = TypeVar("T")

logger = logging.getLogger("hipkit")

BEARER = "Bearer "


class Exchange(Generic[T]):
    """One call: makes its requests, judges their outcomes, and reads the last one.

    Args:
        operation: The call.
        state: The client's state, with the call's options.
        query: Replaces the operation's own query, for the link to another page.
        sink: Receives the body of a successful response.

    Raises:
        ValueError: There is no token, or an argument would call another operation.
    """

    request: Request
    """The last request."""
    token: Secret | None = None
    """The value of its authorization header; `None` if it has none."""
    _attempts = 0
    _sends = 0
    _has_renewed = False
    _added_headers: Mapping[str, str] | None = None
    """Those of the last attempt that its hook returned."""

    def __init__(
        self,
        operation: Operation[T],
        state: State,
        query: str | None = None,
        sink: RestartableSink | None = None,
    ) -> None:
        policy = state.policy
        self.operation = operation
        self.state = state
        self._query = query
        self._sink = sink
        self._parts = operation.call()
        self.request_id = (
            (operation.header and given_id(dict(self._parts.headers)))
            or policy.request_id
            or (policy.headers and given_id(policy.headers))
            or state.clock.request_id()
        )
        self._deadline = policy.deadline
        if policy.deadline is not None:
            self._deadline = state.clock.monotonic() + policy.deadline
        self.options = Options(
            policy.timeout, self._deadline, policy.max_response_bytes
        )
        if operation.auth != "none":
            self.token = state.authorization
            if self.token is None or operation.auth == "key":
                self._check_token()

    # The plain case

    @property
    def is_plain(self) -> bool:
        """Whether nothing precedes the first request: it may be sent without `steps`."""
        state = self.state
        return not (state.has_provider or state.policy.pace or self._is_observed())

    def accept(self, response: RawResponse) -> bool:
        """Store the limits in a response, and return whether it ends the call with success."""
        self.state.limits.note(response.headers, self.state.clock.now())
        return 200 <= response.status < 300

    def result(self, response: RawResponse) -> T:
        """Return the typed result of the last response.

        Raises:
            ApiError: The server answered with an error status.
            ResponseError: The response cannot be read as this operation's result.
        """
        on_unreadable = self.state.policy.on_unreadable
        return decode(self.operation, Reply(self, response), on_unreadable)

    def reply(self, response: RawResponse) -> Reply:
        """Return a response of this call, for its errors."""
        return Reply(self, response)

    # Every case

    def steps(self, outcome: Outcome | None = None) -> Steps[T]:
        """Carry out the call and return its result.

        Args:
            outcome: That of the first request, if it was sent already.

        Raises:
            RequestError: No response arrived.
            ApiError: The server answered with an error status.
            ResponseError: The response cannot be read as this operation's result.
        """
        return self.result((yield from self.deliver(outcome)))

    def raw_steps(self) -> Steps[Response[T]]:
        """Carry out the call and return the raw response, whatever its status."""
        response = yield from self.deliver()
        shown = self._shown_request()
        raw = Response[T](response.status, response.headers, response.body, shown)
        return with_reader(raw, partial(self.result, response))

    def deliver(self, outcome: Outcome | None = None) -> Steps[RawResponse]:
        """Send the request as often as the policy allows, and return the last response."""
        if outcome is None:
            yield from self._ask_for_token(None)
        while True:
            if outcome is None:
                yield from self._keep_pace()
                outcome = yield from self._send()
            if isinstance(outcome, TransportError):
                yield from self._retry_after_failure(outcome)
            elif not (yield from self._retry_after_response(outcome)):
                return outcome
            outcome = None

    def next_request(self) -> Request:
        """Return the request to send now."""
        site, parts = self.state.site, self._parts
        target = site.path + parts.target
        if self._query is not None:
            target = f"{target.partition('?')[0]}?{self._query}"
        if self.operation.auth == "key":
            target = with_key(target, self.operation, self.token)
        self.request = Request(
            parts.method,
            site.scheme,
            site.host,
            site.port,
            target,
            self._headers(),
            parts.content,
            self.request_id,
        )
        return self.request

    @property
    def url(self) -> str:
        """The URL of the last request."""
        return self.state.site.origin + self.request.target

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The texts of the request's headers that no error may show."""
        return secrets_in(self.token, self._own_headers())

    def now(self) -> float:
        """Return the time in UNIX seconds."""
        return self.state.clock.now()

    # Its steps

    def _check_token(self) -> None:
        operation, state = self.operation, self.state
        if self.token is not None:
            # The key alone, in a header of another name, or elsewhere.
            self.token = Secret(self.token.reveal().removeprefix(BEARER))
        elif not (
            state.has_provider or operation.auth == "basic" or operation.token_optional
        ):
            raise ValueError(
                f"{operation}: needs a token; pass token=...,"
                f" or set {state.token_variable}"
            )

    def _ask_for_token(self, rejected: Secret | None) -> Steps[None]:
        if self.state.has_provider and self.operation.auth != "none":
            token = cast("Secret", (yield GetToken(rejected)))
            is_key = self.operation.auth == "key"
            self.token = token if is_key else Secret(BEARER + token.reveal())

    def _keep_pace(self) -> Steps[None]:
        """Wait if the last responses say that this call would be rejected."""
        if not self.state.policy.pace:
            return
        limits = self.state.limits.read()
        seconds = pace_seconds(limits, self.operation.method, self.now())
        if seconds > 0 and self._has_time_for(seconds):
            yield from self._pause(seconds, "no calls are left in this window")

    def _send(self) -> Steps[Outcome]:
        """Send once, and if someone observes it, call the hooks and log."""
        request = self.next_request()
        if not self._is_observed():
            return cast("Outcome", (yield Send(request, self.options, self._sink)))
        hooks, clock = self.state.policy.hooks, self.state.clock
        shown = self._shown_request()
        self._sends += 1
        started = clock.monotonic()
        if hooks.before is not None:
            hooks.before(shown)
        if hooks.headers is not None:
            added = hooks.headers(shown)
            check_headers(added)
            self._added_headers = added
            headers = with_headers(request.headers, added)
            request = self.request = replace(request, headers=headers)
        try:
            outcome = cast("Outcome", (yield Send(request, self.options, self._sink)))
        except GeneratorExit:
            failure = TransportError("interrupted", "the call was interrupted")
            self._report(shown, failure, clock.monotonic() - started)
            raise
        result = outcome if isinstance(outcome, TransportError) else outcome.status
        self._report(shown, result, clock.monotonic() - started)
        return outcome

    def _report(
        self, shown: SentRequest, result: int | TransportError, seconds: float
    ) -> None:
        """Log how an attempt ended, and pass it to the hook."""
        logger.debug(
            "%s -> %s in %.3f s, request id %s",
            self.operation,
            result,
            seconds,
            self.request_id,
        )
        if self.state.policy.hooks.after is not None:
            self.state.policy.hooks.after(shown, result, seconds)

    def _retry_after_failure(self, failure: TransportError) -> Steps[None]:
        """Wait before another attempt.

        Raises:
            RequestError: There is to be none.
            ResponseError: The response is too large.
        """
        may_repeat = may_repeat_after(failure, self._parts) and (
            self._sink is None or self._sink.restart()
        )
        if not may_repeat or not (yield from self._back_off(failure.reason)):
            raise request_error(
                self.operation,
                self.request_id,
                failure,
                scheme=self.request.scheme,
            ) from failure

    def _retry_after_response(self, response: RawResponse) -> Steps[bool]:
        """Return whether there is to be another attempt, after waiting for it."""
        if self.accept(response):
            return False
        if response.status == 401 and (yield from self._renew_token()):
            return True
        if not is_worth_repeating(response, self._parts):
            return False
        asked = seconds_until_allowed(response.headers, self.now())
        reason = f"the server answered {response.status}"
        return (yield from self._back_off(reason, asked or 0.0))

    def _renew_token(self) -> Steps[bool]:
        """Ask once for a token in place of a rejected one; return whether there is another."""
        rejected = self.token
        if not self.state.has_provider or rejected is None or self._has_renewed:
            return False
        if not can_be_read_again(self._parts):
            return False
        self._has_renewed = True
        yield from self._ask_for_token(Secret(rejected.reveal().removeprefix(BEARER)))
        return self.token != rejected

    def _back_off(self, reason: str, asked: float = 0.0) -> Steps[bool]:
        """Wait before another attempt; return False if there is to be none.

        Args:
            reason: Why the last attempt failed.
            asked: How many seconds the server asked to wait.
        """
        if self._attempts >= self.state.policy.retries:
            return False
        seconds = asked + backoff_seconds(self._attempts, self.state.clock.random())
        if seconds > LONGEST_WAIT_SECONDS or not self._has_time_for(seconds):
            return False
        self._attempts += 1
        yield from self._pause(seconds, reason)
        return True

    def _pause(self, seconds: float, reason: str) -> Steps[None]:
        logger.info(
            "waiting %.1f s: %s, request id %s", seconds, reason, self.request_id
        )
        if self.state.policy.hooks.wait is not None:
            self.state.policy.hooks.wait(seconds, reason)
        yield Pause(seconds, reason)

    def _has_time_for(self, seconds: float) -> bool:
        return (
            self._deadline is None
            or self.state.clock.monotonic() + seconds < self._deadline
        )

    def _is_observed(self) -> bool:
        hooks = self.state.policy.hooks
        return (
            hooks.before is not None
            or hooks.headers is not None
            or hooks.after is not None
            or logger.isEnabledFor(logging.DEBUG)
        )

    def _headers(self) -> HeaderPairs:
        state, own = self.state, self._parts.headers
        # A provider's token changes, and so may the caller's headers; some operations get no token.
        is_common = self.token is state.authorization and not state.policy.headers
        if is_common and (known := state.headers.get(own)) is not None:
            return known
        headers: HeaderPairs = (
            ("User-Agent", state.user_agent),
            ("Accept", "application/json"),
            *(without_id(own) if self.operation.header else own),
        )
        if self.token is not None:
            headers = (*headers, *credential_headers(self.operation, self.token))
        if state.policy.headers:
            headers = with_headers(headers, state.policy.headers)
        # Only content types are left to vary: no argument, and no boundary of a file.
        if is_common and not self.operation.header and not self._is_streamed():
            return state.headers.setdefault(own, Headers(headers))
        return headers

    def _own_headers(self) -> Mapping[str, str]:
        """Return the caller's headers, from the options and the hook. They may hold secrets."""
        return {**self.state.policy.headers, **(self._added_headers or {})}

    def _is_streamed(self) -> bool:
        return not isinstance(self._parts.content, (bytes, NoneType))

    def _shown_request(self) -> SentRequest:
        return shown_request(
            self.operation,
            self.request,
            self.state.site,
            own_headers=self._own_headers(),
            sends=self._sends,
        )
