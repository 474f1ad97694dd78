"""The two clients, beside each other: everything they decide stands in `exchange.py`.

`HipChat` blocks, `AsyncHipChat` awaits. Their methods, `client.rooms.get_room("ops")`, come from
the generated `v2` package.
"""

from __future__ import annotations

import inspect
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import (
    TYPE_CHECKING,
    BinaryIO,
    Literal,
    Self,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
)

from msgspec import UNSET, UnsetType

from hipkit.exchange import (
    CallOptions,
    Edges,
    Exchange,
    GetToken,
    Pause,
    Policy,
    Send,
    State,
    exchange,
    exchange_raw,
)
from hipkit.free_request import FreeRequest
from hipkit.limits import LimitMemory, Limits
from hipkit.operation import Operation
from hipkit.response import Response
from hipkit.settings import find_site, find_token
from hipkit.transports.protocol import AsyncTransport, Fault, Reply, Transport
from hipkit.v2 import Api, AsyncApi, AsyncRawApi, RawApi
from hipkit.version import VERSION

# Loaded when first used: a script that posts one line pays for nothing else.
if TYPE_CHECKING:
    import ssl

    from hipkit.authorization import AuthTest
    from hipkit.download import DownloadSource
    from hipkit.paging import HistoryOperation, HistoryPosition, HistoryWalk, Page
    from hipkit.v2.models import Message

__all__ = [
    "AsyncHipChat",
    "AsyncTokenSource",
    "ClientOptions",
    "ConnectOptions",
    "HipChat",
    "TokenSource",
    "TransportName",
]

T = TypeVar("T")

TransportName = Literal["httpx2", "pycurl"]
TokenSource = str | Callable[[], str] | Callable[[str | None], str]
"""A token, or a function that gives one. A function with a required argument, or one that is
called `rejected`, gets there the token that the server has just refused, else `None`."""
AsyncTokenSource = (
    TokenSource | Callable[[], Awaitable[str]] | Callable[[str | None], Awaitable[str]]
)


class ConnectOptions(TypedDict, total=False):
    """How a client connects.

    Attributes:
        verify: True for the system's certificate authorities, a CA file or folder, a ready
            `ssl.SSLContext`, or False to accept any server.
        cert: A client certificate: files of certificate and key, and the key's password.
        proxy: The proxy's address; without one, the environment's is used.
        trust_env: Whether `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and their like count.
    """

    verify: bool | str | os.PathLike[str] | ssl.SSLContext
    cert: tuple[str, str] | tuple[str, str, str] | None
    proxy: str | None
    trust_env: bool


class ClientOptions(CallOptions, ConnectOptions, total=False):
    """What a client is made with beside token and address: how to call, and how to connect.

    Attributes:
        allow_http: Whether plain http to another machine is accepted: all on the way can read
            the token then.
    """

    allow_http: bool


