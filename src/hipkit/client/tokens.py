"""Getting tokens and keeping them fresh, without storing them anywhere.

`OAuthClient` calls the token operations with a client's id and secret. A provider stands in for
a token: `HipChat(provider, ...)`. It fetches when first asked, keeps the token in memory, renews
it early, and hands every new one to a function of yours, since storing is the caller's.
The four kinds of token are explained in `docs/explanation/tokens.md`.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Protocol, Self, Unpack

import msgspec

from hipkit.api.errors import HipkitError
from hipkit.api.frames import clears_locals
from hipkit.api.secret import Secret
from hipkit.client.client import AsyncHipChat, HipChat
from hipkit.client.exchange import is_async
from hipkit.client.setup import ClientOptions, TransportName
from hipkit.transports.protocol import AsyncTransport, Transport
from hipkit.v2.models import Session, Token
from hipkit.v2.oauth_sessions import (
    AsyncOauthSessions,
    DeleteSession,
    GenerateToken,
    GetSession,
    OauthSessions,
)

__all__ = ["AsyncOAuthClient", "AsyncTokenProvider", "OAuthClient", "TokenProvider"]

RENEW_EARLY_SECONDS = 60.0
LONGEST_LIFE_SECONDS = 1e9
"""Thirty years: a server may write any number, also one that no calculation takes."""


class OAuthClient:
    """The token operations for an OAuth client: an add-on's installation, for example.

    `generate_token` takes every grant: `client_credentials`, `authorization_code`,
    `refresh_token`, `password`, `personal`, `room_notification`.

    Args:
        client_id: The `oauthId` of the installation.
        client_secret: Its `oauthSecret`.
        base_url: As for `HipChat`.
        transport: As for `HipChat`.
        options: As for `HipChat`.
    """

    @clears_locals
    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        base_url: str | None = None,
        transport: Transport | TransportName = "httpx2",
        **options: Unpack[ClientOptions],
    ) -> None:
        self._client = HipChat(
            base_url=base_url,
            transport=transport,
            authorization=_basic(client_id, client_secret),
            **options,
        )
        self.generate_token = OauthSessions(self._client.send).generate_token

    @clears_locals
    def get_session(self, access_token: str) -> Session:
        """Look a token up, by that token's own right."""
        return self._client.with_token(access_token).send(GetSession(access_token))

    @clears_locals
    def delete_session(self, access_token: str) -> None:
        """Revoke a token, by that token's own right."""
        self._client.with_token(access_token).send(DeleteSession(access_token))

    def client_credentials(
        self, *, scope: str | None = None, on_token: OnToken | None = None
    ) -> TokenProvider:
        """Return a provider of add-on tokens.

        Args:
            scope: The scopes wanted, separated by spaces; all that were granted when left out.
            on_token: Called with every new token.
        """
        grant = GenerateToken(grant_type="client_credentials", scope=scope)
        return TokenProvider(self._client.send, grant, on_token=on_token)

    @clears_locals
    def refresh_token(
        self,
        refresh_token: str,
        *,
        access_token: str | None = None,
        on_token: OnToken | None = None,
    ) -> TokenProvider:
        """Return a provider of user tokens.

        Args:
            refresh_token: The one that came with the user's token.
            access_token: A token that may still be good, used until the server refuses it.
            on_token: Called with every new token: store its `refresh_token` if it has one.
        """
        grant = GenerateToken(grant_type="refresh_token", refresh_token=refresh_token)
        return TokenProvider(
            self._client.send, grant, access_token=access_token, on_token=on_token
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncOAuthClient:
    """`OAuthClient` on an event loop; see there."""

    @clears_locals
    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        base_url: str | None = None,
        transport: AsyncTransport | TransportName = "httpx2",
        **options: Unpack[ClientOptions],
    ) -> None:
        self._client = AsyncHipChat(
            base_url=base_url,
            transport=transport,
            authorization=_basic(client_id, client_secret),
            **options,
        )
        self.generate_token = AsyncOauthSessions(self._client.send).generate_token

    @clears_locals
    async def get_session(self, access_token: str) -> Session:
        """Look a token up, by that token's own right."""
        return await self._client.with_token(access_token).send(
            GetSession(access_token)
        )

    @clears_locals
    async def delete_session(self, access_token: str) -> None:
        """Revoke a token, by that token's own right."""
        await self._client.with_token(access_token).send(DeleteSession(access_token))

    def client_credentials(
        self, *, scope: str | None = None, on_token: AsyncOnToken | None = None
    ) -> AsyncTokenProvider:
        """Return a provider of add-on tokens; see `OAuthClient.client_credentials`."""
        grant = GenerateToken(grant_type="client_credentials", scope=scope)
        return AsyncTokenProvider(self._client.send, grant, on_token=on_token)

    @clears_locals
    def refresh_token(
        self,
        refresh_token: str,
        *,
        access_token: str | None = None,
        on_token: AsyncOnToken | None = None,
    ) -> AsyncTokenProvider:
        """Return a provider of user tokens; see `OAuthClient.refresh_token`."""
        grant = GenerateToken(grant_type="refresh_token", refresh_token=refresh_token)
        return AsyncTokenProvider(
            self._client.send, grant, access_token=access_token, on_token=on_token
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


OnToken = Callable[[Token], object]
AsyncOnToken = Callable[[Token], object | Awaitable[object]]


class _TokenCache:
    """What both providers keep, and the decisions that they share."""

    def __init__(
        self,
        grant: GenerateToken,
        access_token: str | None,
        clock: Callable[[], float],
    ) -> None:
        self._grant = grant
        self._token = None if access_token is None else Secret(access_token)
        self._renew_at: float | None = None
        self._clock = clock
        self._failure: HipkitError | None = None

    def _good_token(self, rejected: Secret | None) -> Secret | None:
        if self._token is None or self._token == rejected:
            return None
        if self._renew_at is not None and self._clock() >= self._renew_at:
            return None
        return self._token

    def _share_failure(self, known: HipkitError | None) -> None:
        """Raise what failed while the caller waited, if it did.

        One after the other, all who waited would wait for the same time-out again.
        """
        if self._failure is not None and self._failure is not known:
            raise copy(self._failure)

    def _keep(self, token: Token, asked_at: float) -> Secret:
        self._failure = None
        self._token = Secret(token.access_token)
        self._renew_at = None
        if token.expires_in is not None:
            # A short life is used by half, so that renewing early never means renewing always.
            life = min(max(token.expires_in, 0), LONGEST_LIFE_SECONDS)
            self._renew_at = asked_at + life - min(RENEW_EARLY_SECONDS, life / 2)
        if token.refresh_token and self._grant.grant_type == "refresh_token":
            self._grant = msgspec.structs.replace(
                self._grant, refresh_token=token.refresh_token
            )
        return self._token

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._grant.grant_type}>"


