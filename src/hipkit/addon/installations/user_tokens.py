"""Tokens of users: somebody allows the add-on to act for them, on their host's consent page.

The browser goes there with a `state` and comes back with a code, for which the host gives a token.
Three checks keep people apart: the `state` belongs to one browser, is good once and for ten
minutes; the token must be of the very person that HipChat named when the browser was sent; and it
is kept under that person's id. So nobody can have another's consent stored under their own name.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.tokens import TokenProvider, oauth_client
from hipkit.addon.installations.verification import SignedRequest
from hipkit.addon.storage.protocol import Storage
from hipkit.api.errors import (
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    SignatureError,
    StorageError,
    UnauthorizedError,
)
from hipkit.api.frames import clears_locals
from hipkit.api.secret import MaskedStruct
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.oauth import renewal_time
from hipkit.transports.protocol import AsyncTransport
from hipkit.v2.models import Token
from hipkit.v2.oauth_sessions import GetSession

__all__ = ["CONSENT_SECONDS", "Consent", "UserTokens"]

CONSENT_SECONDS = 10 * 60.0
"""How long somebody may take on the consent page."""
STATE, GRANT = "consent state", "user token"
SHORTEST_SESSION = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Somebody has allowed the add-on to act for them.

    Attributes:
        installation: The installation.
        user_id: The person.
        scopes: What it may do.
    """

    installation: Installation
    user_id: int
    scopes: tuple[str, ...]


class _State(msgspec.Struct, frozen=True):
    """A browser that was sent to the consent page."""

    oauth_id: str
    user_id: int
    session: str
    """The hash of the browser's secret."""
    scopes: tuple[str, ...]


class _Grant(MaskedStruct, frozen=True):
    """The tokens of a person."""

    secrets = frozenset({"access_token", "refresh_token"})

    access_token: str
    renew_at: float
    refresh_token: str | None
    scopes: tuple[str, ...]


