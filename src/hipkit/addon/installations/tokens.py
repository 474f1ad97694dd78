"""The tokens of installations: fetched once, kept in the storage, renewed early.

A token belongs to an installation and a set of scopes. However many tasks, threads and processes
need it, one of them fetches it while the others wait.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from copy import copy
from dataclasses import replace

import msgspec
from msgspec.structs import replace as with_fields

from hipkit.addon.installations.hosts import CALL_SECONDS
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.storage.protocol import Storage
from hipkit.api.errors import HipkitError, StorageError, UnauthorizedError
from hipkit.api.frames import clears_locals
from hipkit.api.secret import MaskedStruct, Secret
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.async_tokens import AsyncOAuthClient
from hipkit.client.oauth import renewal_time
from hipkit.transports.egress import parse_endpoint
from hipkit.transports.protocol import (
    AsyncTransport,
    Options,
    RawResponse,
    Request,
    Sink,
)
from hipkit.v2.models import Token

__all__ = ["StoredToken", "TokenProvider", "Tokens", "oauth_client"]

KIND = "token"
LONGEST_ANSWER = 256 * 1024

TokenProvider = Callable[[str | None], Awaitable[str]]
"""Returns a token; a token that the server has just rejected is passed to it."""


class StoredToken(MaskedStruct, frozen=True):
    """A token in the storage."""

    secrets = frozenset({"token"})

    token: str
    renew_at: float


class Tokens:
    """The tokens of all installations.

    Args:
        storage: Where they are kept.
        transport: Sends the calls.
        now: The clock.
    """

    def __init__(
        self,
        storage: Storage,
        transport: AsyncTransport,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._storage = storage
        self._installations = Installations(storage)
        self._transport = transport
        self._now = now
        self._failures: dict[str, HipkitError] = {}

    def client(
        self, installation: Installation, scopes: Iterable[str] | None = None
    ) -> AsyncHipChat:
        """Return a client that acts as an installation, with its host's address and tokens.

        It need not be closed: its connections are shared.
        """
        return AsyncHipChat(
            self.provider(installation, scopes),
            base_url=installation.api_url,
            transport=self._transport,
            # Whether to trust a host without TLS was decided when it installed the add-on.
            allow_http=True,
        )

    def provider(
        self, installation: Installation, scopes: Iterable[str] | None = None
    ) -> TokenProvider:
        """Return a function that returns a token, for `AsyncHipChat`.

        Args:
            installation: Whose token.
            scopes: The scopes to ask for. Defaults to all that were granted.
        """
        asked = None if scopes is None else tuple(scopes)

        @clears_locals
        async def token(rejected: str | None) -> str:
            return await self.get(installation, asked, rejected=rejected)

        return token

    @clears_locals
    async def get(
        self,
        installation: Installation,
        scopes: Iterable[str] | None = None,
        *,
        rejected: str | None = None,
    ) -> str:
        """Return a valid token.

        Args:
            installation: Whose token.
            scopes: The scopes to ask for. Defaults to all that were granted.
            rejected: A token that the server has just rejected, and that must not be returned.

        Raises:
            UnauthorizedError: The host rejects the installation's credentials. It is gone, until
                the host gives a token again.
            RequestError: No response arrived.
            ApiError: The host answered with another error: a scope was not granted, for example.
        """
        scope = _scope(installation, scopes)
        valid = await self._stored(_key(installation, scope), rejected)
        if valid is not None:
            return valid.reveal()
        try:
            fetched = await self._fetch(installation, scope, rejected)
        except UnauthorizedError:
            await self._mark(installation, gone_at=self._now())
            raise
        await self._mark(installation, gone_at=None)
        return fetched.reveal()

    @clears_locals
    async def prove(self, installation: Installation) -> Token:
        """Fetch a token whatever is stored, to see whether the credentials work, and store it.

        Unlike `get` it does not mark the installation as gone.

        Raises:
            HipkitError: As for `get`.
        """
        async with self._storage.lock(f"token {_key(installation, None)}"):
            return await self._request(installation, None)

    async def _fetch(
        self, installation: Installation, scope: str | None, rejected: str | None
    ) -> Secret:
        """Return a token that nobody has yet, or one that somebody else fetches just now."""
        key = _key(installation, scope)
        known = self._failures.get(key)
        async with self._storage.lock(f"token {key}"):
            # Whoever held the lock before may have fetched it, or failed: otherwise all who
            # wait would run into the same timeout, one after the other.
            valid = await self._stored(key, rejected)
            if valid is not None:
                return valid
            failure = self._failures.get(key)
            if failure is not None and failure is not known:
                raise copy(failure)
            try:
                token = await self._request(installation, scope)
            except HipkitError as error:
                self._failures[key] = copy(error)
                if isinstance(error, UnauthorizedError):
                    # One that may still be there was issued for the same credentials.
                    await self._storage.delete(KIND, key)
                raise
            self._failures.pop(key, None)
            return Secret(token.access_token)

    async def _request(self, installation: Installation, scope: str | None) -> Token:
        asked_at = self._now()
        client = oauth_client(installation, self._transport)
        token = await client.generate_token(
            grant_type="client_credentials", scope=scope
        )
        stored = StoredToken(token.access_token, renewal_time(token, asked_at))
        await self._storage.put(
            KIND,
            _key(installation, scope),
            msgspec.json.encode(stored),
            owner=installation.oauth_id,
            expires_at=stored.renew_at,
        )
        return token

    async def _stored(self, key: str, rejected: str | None) -> Secret | None:
        value = await self._storage.get(KIND, key, now=self._now())
        if value is None:
            return None
        try:
            stored = msgspec.json.decode(value, type=StoredToken)
        except msgspec.DecodeError:
            raise StorageError("a stored token cannot be read") from None
        return None if stored.token == rejected else Secret(stored.token)

    async def _mark(self, installation: Installation, *, gone_at: float | None) -> None:
        """Store whether the host accepts an installation's credentials, if that has changed.

        Not while a token's lock is held: whoever installs holds the one of the installation while
        waiting for that of the token.
        """
        oauth_id = installation.oauth_id
        async with self._storage.lock(f"installation {oauth_id}"):
            current = await self._installations.find(oauth_id)
            if current is None or current.secret != installation.secret:
                return  # It was removed, or replaced, meanwhile.
            if (current.gone_at is None) != (gone_at is None):
                await self._installations.save(replace(current, gone_at=gone_at))


@clears_locals
def oauth_client(
    installation: Installation, transport: AsyncTransport
) -> AsyncOAuthClient:
    """Return the client of an installation's token endpoint. It need not be closed."""
    return AsyncOAuthClient(
        installation.oauth_id,
        installation.secret.reveal(),
        base_url=installation.api_url,
        transport=_TokenEndpoint(transport, installation.token_url),
        allow_http=True,
        timeout=CALL_SECONDS,
        deadline=CALL_SECONDS,
        max_response_bytes=LONGEST_ANSWER,
    )


class _TokenEndpoint:
    """A transport that sends to the token endpoint, wherever the host's document says it is."""

    def __init__(self, transport: AsyncTransport, url: str) -> None:
        self.name = transport.name
        self._transport = transport
        self._endpoint = parse_endpoint(url)

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        at = self._endpoint
        sent = with_fields(
            request, scheme=at.scheme, host=at.host, port=at.port, target=at.target
        )
        return await self._transport.send(sent, options, sink)

    async def aclose(self) -> None:
        """Do nothing: the connections are shared."""


def _scope(installation: Installation, scopes: Iterable[str] | None) -> str | None:
    """Return the scopes to ask for; `None` for all that were granted."""
    asked = set(installation.scopes if scopes is None else scopes)
    return None if asked == set(installation.scopes) else " ".join(sorted(asked))


def _key(installation: Installation, scope: str | None) -> str:
    return f"{installation.oauth_id} {scope or ''}".rstrip()
