"""What both clients are made with: address, token, options, transport. No I/O.

Read next: `client.py`, which puts the calls on top.
"""

from __future__ import annotations

import inspect
import os
import random
import time
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Self, TypedDict, TypeVar, Unpack, cast

from hipkit.api.frames import clears_locals
from hipkit.api.limits import LimitMemory, Limits
from hipkit.api.secret import Secret
from hipkit.client.exchange import BEARER, CallOptions, Clock, Policy, State, is_async
from hipkit.client.settings import find_site, find_token
from hipkit.transports.protocol import AsyncTransport, Transport
from hipkit.version import VERSION

if TYPE_CHECKING:  # Thirty milliseconds that a plain http call need not pay.
    import ssl

__all__ = [
    "AsyncTokenSource",
    "ClientOptions",
    "ClientSetup",
    "ConnectOptions",
    "TokenSource",
    "TransportName",
    "await_token",
    "check_async_token",
    "check_sync_token",
    "check_token",
    "choose_async_transport",
    "choose_transport",
    "policy_with",
    "reveal",
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


class ClientSetup:
    """What both clients share: settings and memory, and no I/O."""

    _state: State
    _policy: Policy
    _ask_for_token: Callable[[str | None], object]

    def _set_up(
        self,
        token: object,
        authorization: str | Secret | None,
        base_url: str | None,
        options: ClientOptions,
        clock: Clock | None,
    ) -> ConnectOptions:
        """Sort the options; return those for connecting."""
        settings = dict(options)
        wanted = ConnectOptions.__annotations__.keys() & settings.keys()
        connecting = {name: settings.pop(name) for name in wanted}
        allow_http = settings.pop("allow_http", False) is True
        _check_known_options(options, ClientOptions)
        site = find_site(base_url, allow_http=allow_http)
        self._policy = policy_with(Policy(), cast("CallOptions", settings))
        self._state = State(
            site=site,
            user_agent=f"hipkit/{VERSION}",
            authorization=Secret(authorization)
            if isinstance(authorization, str)
            else authorization,
            has_provider=False,
            clock=clock
            or Clock(monotonic=time.monotonic, now=time.time, random=random.random),
        )
        if authorization is None:
            self._use_token(find_token() if token is None else token)
        return cast("ConnectOptions", connecting)

    def _use_token(self, token: object) -> None:
        self._state.authorization = None
        self._state.has_provider = callable(token)
        if isinstance(token, str):
            self._state.authorization = Secret(BEARER + check_token(token).reveal())
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

    @clears_locals
    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a client that calls differently, on the same connections and with the same limits.

        Args:
            options: See `Policy`; what is left out stays as it is.
        """
        derived = self._copy()
        derived._policy = policy_with(self._policy, options)
        return derived

    def _with_token(self, token: object) -> Self:
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


def policy_with(policy: Policy, options: CallOptions) -> Policy:
    """Return the policy with what differs for one call.

    Raises:
        TypeError: There is no such option; says which there are.
    """
    try:
        return _policy_with(policy, options) if options else policy
    finally:
        del options  # A header may hold a secret, and stand in a traceback.


@clears_locals
def _policy_with(policy: Policy, options: CallOptions) -> Policy:
    try:
        return replace(policy, **options)
    except TypeError:
        _check_known_options(options, CallOptions)
        raise


def _check_known_options(options: CallOptions, kind: type[CallOptions]) -> None:
    known = sorted(kind.__annotations__)
    for name in sorted(options.keys() - known):
        from difflib import get_close_matches  # Slow to load, and seldom needed.

        close = get_close_matches(name, known, 1)
        hint = f", did you mean {close[0]}?" if close else "."
        raise TypeError(
            f"there is no option {name!r}{hint} There are {', '.join(known)}"
        )


def check_sync_token(token: object) -> None:
    """Refuse a function that only `AsyncHipChat` could await.

    Raises:
        TypeError: It is one.
    """
    if is_async(token):
        raise TypeError(
            "this token function has to be awaited, and HipChat awaits nothing: give it to "
            "AsyncHipChat, or take a function that returns the token, or an OAuthClient's provider"
        )


def check_async_token(token: object) -> None:
    """Refuse a provider that would hold up the whole event loop while it fetches.

    Raises:
        TypeError: It is one.
    """
    if getattr(token, "blocks", False) is True:
        raise TypeError(
            "this provider blocks until its token is there, and with it the event loop: "
            "give it to HipChat, or take an AsyncOAuthClient's provider"
        )


def reveal(secret: Secret | None) -> str | None:
    """Return what a token function is told of the token that was refused."""
    return None if secret is None else secret.reveal()


def check_token(token: object) -> Secret:
    """Refuse what could not stand in a header; the text itself is never shown."""
    if inspect.iscoroutine(token):
        token.close()  # Nobody will await it, which Python would complain about.
        check_sync_token(await_token)
    if not isinstance(token, str):
        raise TypeError(f"a token must be a text, not {type(token).__name__}")
    # Files that Windows wrote may begin with a mark, and end a line.
    token = token.strip().removeprefix("\ufeff").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(
            "the token is empty, or has a space, line end or other letter that no token has"
        )
    return Secret(token)


async def await_token(token: object) -> Secret:
    """Return the same of a token that may still have to be awaited."""
    return check_token(await token if inspect.isawaitable(token) else token)


def choose_transport(
    transport: Transport | TransportName, connecting: ConnectOptions
) -> Transport:
    """Return the transport that was given or is named; it opens nothing yet."""
    if not isinstance(transport, str):
        if is_async(getattr(transport, "send", None)) or not hasattr(
            transport, "close"
        ):
            raise TypeError(
                "HipChat needs a transport that blocks and has close(): "
                "this one is for AsyncHipChat"
            )
        return _given(transport, connecting)
    if transport == "pycurl":
        from hipkit.transports.pycurl import CurlTransport

        return CurlTransport(**connecting)
    _known(transport)
    from hipkit.transports.httpx2 import HttpxTransport

    return HttpxTransport(**connecting)


def choose_async_transport(
    transport: AsyncTransport | TransportName, connecting: ConnectOptions
) -> AsyncTransport:
    """Return the same for an event loop."""
    if not isinstance(transport, str):
        if not hasattr(transport, "aclose"):
            raise TypeError(
                "AsyncHipChat needs a transport that is awaited and has aclose(): "
                "this one is for HipChat"
            )
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
