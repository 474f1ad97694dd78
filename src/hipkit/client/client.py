"""The two clients, beside each other: everything they decide stands in `exchange.py`.

`HipChat` blocks, `AsyncHipChat` awaits. Their methods, `client.rooms.get_room("ops")`, come from
the generated `v2` package.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from copy import copy
from datetime import datetime
from typing import (
    TYPE_CHECKING,
    BinaryIO,
    Self,
    TypeVar,
    Unpack,
    cast,
)

from msgspec import UNSET, UnsetType

from hipkit.api.frames import clear_locals, clears_locals
from hipkit.api.free_request import FreeRequest
from hipkit.api.operation import Operation
from hipkit.api.response import Response
from hipkit.api.secret import Secret
from hipkit.client.exchange import (
    CallOptions,
    Clock,
    Exchange,
    GetToken,
    Pause,
    Send,
    exchange,
    exchange_raw,
)
from hipkit.client.setup import (
    AsyncTokenSource,
    ClientOptions,
    ClientSetup,
    TokenSource,
    TransportName,
    await_token,
    check_async_token,
    check_sync_token,
    check_token,
    choose_async_transport,
    choose_transport,
    policy_with,
    reveal,
)
from hipkit.transports.protocol import (
    AsyncTransport,
    RawResponse,
    Transport,
    TransportError,
)
from hipkit.v2 import Api, AsyncApi, AsyncRawApi, RawApi

# Loaded when first used: a script that posts one line pays for nothing else.
if TYPE_CHECKING:
    from hipkit.api.unreadable import UnreadableItem
    from hipkit.client.auth_test import AuthTest
    from hipkit.client.download import DownloadSource
    from hipkit.client.paging import (
        HistoryOperation,
        HistoryPosition,
        HistoryWalk,
        Page,
    )
    from hipkit.v2.models import Message

__all__ = ["AsyncHipChat", "AsyncHistory", "HipChat", "History"]

T = TypeVar("T")


class HipChat(ClientSetup, Api):
    """A client of HipChat's API v2 that blocks until the answer is there. Serves many threads.

    Args:
        token: A token, a function that returns one, or a provider of `hipkit.client.tokens`; the
            environment's `HIPCHAT_TOKEN` when left out. Operations that need none go without.
        base_url: Such as `https://chat.example.com/v2`; `HIPCHAT_BASE_URL` when left out.
        transport: `httpx2`, `pycurl` (extra `fast`), or a transport of your own.
        authorization: The whole authorization header, in place of a token.
        clock: Clocks and chance, for tests.
        options: See `ClientOptions` and `Policy`.

    Raises:
        ValueError: There is no address, or it cannot be used; says why.
    """

    @clears_locals
    def __init__(
        self,
        token: TokenSource | None = None,
        *,
        base_url: str | None = None,
        transport: Transport | TransportName = "httpx2",
        authorization: str | Secret | None = None,
        clock: Clock | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(self.send)
        check_sync_token(token)
        connecting = self._set_up(token, authorization, base_url, options, clock)
        self._transport = choose_transport(transport, connecting)

    def send(self, operation: Operation[T], /, **options: Unpack[CallOptions]) -> T:
        """Carry out a call and return its typed answer.

        Args:
            operation: The call, such as `GetRoom("ops")`.
            options: For this call alone; see `Policy`.

        Raises:
            RequestError: No answer came; `may_have_arrived` tells whether it may have counted.
            ApiError: The server said no.
            ResponseError: What came back cannot be read as this answer.
            ValueError: There is no token, or a path argument would call another operation.
        """
        try:
            steps = exchange(operation, self._state, policy_with(self._policy, options))
        finally:
            del operation, options  # They may hold secrets, and stand in a traceback.
        return self._run(steps)

    @property
    def raw(self) -> RawApi:
        """The same methods, giving status, headers and body, and raising for no status."""
        return RawApi(self.send_raw)

    def send_raw(
        self, operation: Operation[object], /, **options: Unpack[CallOptions]
    ) -> Response:
        """Carry out a call and return the answer as it came."""
        try:
            steps = exchange_raw(
                operation, self._state, policy_with(self._policy, options)
            )
        finally:
            del operation, options
        return self._run(steps)

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
        """Call something that the spec lacks, and return its JSON, or `None` where there is none.

        Args:
            method: Such as `GET`.
            path: Below the base URL, starting with `/`.
            query: Names and values.
            json: The body.
            options: For this call alone; see `Policy`.
        """
        return self.send(
            FreeRequest(method, path, query, json, self._authorize()), **options
        )

    def auth_test(
        self, operation: Operation[object], **options: Unpack[CallOptions]
    ) -> AuthTest:
        """Ask whether a call would be allowed, without carrying it out."""
        from hipkit.client.auth_test import auth_test

        try:
            steps = auth_test(
                operation, self._state, policy_with(self._policy, options)
            )
        finally:
            del operation, options
        return self._run(steps)

    def pages(
        self, operation: Operation[T], **options: Unpack[CallOptions]
    ) -> Iterator[T]:
        """Give a list operation's pages, from the one asked for to the last."""
        from hipkit.client.paging import PageQueries

        try:
            client = self.with_options(**options)
        finally:
            del options
        queries = PageQueries(operation)
        query: str | None = None
        while True:
            page = self._run(exchange(operation, client._state, client._policy, query))
            yield page
            query = queries.next_query(page)
            if query is None:
                return

    def items(
        self, operation: Operation[Page[T]], **options: Unpack[CallOptions]
    ) -> Iterator[T]:
        """Give the items of all of a list operation's pages.

        An item that cannot be read goes to `on_unreadable`; without it, it is a `ResponseError`
        behind the items before, whose `item.start_index` is where the list goes on.
        """
        from hipkit.client.paging import items_in_order

        try:
            client = self.with_options(**options)
        finally:
            del options
        unreadable: list[UnreadableItem] = []
        for page in client.pages(operation, on_unreadable=unreadable.append):
            yield from items_in_order(page, unreadable, client._policy.on_unreadable)
            unreadable.clear()

    @clears_locals
    def history(
        self,
        room: HistoryOperation | str | int,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        resume: HistoryPosition | None = None,
        **options: Unpack[CallOptions],
    ) -> History:
        """Walk back through a history, each message once, the newest first.

        A message that cannot be read goes to `on_unreadable`; without it, it is a
        `ResponseError` behind the newer ones, whose `item.position` is where to resume.

        Args:
            room: A room's id or name; or `GetRoomHistory(...)`, `GetPrivatechatHistory(...)`
                with further arguments, of which `max_results` is the size of a page.
            since: The oldest moment wanted, with offset.
            limit: The most messages wanted.
            resume: The `position` of an earlier walk, to go on behind it.
            options: For these calls alone; see `Policy`.
        """
        from hipkit.client.paging import HistoryWalk, history_operation

        client = self.with_options(**options)
        walk = HistoryWalk(
            history_operation(room),
            since=since,
            limit=limit,
            resume=resume,
            on_unreadable=client._policy.on_unreadable,
            now=client._state.clock.now(),
        )
        return History(client, walk)

    @clears_locals
    def download(
        self,
        source: DownloadSource,
        to: str | os.PathLike[str] | BinaryIO,
        **options: Unpack[CallOptions],
    ) -> int:
        """Fetch a shared file piece by piece and return its size in bytes.

        The token goes along only to the base URL's own host.

        Args:
            source: A message's `file` or `authenticated_file`, or an address.
            to: A path, put in place once all is there, or a binary file object.
            options: For this call alone; see `Policy`.
        """
        from hipkit.client.download import download, open_target

        with open_target(to) as target:
            return self._run(
                download(
                    source, self._state, policy_with(self._policy, options), target
                )
            )

    @clears_locals
    def with_token(self, token: TokenSource | None) -> Self:
        """Return a client that calls as somebody else, on the same connections."""
        check_sync_token(token)
        return self._with_token(token)

    def close(self) -> None:
        """Close the connections, also those of clients derived from this one."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _copy(self) -> Self:
        # The methods by tag must send through the copy.
        derived = copy(self)
        Api.__init__(derived, derived.send)
        return derived

    def _run(self, steps: Exchange[T]) -> T:
        """Do what the exchange asks until it is done."""
        step: Send | GetToken | Pause | None = None
        outcome: Secret | RawResponse | TransportError | None = None
        try:
            while True:
                # Only the exchange's own end is the call's end: a token function may run dry too.
                try:
                    step = (
                        steps.throw(outcome)
                        if isinstance(outcome, TransportError)
                        else steps.send(outcome)
                    )
                except StopIteration as done:
                    return cast("T", done.value)
                if isinstance(step, Send):
                    try:
                        outcome = self._transport.send(*step)
                    except TransportError as failure:
                        # Hooks see it, and may report it.
                        clear_locals(failure)
                        step, outcome = None, failure
                elif isinstance(step, GetToken):
                    outcome = check_token(self._ask_for_token(reveal(step.rejected)))
                else:
                    time.sleep(step.seconds)
                    outcome = None
        except BaseException as error:
            # The request has the token in it, the answer perhaps another.
            step = outcome = None
            clear_locals(error)
            raise


class History:
    """An iterator over a history; `position` tells where it stands, for `resume`."""

    def __init__(self, client: HipChat, walk: HistoryWalk) -> None:
        self._walk = walk
        self._messages = self._fetch(client)

    @property
    def position(self) -> HistoryPosition | None:
        """Where the walk stands: everything newer was given. `None` before the first message."""
        return self._walk.position

    def _fetch(self, client: HipChat) -> Iterator[Message]:
        unreadable: list[UnreadableItem] = []
        while (operation := self._walk.next_operation()) is not None:
            page = client.send(operation, on_unreadable=unreadable.append)
            yield from self._walk.take(page, unreadable)
            unreadable.clear()

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        return next(self._messages)


class AsyncHipChat(ClientSetup, AsyncApi):
    """A client of HipChat's API v2 for an event loop; the same as `HipChat`, awaited.

    Args:
        token: A token, a function that returns one, or a provider of `hipkit.client.tokens`; the
            environment's `HIPCHAT_TOKEN` when left out. Operations that need none go without.
        base_url: Such as `https://chat.example.com/v2`; `HIPCHAT_BASE_URL` when left out.
        transport: `httpx2`, `pycurl` (extra `fast`), or a transport of your own.
        authorization: The whole authorization header, in place of a token.
        clock: Clocks and chance, for tests.
        options: See `ClientOptions` and `Policy`.

    Raises:
        ValueError: There is no address, or it cannot be used; says why.
    """

    @clears_locals
    def __init__(
        self,
        token: AsyncTokenSource | None = None,
        *,
        base_url: str | None = None,
        transport: AsyncTransport | TransportName = "httpx2",
        authorization: str | Secret | None = None,
        clock: Clock | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(self.send)
        check_async_token(token)
        connecting = self._set_up(token, authorization, base_url, options, clock)
        self._transport = choose_async_transport(transport, connecting)

    async def send(
        self, operation: Operation[T], /, **options: Unpack[CallOptions]
    ) -> T:
        """Carry out a call and return its typed answer.

        Args:
            operation: The call, such as `GetRoom("ops")`.
            options: For this call alone; see `Policy`.

        Raises:
            RequestError: No answer came; `may_have_arrived` tells whether it may have counted.
            ApiError: The server said no.
            ResponseError: What came back cannot be read as this answer.
            ValueError: There is no token, or a path argument would call another operation.
        """
        try:
            steps = exchange(operation, self._state, policy_with(self._policy, options))
        finally:
            del operation, options
        return await self._run(steps)

    @property
    def raw(self) -> AsyncRawApi:
        """The same methods, giving status, headers and body, and raising for no status."""
        return AsyncRawApi(self.send_raw)

    async def send_raw(
        self, operation: Operation[object], /, **options: Unpack[CallOptions]
    ) -> Response:
        """Carry out a call and return the answer as it came."""
        try:
            steps = exchange_raw(
                operation, self._state, policy_with(self._policy, options)
            )
        finally:
            del operation, options
        return await self._run(steps)

    @clears_locals
    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | bool] | None = None,
        json: object | UnsetType = UNSET,
        **options: Unpack[CallOptions],
    ) -> object:
        """Call something that the spec lacks, and return its JSON, or `None` where there is none.

        Args:
            method: Such as `GET`.
            path: Below the base URL, starting with `/`.
            query: Names and values.
            json: The body.
            options: For this call alone; see `Policy`.
        """
        return await self.send(
            FreeRequest(method, path, query, json, self._authorize()), **options
        )

    async def auth_test(
        self, operation: Operation[object], **options: Unpack[CallOptions]
    ) -> AuthTest:
        """Ask whether a call would be allowed, without carrying it out."""
        from hipkit.client.auth_test import auth_test

        try:
            steps = auth_test(
                operation, self._state, policy_with(self._policy, options)
            )
        finally:
            del operation, options
        return await self._run(steps)

    async def pages(
        self, operation: Operation[T], **options: Unpack[CallOptions]
    ) -> AsyncIterator[T]:
        """Give a list operation's pages, from the one asked for to the last."""
        from hipkit.client.paging import PageQueries

        try:
            client = self.with_options(**options)
        finally:
            del options
        queries = PageQueries(operation)
        query: str | None = None
        while True:
            page = await self._run(
                exchange(operation, client._state, client._policy, query)
            )
            yield page
            query = queries.next_query(page)
            if query is None:
                return

    async def items(
        self, operation: Operation[Page[T]], **options: Unpack[CallOptions]
    ) -> AsyncIterator[T]:
        """Give the items of all of a list operation's pages.

        An item that cannot be read goes to `on_unreadable`; without it, it is a `ResponseError`
        behind the items before, whose `item.start_index` is where the list goes on.
        """
        from hipkit.client.paging import items_in_order

        try:
            client = self.with_options(**options)
        finally:
            del options
        unreadable: list[UnreadableItem] = []
        async for page in client.pages(operation, on_unreadable=unreadable.append):
            for item in items_in_order(page, unreadable, client._policy.on_unreadable):
                yield item
            unreadable.clear()

    @clears_locals
    def history(
        self,
        room: HistoryOperation | str | int,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        resume: HistoryPosition | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncHistory:
        """Walk back through a history, each message once, the newest first.

        A message that cannot be read goes to `on_unreadable`; without it, it is a
        `ResponseError` behind the newer ones, whose `item.position` is where to resume.

        Args:
            room: A room's id or name; or `GetRoomHistory(...)`, `GetPrivatechatHistory(...)`
                with further arguments, of which `max_results` is the size of a page.
            since: The oldest moment wanted, with offset.
            limit: The most messages wanted.
            resume: The `position` of an earlier walk, to go on behind it.
            options: For these calls alone; see `Policy`.
        """
        from hipkit.client.paging import HistoryWalk, history_operation

        client = self.with_options(**options)
        walk = HistoryWalk(
            history_operation(room),
            since=since,
            limit=limit,
            resume=resume,
            on_unreadable=client._policy.on_unreadable,
            now=client._state.clock.now(),
        )
        return AsyncHistory(client, walk)

    @clears_locals
    async def download(
        self,
        source: DownloadSource,
        to: str | os.PathLike[str] | BinaryIO,
        **options: Unpack[CallOptions],
    ) -> int:
        """Fetch a shared file piece by piece and return its size in bytes.

        The token goes along only to the base URL's own host.

        Args:
            source: A message's `file` or `authenticated_file`, or an address.
            to: A path, put in place once all is there, or a binary file object.
            options: For this call alone; see `Policy`.
        """
        from hipkit.client.download import download, open_target

        with open_target(to) as target:
            return await self._run(
                download(
                    source, self._state, policy_with(self._policy, options), target
                )
            )

    @clears_locals
    def with_token(self, token: AsyncTokenSource | None) -> Self:
        """Return a client that calls as somebody else, on the same connections."""
        check_async_token(token)
        return self._with_token(token)

    async def aclose(self) -> None:
        """Close the connections, also those of clients derived from this one."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _copy(self) -> Self:
        derived = copy(self)
        AsyncApi.__init__(derived, derived.send)
        return derived

    async def _run(self, steps: Exchange[T]) -> T:
        """Do what the exchange asks until it is done."""
        step: Send | GetToken | Pause | None = None
        outcome: Secret | RawResponse | TransportError | None = None
        try:
            while True:
                # Only the exchange's own end is the call's end: a token function may run dry too.
                try:
                    step = (
                        steps.throw(outcome)
                        if isinstance(outcome, TransportError)
                        else steps.send(outcome)
                    )
                except StopIteration as done:
                    return cast("T", done.value)
                if isinstance(step, Send):
                    try:
                        outcome = await self._transport.send(*step)
                    except TransportError as failure:
                        # Hooks see it, and may report it.
                        clear_locals(failure)
                        step, outcome = None, failure
                elif isinstance(step, GetToken):
                    outcome = await await_token(
                        self._ask_for_token(reveal(step.rejected))
                    )
                else:
                    import asyncio  # Thirty milliseconds that only a wait needs.

                    await asyncio.sleep(step.seconds)
                    outcome = None
        except BaseException as error:
            step = outcome = None
            clear_locals(error)
            raise


class AsyncHistory:
    """An asynchronous iterator over a history; `position` tells where it stands, for `resume`."""

    def __init__(self, client: AsyncHipChat, walk: HistoryWalk) -> None:
        self._walk = walk
        self._messages = self._fetch(client)

    @property
    def position(self) -> HistoryPosition | None:
        """Where the walk stands: everything newer was given. `None` before the first message."""
        return self._walk.position

    async def _fetch(self, client: AsyncHipChat) -> AsyncIterator[Message]:
        unreadable: list[UnreadableItem] = []
        while (operation := self._walk.next_operation()) is not None:
            page = await client.send(operation, on_unreadable=unreadable.append)
            for message in self._walk.take(page, unreadable):
                yield message
            unreadable.clear()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        return await anext(self._messages)
