"""Fetch and renew tokens, without storing them.

`OAuthClient` calls the token operations with a client's id and secret. A provider is used in place
of a token: `HipChat(provider, ...)`. It fetches a token on first use, keeps it in memory, renews it
early, and passes every new one to your `on_token` function, which can store it.
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
from hipkit.client.async_client import AsyncHipChat
from hipkit.client.client import HipChat
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
"""Thirty years, since a server may send a number too large to calculate with."""


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
        transport: Transport | TransportName = "httpcore2",
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
        """Return the session of a token, authorized by that token itself."""
        return self._client.with_token(access_token).send(GetSession(access_token))

    @clears_locals
    def delete_session(self, access_token: str) -> None:
        """Revoke a token, authorized by that token itself."""
        self._client.with_token(access_token).send(DeleteSession(access_token))

    def client_credentials(
        self, *, scope: str | None = None, on_token: OnToken | None = None
    ) -> TokenProvider:
        """Return a provider of add-on tokens.

        Args:
            scope: The requested scopes, separated by spaces. Defaults to all granted scopes.
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
            refresh_token: The refresh token that was issued with the user's token.
            access_token: A token that may still be valid, used until the server rejects it.
            on_token: Called with every new token; store its `refresh_token` if it has one.
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
    """The asynchronous counterpart of `OAuthClient`."""

    @clears_locals
    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        base_url: str | None = None,
        transport: AsyncTransport | TransportName = "httpcore2",
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
        """Return the session of a token, authorized by that token itself."""
        return await self._client.with_token(access_token).send(
            GetSession(access_token)
        )

    @clears_locals
    async def delete_session(self, access_token: str) -> None:
        """Revoke a token, authorized by that token itself."""
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
    """The state and the decisions that both providers share."""

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

    def _valid_token(self, rejected: Secret | None) -> Secret | None:
        if self._token is None or self._token == rejected:
            return None
        if self._renew_at is not None and self._clock() >= self._renew_at:
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
        self._renew_at = None
        if token.expires_in is not None:
            # A short-lived token is renewed at half its life: 60 s early could mean every call.
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
    """The client function that a provider calls."""

    def __call__(self, operation: GenerateToken, /) -> Token: ...


class AsyncSendGrant(Protocol):
    """The asynchronous counterpart."""

    async def __call__(self, operation: GenerateToken, /) -> Token: ...


class TokenProvider(_TokenCache):
    """A token that is renewed automatically. Safe for use by many threads.

    Keeps in memory: the grant with its refresh token, the token, and when to renew it.
    """

    blocks = True
    """It would block an event loop: `AsyncHipChat` rejects it."""

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
                    f"{name} is async, which a TokenProvider cannot await: "
                    "use an AsyncOAuthClient's provider"
                )
        super().__init__(grant, access_token, clock)
        self._send = send
        self._on_token = on_token
        self._lock = threading.Lock()

    @clears_locals
    def __call__(self, rejected: str | None = None) -> str:
        """Return a valid token.

        Args:
            rejected: A token that the server has just rejected and that must not be returned.

        Raises:
            UnauthorizedError: The grant is no longer valid: the add-on was removed, for example.
            RequestError: No response arrived.
        """
        rejected_secret = None if rejected is None else Secret(rejected)
        valid = self._valid_token(rejected_secret)
        if valid is not None:
            return valid.reveal()
        known = self._failure
        with self._lock:
            # The previous holder of the lock may have fetched it already.
            valid = self._valid_token(rejected_secret)
            if valid is not None:
                return valid.reveal()
            self._share_failure(known)
            asked_at = self._clock()
            try:
                token = self._send(self._grant)
            except HipkitError as error:
                self._failure = copy(error)
                raise
            token_text = self._keep(token, asked_at)
            if self._on_token is not None:
                self._on_token(token)
            return token_text.reveal()


class AsyncTokenProvider(_TokenCache):
    """A token that is renewed automatically, for any number of tasks; see `TokenProvider`."""

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
        """Return a valid token; see `TokenProvider`."""
        rejected_secret = None if rejected is None else Secret(rejected)
        valid = self._valid_token(rejected_secret)
        if valid is not None:
            return valid.reveal()
        known = self._failure
        async with self._loop_lock():
            valid = self._valid_token(rejected_secret)
            if valid is not None:
                return valid.reveal()
            self._share_failure(known)
            asked_at = self._clock()
            try:
                token = await self._send(self._grant)
            except HipkitError as error:
                self._failure = copy(error)
                raise
            token_text = self._keep(token, asked_at)
            if self._on_token is not None:
                stored = self._on_token(token)
                if inspect.isawaitable(stored):
                    await stored
            return token_text.reveal()

    def _loop_lock(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        return self._lock[1]


def _basic(client_id: str, client_secret: str) -> Secret:
    for name, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    # An encoding error would hold the secret.
    credentials = f"{client_id}:{client_secret}".encode(errors="replace")
    if credentials.decode() != f"{client_id}:{client_secret}":
        raise ValueError("the client's id or secret has half of a surrogate pair in it")
    return Secret("Basic " + b64encode(credentials).decode())
