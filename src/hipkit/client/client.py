"""The blocking client of any generated API, `Client`.

Every decision is made in `exchange.py`. The methods by tag, such as
`client.rooms.get_room("ops")`, come from a generated package, whose own class is made of this one:
`hipchat.py` for HipChat's API v2. `async_client.py` is rendered from this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Self, TypeVar, Unpack, cast

from msgspec import UNSET, UnsetType

from hipkit.api.calling import CallOptions
from hipkit.api.errors import ResponseError
from hipkit.api.frames import clear_locals, clears_locals
from hipkit.api.free_request import FreeRequest
from hipkit.api.operation import Operation
from hipkit.api.response import Response
from hipkit.api.secret import Secret
from hipkit.client.exchange import Exchange
from hipkit.client.setup import (
    ClientOptions,
    ClientSetup,
    TokenSource,
    TransportName,
    check_sync_token,
    check_token,
    choose_transport,
    pause,
    reveal,
)
from hipkit.client.state import Clock
from hipkit.client.steps import GetToken, Outcome, Pause, Send, Steps, interrupt
from hipkit.transports.protocol import Transport, TransportError

# Imported on first use, so that a script that posts one line starts quickly.
if TYPE_CHECKING:
    from hipkit.client.paging import Cursor, Page

__all__ = ["Client"]

P = TypeVar("P")
T = TypeVar("T")


class Client(ClientSetup):
    """A blocking client, without the methods of an API. Safe for use by many threads.

    Args:
        token: A token, a function that returns one, or a provider of `hipkit.client.tokens`.
            Defaults to the API's own environment variable. Operations that need no token are sent
            without one.
        base_url: Such as `https://chat.example.com/v2`. Defaults to the API's own environment
            variable, and then to the server that its document names.
        transport: `httpcore2`, `pycurl` (extra `fast`), or a transport of your own.
        authorization: The whole authorization header, instead of a token.
        clock: Clock and randomness, for tests.
        options: See `ClientOptions` and `Policy`.

    Raises:
        ValueError: The base URL is missing or invalid; the message says why.
    """

    @clears_locals
    def __init__(
        self,
        token: TokenSource | None = None,
        *,
        base_url: str | None = None,
        transport: Transport | TransportName = "httpcore2",
        authorization: str | Secret | None = None,
        clock: Clock | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self._bind()
        name = type(self).__name__
        check_sync_token(token, name)
        connecting = self._set_up(token, authorization, base_url, options, clock)
        self._transport = choose_transport(transport, connecting, name)

    def send(self, operation: Operation[T], /, **options: Unpack[CallOptions]) -> T:
        """Carry out a call and return its typed result.

        Args:
            operation: The call, such as `GetRoom("ops")`.
            options: For this call only; see `Policy`.

        Raises:
            RequestError: No response arrived; `may_have_arrived` says whether the server may have
                carried out the call.
            ApiError: The server answered with an error status.
            ResponseError: The response cannot be read as this operation's result.
            ValueError: There is no token, or a path argument would call another operation.
        """
        call: Exchange[T] | None = None
        outcome: Outcome | None = None
        try:
            state = self._state
            if options:
                state = state.with_options(options, operation)
            call = Exchange(operation, state)
            if call.is_plain:
                try:
                    outcome = self._transport.send(call.next_request(), call.options)
                except TransportError as failure:
                    # Hooks receive it, and may report it.
                    clear_locals(failure)
                    outcome = failure
                else:
                    if call.accept(outcome):
                        return call.result(outcome)
            return self._run(call.steps(outcome))
        except BaseException as error:
            # They may hold secrets, and would appear in a traceback.
            del operation, options, state, call, outcome
            clear_locals(error)
            raise

    @clears_locals
    def send_raw(
        self, operation: Operation[T], /, **options: Unpack[CallOptions]
    ) -> Response[T]:
        """Carry out a call and return the raw response, whatever its status.

        Its `parse` returns what `send` would have returned, or raises what it would have raised.
        """
        call = Exchange(operation, self._state.with_options(options, operation))
        return self._run(call.raw_steps())

    @clears_locals
    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | bool] | None = None,
        json: object | UnsetType = UNSET,
        **options: Unpack[CallOptions],
    ) -> object:
        """Call an endpoint that is not in the spec; return its JSON, or `None` for an empty body.

        Args:
            method: Such as `GET`.
            path: Path below the base URL, starting with `/`.
            query: Query names and values.
            json: The JSON body. Defaults to no body.
            options: For this call only; see `Policy`.
        """
        return self.send(
            FreeRequest(method, path, query, json, self._authorize()), **options
        )

    @clears_locals
    def pages(
        self, operation: Operation[T], **options: Unpack[CallOptions]
    ) -> Iterator[T]:
        """Yield a list operation's pages, from the requested one to the last."""
        from hipkit.client.paging import PageCursor

        client = self.with_options(**options)
        return client._walk(PageCursor(operation, client._state.policy.on_unreadable))

    @clears_locals
    def items(
        self, operation: Operation[Page[T]], **options: Unpack[CallOptions]
    ) -> Iterator[T]:
        """Yield the items of all pages of a list operation.

        An item that cannot be read is passed to `on_unreadable`. Without it, `ResponseError` is
        raised after the items before it; the error's `item.start_index` continues the list.
        """
        from hipkit.client.paging import ItemCursor

        client = self.with_options(**options)
        return client._walk(ItemCursor(operation, client._state.policy.on_unreadable))

    @clears_locals
    def with_token(self, token: TokenSource | None) -> Self:
        """Return a client that uses another token, on the same connections."""
        check_sync_token(token, type(self).__name__)
        return self._with_token(token)

    def close(self) -> None:
        """Close the connections, which derived clients share."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _copy(self) -> Self:
        derived = copy(self)
        # The methods by tag must send through the copy; those in use send with this one's token.
        derived._bind()
        return derived

    def _walk(self, cursor: Cursor[P, T]) -> Iterator[T]:
        """Make a cursor's calls, one after another, and yield what their pages add."""
        client = self.with_options(on_unreadable=cursor.on_unreadable)
        while (next_call := cursor.next_call()) is not None:
            operation, query = next_call
            call = Exchange(operation, client._state, query)
            page = self._run(call.steps())
            try:
                yield from cursor.take(page)
            except ResponseError as error:
                error.request_id = error.request_id or call.request_id
                raise

    def _run(self, steps: Steps[T]) -> T:
        """Run an exchange to its end and return its result."""
        step: Send | GetToken | Pause | None = None
        outcome: Secret | Outcome | None = None
        try:
            while True:
                # Only the exchange's StopIteration ends the call: token functions may raise one.
                try:
                    step = steps.send(outcome)
                except StopIteration as done:
                    return cast("T", done.value)
                if isinstance(step, Send):
                    try:
                        outcome = self._transport.send(*step)
                    except TransportError as failure:
                        clear_locals(failure)
                        step, outcome = None, failure
                elif isinstance(step, GetToken):
                    outcome = check_token(self._ask_for_token(reveal(step.rejected)))
                else:
                    pause(step.seconds)
                    outcome = None
        except BaseException as error:
            interrupt(steps)
            # The request holds the token, the response perhaps another.
            step = outcome = None
            clear_locals(error)
            raise