class _Client:
    """What both clients share: settings and memory, and no I/O."""

    _state: State
    _policy: Policy
    _ask_for_token: Callable[[str | None], object]

    def _set_up(
        self,
        token: object,
        authorization: str | None,
        base_url: str | None,
        options: ClientOptions,
        edges: Edges | None,
    ) -> ConnectOptions:
        """Sort the options; return those for connecting."""
        settings = dict(options)
        wanted = ConnectOptions.__annotations__.keys() & settings.keys()
        connecting = {name: settings.pop(name) for name in wanted}
        allow_http = settings.pop("allow_http", False) is True
        site = find_site(base_url, allow_http=allow_http)
        self._policy = _with(Policy(), cast("CallOptions", settings))
        self._state = State(
            site=site,
            user_agent=f"hipkit/{VERSION}",
            authorization=authorization,
            has_provider=False,
            edges=edges
            or Edges(monotonic=time.monotonic, now=time.time, random=random.random),
        )
        if authorization is None:
            self._use_token(find_token() if token is None else token)
        return cast("ConnectOptions", connecting)

    def _use_token(self, token: object) -> None:
        self._state.authorization = None
        self._state.has_provider = callable(token)
        if isinstance(token, str):
            self._state.authorization = f"Bearer {_checked_token(token)}"
        elif callable(token):
            # An optional argument of another name is the function's own business: a path, say.
            takes_rejected = any(
                each.name == "rejected" or each.default is each.empty
                for each in inspect.signature(token).parameters.values()
                if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
            )
            self._ask_for_token = token if takes_rejected else lambda _: token()
        elif token is not None:
            raise TypeError(
                "token must be a text, a function that returns one, or a provider"
            )

    @property
    def limits(self) -> Limits:
        """The limits that the server told with its last answers."""
        return self._state.limits.read()

    @property
    def base_url(self) -> str:
        """Where this client sends to."""
        return str(self._state.site)

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a client that calls differently, on the same connections and with the same limits.

        Args:
            options: See `Policy`; what is left out stays as it is.
        """
        derived = self._copy()
        derived._policy = _with(self._policy, options)
        return derived

    def with_token(self, token: AsyncTokenSource | None) -> Self:
        """Return a client that calls as somebody else, on the same connections."""
        derived = self._copy()
        derived._state = copy(self._state)
        derived._state.limits = LimitMemory()
        derived._use_token(token)
        return derived

    def _copy(self) -> Self:
        raise NotImplementedError

    def _authorize(self) -> Literal["bearer", "none"]:
        return (
            "bearer"
            if self._state.authorization or self._state.has_provider
            else "none"
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


class HipChat(_Client, Api):
    """A client of HipChat's API v2 that blocks until the answer is there. Serves many threads.

    Args:
        token: A token, a function that returns one, or a provider of `hipkit.tokens`; the
            environment's `HIPCHAT_TOKEN` when left out. Operations that need none go without.
        base_url: Such as `https://chat.example.com/v2`; `HIPCHAT_BASE_URL` when left out.
        transport: `httpx2`, `pycurl` (extra `fast`), or a transport of your own.
        authorization: The whole authorization header, in place of a token.
        edges: Clocks and chance, for tests.
        options: See `ClientOptions` and `Policy`.

    Raises:
        ValueError: There is no address, or it cannot be used; says why.
    """

    def __init__(
        self,
        token: TokenSource | None = None,
        *,
        base_url: str | None = None,
        transport: Transport | TransportName = "httpx2",
        authorization: str | None = None,
        edges: Edges | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(self.send)
        connecting = self._set_up(token, authorization, base_url, options, edges)
        self._transport = _transport(transport, connecting)

    def send(self, operation: Operation[T], /, **options: Unpack[CallOptions]) -> T:
        """Carry out a call and return its typed answer.

        Args:
            operation: The call, such as `GetRoom("ops")`.
            options: For this call alone; see `Policy`.

        Raises:
            RequestError: No answer came; `may_have_arrived` tells whether it may have counted.
            ApiError: The server said no.
            ResponseError: The answer does not fit the spec.
            ValueError: There is no token, or a path argument would call another operation.
        """
        return self._run(exchange(operation, self._state, _with(self._policy, options)))

    @property
    def raw(self) -> RawApi:
        """The same methods, giving status, headers and body, and raising for no status."""
        return RawApi(self.send_raw)

    def send_raw(
        self, operation: Operation[object], /, **options: Unpack[CallOptions]
    ) -> Response:
        """Carry out a call and return the answer as it came."""
        return self._run(
            exchange_raw(operation, self._state, _with(self._policy, options))
        )

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
        from hipkit.authorization import auth_test

        return self._run(
            auth_test(operation, self._state, _with(self._policy, options))
        )

    def pages(
        self, operation: Operation[T], **options: Unpack[CallOptions]
    ) -> Iterator[T]:
        """Give a list operation's pages, from the one asked for to the last."""
        from hipkit.paging import PageQueries

        policy = _with(self._policy, options)
        queries = PageQueries(operation)
        query: str | None = None
        while True:
            page = self._run(exchange(operation, self._state, policy, query))
            yield page
            query = queries.next_query(page)
            if query is None:
                return

    def items(
        self, operation: Operation[Page[T]], **options: Unpack[CallOptions]
    ) -> Iterator[T]:
        """Give the items of all of a list operation's pages."""
        for page in self.pages(operation, **options):
            yield from page.items or ()

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

        Args:
            room: A room's id or name; or `GetRoomHistory(...)`, `GetPrivatechatHistory(...)`
                with further arguments, of which `max_results` is the size of a page.
            since: The oldest moment wanted, with offset.
            limit: The most messages wanted.
            resume: The `position` of an earlier walk, to go on behind it.
            options: For these calls alone; see `Policy`.
        """
        from hipkit.paging import HistoryWalk, history_operation

        walk = HistoryWalk(
            history_operation(room), since=since, limit=limit, resume=resume
        )
        return History(self.with_options(**options), walk)

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
        from hipkit.download import download, open_target

        with open_target(to) as target:
            return self._run(
                download(source, self._state, _with(self._policy, options), target)
            )

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
        outcome: str | Reply | Fault | None = None
        while True:
            # Only the exchange's own end is the call's end: a token function may run dry too.
            try:
                step = (
                    steps.throw(outcome)
                    if isinstance(outcome, Fault)
                    else steps.send(outcome)
                )
            except StopIteration as done:
                return cast("T", done.value)
            match step:
                case Send(request, options, sink):
                    try:
                        outcome = self._transport.send(request, options, sink)
                    except Fault as fault:
                        outcome = fault
                case GetToken(rejected):
                    outcome = _checked_token(self._ask_for_token(rejected))
                case Pause(seconds):
                    time.sleep(seconds)
                    outcome = None


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
        while (operation := self._walk.next_operation()) is not None:
            yield from self._walk.take(client.send(operation))

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        return next(self._messages)


class AsyncHipChat(_Client, AsyncApi):
    """A client of HipChat's API v2 for an event loop; the same as `HipChat`, awaited.

    Args:
        token: A token, a function that returns one, or a provider of `hipkit.tokens`; the
            environment's `HIPCHAT_TOKEN` when left out. Operations that need none go without.
        base_url: Such as `https://chat.example.com/v2`; `HIPCHAT_BASE_URL` when left out.
        transport: `httpx2`, `pycurl` (extra `fast`), or a transport of your own.
        authorization: The whole authorization header, in place of a token.
        edges: Clocks and chance, for tests.
        options: See `ClientOptions` and `Policy`.

    Raises:
        ValueError: There is no address, or it cannot be used; says why.
    """

    def __init__(
        self,
        token: AsyncTokenSource | None = None,
        *,
        base_url: str | None = None,
        transport: AsyncTransport | TransportName = "httpx2",
        authorization: str | None = None,
        edges: Edges | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(self.send)
        connecting = self._set_up(token, authorization, base_url, options, edges)
        self._transport = _async_transport(transport, connecting)

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
            ResponseError: The answer does not fit the spec.
            ValueError: There is no token, or a path argument would call another operation.
        """
        return await self._run(
            exchange(operation, self._state, _with(self._policy, options))
        )

    @property
    def raw(self) -> AsyncRawApi:
        """The same methods, giving status, headers and body, and raising for no status."""
        return AsyncRawApi(self.send_raw)

    async def send_raw(
        self, operation: Operation[object], /, **options: Unpack[CallOptions]
    ) -> Response:
        """Carry out a call and return the answer as it came."""
        return await self._run(
            exchange_raw(operation, self._state, _with(self._policy, options))
        )

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
        from hipkit.authorization import auth_test

        return await self._run(
            auth_test(operation, self._state, _with(self._policy, options))
        )

    async def pages(
        self, operation: Operation[T], **options: Unpack[CallOptions]
    ) -> AsyncIterator[T]:
        """Give a list operation's pages, from the one asked for to the last."""
        from hipkit.paging import PageQueries

        policy = _with(self._policy, options)
        queries = PageQueries(operation)
        query: str | None = None
        while True:
            page = await self._run(exchange(operation, self._state, policy, query))
            yield page
            query = queries.next_query(page)
            if query is None:
                return

    async def items(
        self, operation: Operation[Page[T]], **options: Unpack[CallOptions]
    ) -> AsyncIterator[T]:
        """Give the items of all of a list operation's pages."""
        async for page in self.pages(operation, **options):
            for item in page.items or ():
                yield item

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

        Args:
            room: A room's id or name; or `GetRoomHistory(...)`, `GetPrivatechatHistory(...)`
                with further arguments, of which `max_results` is the size of a page.
            since: The oldest moment wanted, with offset.
            limit: The most messages wanted.
            resume: The `position` of an earlier walk, to go on behind it.
            options: For these calls alone; see `Policy`.
        """
        from hipkit.paging import HistoryWalk, history_operation

        walk = HistoryWalk(
            history_operation(room), since=since, limit=limit, resume=resume
        )
        return AsyncHistory(self.with_options(**options), walk)

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
        from hipkit.download import download, open_target

        with open_target(to) as target:
            return await self._run(
                download(source, self._state, _with(self._policy, options), target)
            )

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
        outcome: str | Reply | Fault | None = None
        while True:
            # Only the exchange's own end is the call's end: a token function may run dry too.
            try:
                step = (
                    steps.throw(outcome)
                    if isinstance(outcome, Fault)
                    else steps.send(outcome)
                )
            except StopIteration as done:
                return cast("T", done.value)
            match step:
                case Send(request, options, sink):
                    try:
                        outcome = await self._transport.send(request, options, sink)
                    except Fault as fault:
                        outcome = fault
                case GetToken(rejected):
                    token = self._ask_for_token(rejected)
                    outcome = _checked_token(
                        await token if inspect.isawaitable(token) else token
                    )
                case Pause(seconds):
                    import asyncio  # Thirty milliseconds that only a wait needs.

                    await asyncio.sleep(seconds)
                    outcome = None


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
        while (operation := self._walk.next_operation()) is not None:
            for message in self._walk.take(await client.send(operation)):
                yield message

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        return await anext(self._messages)


def _with(policy: Policy, options: CallOptions) -> Policy:
    return replace(policy, **options) if options else policy


def _checked_token(token: object) -> str:
    """Refuse what could not stand in a header; the text itself is never shown."""
    if not isinstance(token, str):
        raise TypeError(f"a token must be a text, not {type(token).__name__}")
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(
            "the token is empty, or has a space, line end or other letter that no token has"
        )
    return token


def _transport(
    transport: Transport | TransportName, connecting: ConnectOptions
) -> Transport:
    if not isinstance(transport, str):
        return _given(transport, connecting)
    if transport == "pycurl":
        from hipkit.transports.pycurl import CurlTransport

        return CurlTransport(**connecting)
    _known(transport)
    from hipkit.transports.httpx2 import HttpxTransport

    return HttpxTransport(**connecting)


def _async_transport(
    transport: AsyncTransport | TransportName, connecting: ConnectOptions
) -> AsyncTransport:
    if not isinstance(transport, str):
        return _given(transport, connecting)
    if transport == "pycurl":
        from hipkit.transports.pycurl import AsyncCurlTransport

        return AsyncCurlTransport(**connecting)
    _known(transport)
    from hipkit.transports.httpx2 import AsyncHttpxTransport

    return AsyncHttpxTransport(**connecting)


def _given(transport: T, connecting: ConnectOptions) -> T:
    if connecting:
        raise ValueError(
            f"{', '.join(sorted(connecting))}: set this on the transport that was given"
        )
    return transport


def _known(name: str) -> None:
    if name != "httpx2":
        raise ValueError(f"no transport is called {name!r}: httpx2, pycurl")
