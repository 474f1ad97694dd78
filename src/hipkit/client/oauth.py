"""What `tokens.py` and its asynchronous half share: when a token is renewed, and credentials."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from copy import copy
from math import inf
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from hipkit.api.callbacks import is_async
from hipkit.api.errors import HipkitError
from hipkit.api.secret import Secret
from hipkit.v2.models import Token
from hipkit.v2.oauth_sessions import GenerateToken

if TYPE_CHECKING:  # Only a program with an event loop needs it.
    import asyncio

__all__ = [
    "LoopLock",
    "OnToken",
    "TokenCache",
    "basic",
    "check_blocking",
    "renewal_time",
]

RENEW_EARLY_SECONDS = 60.0
LONGEST_LIFE_SECONDS = 1e9
"""Thirty years, since a server may send a number too large to calculate with."""

OnToken = Callable[[Token], object]
"""A function that receives every new token; an async one for an `AsyncTokenProvider` only."""


class TokenCache:
    """A provider's token and grant, and the decision when to fetch another; no I/O."""

    def __init__(
        self,
        grant: GenerateToken,
        access_token: str | None,
        on_token: OnToken | None,
        clock: Callable[[], float],
    ) -> None:
        self._grant = grant
        self._token = None if access_token is None else Secret(access_token)
        self._renew_at = inf
        self._on_token = on_token
        self._clock = clock
        self._failure: HipkitError | None = None

    def _valid_token(self, rejected: Secret | None) -> Secret | None:
        if self._token == rejected or self._clock() >= self._renew_at:
            return None
        return self._token

    def _share_failure(self, known: HipkitError | None) -> None:
        """Raise the error of a fetch that failed while the caller waited for the lock.

        Otherwise all waiting callers would run into the same timeout, one after the other.
        """
        if self._failure is not None and self._failure is not known:
            raise copy(self._failure)

    def _keep(self, token: Token, asked_at: float) -> Secret:
        self._failure = None
        self._token = Secret(token.access_token)
        self._renew_at = renewal_time(token, asked_at)
        if token.refresh_token and self._grant.grant_type == "refresh_token":
            self._grant = msgspec.structs.replace(
                self._grant, refresh_token=token.refresh_token
            )
        return self._token

    def _notify(self, token: Token) -> None:
        if self._on_token is not None:
            self._on_token(token)

    async def _async_notify(self, token: Token) -> None:
        if self._on_token is not None:
            stored = self._on_token(token)
            if isinstance(stored, Awaitable):
                await stored

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._grant.grant_type}>"


def renewal_time(token: Token, asked_at: float) -> float:
    """Return when to fetch another token, on the clock by which this one was requested."""
    # A short-lived token is renewed at half its life: 60 s early could mean every call.
    life = min(max(token.expires_in, 0), LONGEST_LIFE_SECONDS)
    return asked_at + life - min(RENEW_EARLY_SECONDS, life / 2)


class LoopLock:
    """A lock for the tasks of an event loop. Tasks of different loops do not wait for each other.

    One lock of asyncio would not do: it serves the first loop that waits for it, and no other.
    A loop that is gone takes its lock with it.
    """

    def __init__(self) -> None:
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]
        self._locks = WeakKeyDictionary()

    async def __aenter__(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        await self._locks.setdefault(loop, asyncio.Lock()).acquire()

    async def __aexit__(self, *_: object) -> None:
        import asyncio

        self._locks[asyncio.get_running_loop()].release()


def check_blocking(**functions: object) -> None:
    """Check that a `TokenProvider` need not await any of the functions.

    Raises:
        TypeError: One is async; the message names it.
    """
    for name, function in functions.items():
        if is_async(function):
            raise TypeError(
                f"{name} is async, which a TokenProvider cannot await: "
                "use an AsyncOAuthClient's provider"
            )


def basic(client_id: str, client_secret: str) -> Secret:
    """Return the authorization header of an OAuth client.

    Raises:
        TypeError: The id or the secret is not a string.
        ValueError: Half of a surrogate pair is in it. The message does not repeat it.
    """
    for name, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    # An encoding error would hold the secret.
    credentials = f"{client_id}:{client_secret}".encode(errors="replace")
    if credentials.decode() != f"{client_id}:{client_secret}":
        raise ValueError("the client's id or secret has half of a surrogate pair in it")
    return Secret("Basic " + b64encode(credentials).decode())