class SendGrant(Protocol):
    """What a provider needs of a client."""

    def __call__(self, operation: GenerateToken, /) -> Token: ...


class AsyncSendGrant(Protocol):
    """The same, awaited."""

    async def __call__(self, operation: GenerateToken, /) -> Token: ...


class TokenProvider(_TokenCache):
    """A token that renews itself, for any number of threads.

    Holds in memory: the grant (with a refresh token, if it is one), the token, when to renew.
    """

    blocks = True
    """Not for an event loop: `AsyncHipChat` refuses it."""

    @clears_locals
    def __init__(
        self,
        send: SendGrant,
        grant: GenerateToken,
        *,
        access_token: str | None = None,
        on_token: OnToken | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, function in (("send", send), ("on_token", on_token)):
            if is_async(function):
                raise TypeError(
                    f"{name} has to be awaited, and a TokenProvider awaits nothing: "
                    "take an AsyncOAuthClient's provider"
                )
        super().__init__(grant, access_token, clock)
        self._send = send
        self._on_token = on_token
        self._lock = threading.Lock()

    @clears_locals
    def __call__(self, rejected: str | None = None) -> str:
        """Return a token that is good now.

        Args:
            rejected: One that the server has just refused, and that must not come back.

        Raises:
            UnauthorizedError: The grant is no longer good: the add-on was removed, for example.
            RequestError: No answer came.
        """
        refused = None if rejected is None else Secret(rejected)
        good = self._good_token(refused)
        if good is not None:
            return good.reveal()
        known = self._failure
        with self._lock:
            # Whoever held the lock may have fetched it already.
            good = self._good_token(refused)
            if good is not None:
                return good.reveal()
            self._share_failure(known)
            asked_at = self._clock()
            try:
                token = self._send(self._grant)
            except HipkitError as error:
                self._failure = copy(error)
                raise
            made = self._keep(token, asked_at)
            if self._on_token is not None:
                self._on_token(token)
            return made.reveal()


class AsyncTokenProvider(_TokenCache):
    """A token that renews itself, for any number of tasks; see `TokenProvider`."""

    def __init__(
        self,
        send: AsyncSendGrant,
        grant: GenerateToken,
        *,
        access_token: str | None = None,
        on_token: AsyncOnToken | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(grant, access_token, clock)
        self._send = send
        self._on_token = on_token
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    @clears_locals
    async def __call__(self, rejected: str | None = None) -> str:
        """Return a token that is good now; see `TokenProvider`."""
        refused = None if rejected is None else Secret(rejected)
        good = self._good_token(refused)
        if good is not None:
            return good.reveal()
        known = self._failure
        async with self._loop_lock():
            good = self._good_token(refused)
            if good is not None:
                return good.reveal()
            self._share_failure(known)
            asked_at = self._clock()
            try:
                token = await self._send(self._grant)
            except HipkitError as error:
                self._failure = copy(error)
                raise
            made = self._keep(token, asked_at)
            if self._on_token is not None:
                stored = self._on_token(token)
                if inspect.isawaitable(stored):
                    await stored
            return made.reveal()

    def _loop_lock(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        return self._lock[1]


def _basic(client_id: str, client_secret: str) -> Secret:
    for name, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a text, not {type(value).__name__}")
    # An encoding error would carry the secret with it.
    credentials = f"{client_id}:{client_secret}".encode(errors="replace")
    if credentials.decode() != f"{client_id}:{client_secret}":
        raise ValueError("the client's id or secret has half of a surrogate pair in it")
    return Secret("Basic " + b64encode(credentials).decode())
