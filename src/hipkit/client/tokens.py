"""Fetch and renew tokens, without storing them.

`OAuthClient` calls the token operations with a client's id and secret. A provider is used in
place of a token: `HipChat(provider, ...)`. It fetches a token on first use, keeps it in
memory, renews it early, and passes every new one to your `on_token` function, which can store it.
The four kinds of token are explained in `docs/explanation/tokens.md`.

`async_tokens.py` is rendered from this module. `oauth.py` has what both share.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from threading import Lock
from typing import Protocol, Self, Unpack

from hipkit.api.errors import HipkitError
from hipkit.api.frames import clears_locals
from hipkit.api.secret import Secret
from hipkit.client.hipchat import HipChat
from hipkit.client.oauth import OnToken, TokenCache, basic, check_blocking
from hipkit.client.setup import ClientOptions, TransportName
from hipkit.transports.protocol import Transport
from hipkit.v2.models import Session, Token
from hipkit.v2.oauth_sessions import (
    DeleteSession,
    GenerateToken,
    GetSession,
    OauthSessions,
)

__all__ = ["OAuthClient", "TokenProvider"]


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
            authorization=basic(client_id, client_secret),
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


class SendGrant(Protocol):
    """The client function that a provider calls."""

    def __call__(self, operation: GenerateToken, /) -> Token: ...


class TokenProvider(TokenCache):
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
        check_blocking(send=send, on_token=on_token)
        super().__init__(grant, access_token, on_token, clock)
        self._send = send
        self._lock = Lock()

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
            if valid is None:
                self._share_failure(known)
                valid = self._fetch()
        return valid.reveal()

    def _fetch(self) -> Secret:
        asked_at = self._clock()
        try:
            token = self._send(self._grant)
        except HipkitError as error:
            self._failure = copy(error)
            raise
        valid = self._keep(token, asked_at)
        self._notify(token)
        return valid