class UserTokens:
    """The tokens of all users who allowed the add-on to act for them.

    Args:
        storage: Where they are kept.
        transport: Sends the calls.
        redirect_url: Where browsers come back to, one of the descriptor's `redirectionUrls`.
        now: The clock.
    """

    def __init__(
        self,
        storage: Storage,
        transport: AsyncTransport,
        *,
        redirect_url: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._storage = storage
        self._installations = Installations(storage)
        self._transport = transport
        self._redirect_url = redirect_url
        self._now = now

    @clears_locals
    async def begin(
        self, signed: SignedRequest, *, session: str, scopes: Iterable[str]
    ) -> str:
        """Return the address of the consent page for the person of a request.

        Args:
            signed: A request of that person, verified.
            session: A secret of their browser, such as a random cookie of 16 characters or more.
            scopes: What the add-on wants to do for them.

        Raises:
            ValueError: The session is no secret.
            SignatureError: The request is not about a person.
            NotFoundError: The host has no consent page.
        """
        if len(session) < SHORTEST_SESSION:
            raise ValueError(
                f"session must be a secret of {SHORTEST_SESSION} characters or more"
            )
        installation, user_id = signed.installation, signed.user_id
        if user_id is None:
            raise SignatureError("the request is not about a person", status=400)
        if installation.authorization_url is None:
            raise NotFoundError(f"{installation.host} has no page for consent")
        asked = tuple(sorted(scopes))
        state = secrets.token_urlsafe(32)
        waiting = _State(installation.oauth_id, user_id, _hash(session), asked)
        await self._storage.put(
            STATE,
            _hash(state),
            msgspec.json.encode(waiting),
            owner=installation.oauth_id,
            expires_at=self._now() + CONSENT_SECONDS,
        )
        query = {
            "response_type": "code",
            "client_id": installation.oauth_id,
            "scope": " ".join(asked),
            "redirect_uri": self._redirect_url,
            "signup": "0",
            "state": state,
        }
        url = installation.authorization_url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"

    @clears_locals
    async def finish(self, fields: Mapping[str, str], *, session: str) -> Consent:
        """Fetch and keep the token of a person whose browser has come back.

        Args:
            fields: The query of the address at which it came back.
            session: The secret of the browser, as it was for `begin`.

        Raises:
            SignatureError: The browser was not sent from here, or not now, or the token is
                another person's.
            ForbiddenError: The person did not agree.
            HipkitError: The host gives no token.
        """
        waiting = await self._take(fields.get("state", ""), session)
        installation = await self._installations.find(waiting.oauth_id)
        if installation is None:
            raise SignatureError("the add-on is not installed any more", status=400)
        if "code" not in fields:
            raise ForbiddenError("the add-on was not allowed to act for the user")
        asked_at = self._now()
        token = await oauth_client(installation, self._transport).generate_token(
            grant_type="authorization_code",
            code=fields["code"],
            redirect_uri=self._redirect_url,
        )
        await self._check_owner(installation, token, waiting.user_id)
        grant = _grant(token, asked_at, waiting.scopes, refresh_token=None)
        await self._keep(installation, waiting.user_id, grant)
        return Consent(
            installation=installation, user_id=waiting.user_id, scopes=grant.scopes
        )

    async def scopes(
        self, installation: Installation, user_id: int
    ) -> tuple[str, ...] | None:
        """Return what a person has allowed; `None` if nothing, or not any more."""
        grant = await self._find(_key(installation, user_id))
        return None if grant is None else grant.scopes

    async def forget(self, installation: Installation, user_id: int) -> None:
        """Forget the tokens of a person."""
        await self._storage.delete(GRANT, _key(installation, user_id))

    def client(self, installation: Installation, user_id: int) -> AsyncHipChat:
        """Return a client that acts for a person. It need not be closed."""
        return self._client(installation, self.provider(installation, user_id))

    def provider(self, installation: Installation, user_id: int) -> TokenProvider:
        """Return a function that returns a person's token, for `AsyncHipChat`."""

        @clears_locals
        async def token(rejected: str | None) -> str:
            return await self.get(installation, user_id, rejected=rejected)

        return token

    @clears_locals
    async def get(
        self, installation: Installation, user_id: int, *, rejected: str | None = None
    ) -> str:
        """Return a valid token of a person, renewed if need be.

        Args:
            installation: The installation.
            user_id: The person.
            rejected: A token that the server has just rejected, and that must not be returned.

        Raises:
            UnauthorizedError: The person has to be asked, again perhaps.
            HipkitError: The host gives no token.
        """
        key = _key(installation, user_id)
        grant = await self._find(key)
        if grant is None or not self._is_good(grant, rejected):
            async with self._storage.lock(f"user token {key}"):
                grant = await self._find(key)
                if grant is None:
                    raise UnauthorizedError(
                        "the user has not allowed the add-on to act for them"
                    )
                if not self._is_good(grant, rejected):
                    grant = await self._renew(installation, user_id, grant)
        return grant.access_token

    async def _renew(
        self, installation: Installation, user_id: int, grant: _Grant
    ) -> _Grant:
        refresh_token = grant.refresh_token
        if refresh_token is None:
            await self.forget(installation, user_id)
            raise UnauthorizedError("the user's token has ended: ask the user again")
        asked_at = self._now()
        client = oauth_client(installation, self._transport)
        try:
            token = await client.generate_token(
                grant_type="refresh_token", refresh_token=refresh_token
            )
        except BadRequestError:
            # A 401 is about the installation, and may pass.
            await self.forget(installation, user_id)
            raise UnauthorizedError(
                "the user's consent has ended: ask the user again"
            ) from None
        renewed = _grant(token, asked_at, grant.scopes, refresh_token=refresh_token)
        await self._keep(installation, user_id, renewed)
        return renewed

    async def _take(self, state: str, session: str) -> _State:
        """Return what a state stands for, if it was given to this browser. It is good once."""
        value = await self._storage.take(STATE, _hash(state), now=self._now())
        waiting = None if value is None else _decode(value, _State)
        if waiting is None or not hmac.compare_digest(waiting.session, _hash(session)):
            raise SignatureError(
                "the browser was not sent for consent from here, or too long ago",
                status=400,
            )
        return waiting

    async def _check_owner(
        self, installation: Installation, token: Token, user_id: int
    ) -> None:
        """Check whose token it is: somebody could have brought another person's code."""
        client = self._client(installation, token.access_token)
        session = await client.send(GetSession(token.access_token))
        if session.owner is None or session.owner.id != user_id:
            raise SignatureError("the token is another person's", status=400)

    async def _find(self, key: str) -> _Grant | None:
        value = await self._storage.get(GRANT, key)
        return None if value is None else _decode(value, _Grant)

    async def _keep(
        self, installation: Installation, user_id: int, grant: _Grant
    ) -> None:
        await self._storage.put(
            GRANT,
            _key(installation, user_id),
            msgspec.json.encode(grant),
            owner=installation.oauth_id,
        )

    def _is_good(self, grant: _Grant, rejected: str | None) -> bool:
        return self._now() < grant.renew_at and grant.access_token != rejected

    def _client(
        self, installation: Installation, token: str | TokenProvider
    ) -> AsyncHipChat:
        return AsyncHipChat(
            token,
            base_url=installation.api_url,
            transport=self._transport,
            allow_http=True,
        )


def _grant(
    token: Token, asked_at: float, scopes: tuple[str, ...], *, refresh_token: str | None
) -> _Grant:
    return _Grant(
        access_token=token.access_token,
        renew_at=renewal_time(token, asked_at),
        # A host that gives no new one goes on accepting the old one.
        refresh_token=token.refresh_token or refresh_token,
        scopes=scopes if token.scope is None else tuple(token.scope.split()),
    )


def _decode(value: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.DecodeError:
        raise StorageError("a stored consent of a user cannot be read") from None


def _key(installation: Installation, user_id: int) -> str:
    return f"{installation.oauth_id} {user_id}"


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
