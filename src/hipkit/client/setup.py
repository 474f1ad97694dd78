"""The setup that both clients share: base URL, token, options and transport. No I/O.

Read next: `client.py`, which adds the calls.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, Unpack, cast

from msgspec.structs import replace

from hipkit.api.callbacks import is_async
from hipkit.api.calling import CallOptions, check_known_options
from hipkit.api.frames import clears_locals
from hipkit.api.limits import LimitMemory, Limits
from hipkit.api.secret import Secret
from hipkit.client.exchange import BEARER
from hipkit.client.logs import show_log
from hipkit.client.policy import Policy
from hipkit.client.settings import (
    Variables,
    find_log_level,
    find_site,
    find_token,
)
from hipkit.client.state import Clock, State
from hipkit.transports.protocol import AsyncTransport, Transport
from hipkit.version import VERSION

if TYPE_CHECKING:  # ssl takes 30 ms to import, which a plain http call does not need.
    import ssl

__all__ = [
    "AsyncTokenSource",
    "ClientOptions",
    "ClientSetup",
    "TokenSource",
    "TransportName",
    "async_pause",
    "await_token",
    "check_async_token",
    "check_sync_token",
    "check_token",
    "choose_async_transport",
    "choose_transport",
    "pause",
    "reveal",
]

T = TypeVar("T")

TransportName = Literal["httpcore2", "pycurl"]
TokenSource = str | Callable[[], str] | Callable[[str | None], str]
"""A token, or a function that returns one. A function with a required argument, or with one named
`rejected`, is passed the token that the server has just rejected, or `None`."""
AsyncTokenSource = (
    TokenSource | Callable[[], Awaitable[str]] | Callable[[str | None], Awaitable[str]]
)


class ClientOptions(CallOptions, total=False):
    """Options of a client: how to call, see `Policy`, and how to connect.

    Attributes:
        verify: True for the system's certificate authorities, a CA file or folder, a ready
            `ssl.SSLContext`, or False to accept any server.
        cert: A client certificate: paths of certificate and key, and the key's password.
        proxy: The proxy's URL. Defaults to the environment's.
        trust_env: Whether to use `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and the like.
        allow_http: Whether to accept plain http to another machine, which sends the token
            unencrypted.
    """

    verify: bool | str | os.PathLike[str] | ssl.SSLContext
    cert: tuple[str, str] | tuple[str, str, str] | None
    proxy: str | None
    trust_env: bool
    allow_http: bool


Connecting = Mapping[str, Any]
"""The options that a client passes on to its transport."""


class ClientSetup:
    """Base of both clients: settings and state, without I/O."""

    _variables: ClassVar[Variables]
    """The environment variables of the API's address and token, which are of that API alone."""
    _default_base_url: ClassVar[str | None] = None
    """The base URL where neither an argument nor a variable names one."""

    _state: State
    _ask_for_token: Callable[[str | None], object]

    def _set_up(
        self,
        token: object,
        authorization: str | Secret | None,
        base_url: str | None,
        options: ClientOptions,
        clock: Clock | None,
    ) -> Connecting:
        """Store token, base URL and policy; return the options for the transport."""
        check_known_options(options, ClientOptions)
        if (level := find_log_level()) is not None:
            show_log(level)
        connecting: dict[str, Any] = {**options}
        allow_http = connecting.pop("allow_http", False) is True
        calling = connecting.keys() & CallOptions.__annotations__.keys()
        policy = {name: connecting.pop(name) for name in calling}
        site = find_site(
            base_url,
            variable=self._variables.base_url,
            default=self._default_base_url,
            allow_http=allow_http,
        )
        self._state = State(
            site=site,
            user_agent=f"hipkit/{VERSION}",
            token_variable=self._variables.token,
            authorization=Secret(authorization)
            if isinstance(authorization, str)
            else authorization,
            has_provider=False,
            clock=clock
            or Clock(monotonic=time.monotonic, now=time.time, random=_random),
            policy=Policy().with_options(cast("CallOptions", policy)),
        )
        if authorization is None:
            found = find_token(self._variables.token) if token is None else token
            self._use_token(found)
        return connecting

    def _use_token(self, token: object) -> None:
        authorization = None
        if isinstance(token, str):
            authorization = Secret(BEARER + check_token(token).reveal())
        elif callable(token):
            from inspect import signature  # Large, and a token of text needs none.

            # An optional argument of another name, such as a path, is not for the rejected token.
            takes_rejected = any(
                each.name == "rejected" or each.default is each.empty
                for each in signature(token).parameters.values()
                if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
            )
            self._ask_for_token = token if takes_rejected else lambda _: token()
        elif token is not None:
            raise TypeError(
                "token must be a string, a function that returns one, or a provider"
            )
        self._state = replace(
            self._state, authorization=authorization, has_provider=callable(token)
        )

    @property
    def limits(self) -> Limits:
        """The limits reported by the last responses."""
        return self._state.limits.read()

    @property
    def base_url(self) -> str:
        """The base URL."""
        return str(self._state.site)

    @clears_locals
    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a client with other options, on the same connections and with the same limits.

        Args:
            options: See `Policy`; options that are left out keep their values.
        """
        derived = self._copy()
        derived._state = self._state.with_options(options)
        return derived

    def _with_token(self, token: object) -> Self:
        derived = self._copy()
        derived._state = replace(self._state, limits=LimitMemory())
        derived._use_token(token)
        return derived

    def _copy(self) -> Self:
        raise NotImplementedError

    def _bind(self) -> None:
        """Make the methods by tag send through this client. Without an API it has none."""

    def _authorize(self) -> Literal["bearer", "none"]:
        return (
            "bearer"
            if self._state.authorization or self._state.has_provider
            else "none"
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


def _random() -> float:
    from random import random  # Only a wait needs it.

    return random()  # noqa: S311 - it spreads retries and decides no secret


def check_sync_token(token: object, client: str = "HipChat") -> None:
    """Check that a token does not need to be awaited.

    Args:
        token: The token, or what provides it.
        client: The name of the client's class.

    Raises:
        TypeError: The token is an async function or provider, for the asynchronous client.
    """
    if is_async(token):
        raise TypeError(
            f"this token function is async, which {client} cannot await: pass it to "
            f"Async{client}, or use a function that returns the token, or an OAuthClient's provider"
        )


def check_async_token(token: object, client: str = "AsyncHipChat") -> None:
    """Check that a token provider does not block the event loop while it fetches.

    Args:
        token: The token, or what provides it.
        client: The name of the client's class.

    Raises:
        TypeError: The provider blocks, for the blocking client.
    """
    if getattr(token, "blocks", False) is True:
        raise TypeError(
            "this provider would block the event loop while it fetches a token: pass it to "
            f"{client.removeprefix('Async')}, or use an AsyncOAuthClient's provider"
        )


def reveal(secret: Secret | None) -> str | None:
    """Return the rejected token as text, for a token function."""
    return None if secret is None else secret.reveal()


def check_token(token: object) -> Secret:
    """Check that a token fits into a header, and return it as a `Secret`.

    Raises:
        TypeError: The token is not a string.
        ValueError: The token is empty or has a character that a header cannot carry. The message
            does not repeat it.
    """
    if isinstance(token, Coroutine):
        token.close()  # Otherwise Python warns that it was never awaited.
        check_sync_token(await_token)
    if not isinstance(token, str):
        raise TypeError(f"a token must be a string, not {type(token).__name__}")
    # Files written on Windows may begin with a byte order mark, and end with a line end.
    token = token.strip().removeprefix("\ufeff").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(
            "the token is empty, or has a space, line end or other invalid character"
        )
    return Secret(token)


async def await_token(token: object) -> Secret:
    """Await a token if necessary, then do the same as `check_token`."""
    from inspect import isawaitable  # asyncio has loaded it.

    return check_token(await token if isawaitable(token) else token)


def pause(seconds: float) -> None:
    """Wait between two attempts of a call."""
    time.sleep(seconds)


async def async_pause(seconds: float) -> None:
    """Do the same as `pause`, while other tasks run."""
    import asyncio  # asyncio takes 30 ms to import and is needed only for a wait.

    await asyncio.sleep(seconds)


def choose_transport(
    transport: Transport | TransportName, connecting: Connecting, client: str
) -> Transport:
    """Return the given or named transport, which opens no connection yet."""
    if not isinstance(transport, str):
        if is_async(getattr(transport, "send", None)) or not hasattr(
            transport, "close"
        ):
            raise TypeError(
                f"{client} needs a blocking transport with close(): "
                f"this one is for Async{client}"
            )
        return _given(transport, connecting)
    if transport == "pycurl":
        from hipkit.transports.pycurl import CurlTransport

        return CurlTransport(**connecting)
    _known(transport)
    from hipkit.transports.httpcore2 import HttpcoreTransport

    return HttpcoreTransport(**connecting)


def choose_async_transport(
    transport: AsyncTransport | TransportName, connecting: Connecting, client: str
) -> AsyncTransport:
    """Return the given or named asynchronous transport, which opens no connection yet."""
    if not isinstance(transport, str):
        if not hasattr(transport, "aclose"):
            raise TypeError(
                f"{client} needs an asynchronous transport with aclose(): "
                f"this one is for {client.removeprefix('Async')}"
            )
        return _given(transport, connecting)
    if transport == "pycurl":
        from hipkit.transports.pycurl_async import AsyncCurlTransport

        return AsyncCurlTransport(**connecting)
    _known(transport)
    from hipkit.transports.httpcore2 import AsyncHttpcoreTransport

    return AsyncHttpcoreTransport(**connecting)


def _given(transport: T, connecting: Connecting) -> T:
    if connecting:
        raise ValueError(
            f"{', '.join(sorted(connecting))}: set this on the transport itself"
        )
    return transport


def _known(name: str) -> None:
    if name != "httpcore2":
        raise ValueError(f"no transport is called {name!r}: httpcore2, pycurl")
