"""The HipChat servers that an add-on trusts, and the documents in which they describe themselves.

Nothing in an installation's request proves who sent it, and whoever has a server can answer every
question that an add-on asks about it. So the server is part of an installation's identity:
everything it is asked later goes to the same origin, and no other server can touch it.
`docs/explanation/addon-security.md` has the reasons.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import msgspec

from hipkit.addon.installations.host_policy import HostPolicy, read_address
from hipkit.addon.storage.protocol import Storage
from hipkit.api.bodies.reading import UnreadableError
from hipkit.api.errors import BadRequestError, InstallationError
from hipkit.client.settings import parse_site
from hipkit.transports.egress import parse_endpoint
from hipkit.transports.protocol import (
    AsyncTransport,
    Options,
    TransportError,
)
from hipkit.v2.models import CapabilitiesDocument
from hipkit.version import VERSION

__all__ = ["CALL_SECONDS", "LONGEST_DOCUMENT", "Host", "Hosts"]

CALL_SECONDS = 10.0
"""How long a call of the host may take while an administrator waits."""
LONGEST_DOCUMENT = 256 * 1024
MOST_AT_ONCE = 20
"""Calls at the same time of servers that have proved nothing: slow ones must not take the
connections that installations need."""
PIN = "pinned host"
HEADERS = (("Accept", "application/json"), ("User-Agent", f"hipkit/{VERSION}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A HipChat server, as its own document describes it.

    Attributes:
        origin: Scheme, name and port, such as `https://api.hipchat.com`.
        capabilities_url: Its document.
        api_url: Base URL of the API, without a slash at its end.
        token_url: The token endpoint.
        authorization_url: The consent page; `None` if it has none.
        pages: The origins of its pages, to which a browser may be sent back.
    """

    origin: str
    capabilities_url: str
    api_url: str
    token_url: str
    authorization_url: str | None
    pages: tuple[str, ...]


class Hosts:
    """The documents of HipChat servers, and the addresses that were pinned.

    Without an allow-list a server's addresses are pinned when the first installation of its origin
    has proved itself. Later ones must have the same: so a document that somebody placed on the
    server, an uploaded file for example, is not taken for the server's own.
    """

    def __init__(
        self, storage: Storage, transport: AsyncTransport, policy: HostPolicy
    ) -> None:
        self.policy = policy
        self.strangers = asyncio.Semaphore(MOST_AT_ONCE)
        """Held while a server is asked that has proved nothing."""
        self._storage = storage
        self._transport = transport

    async def read(self, capabilities_url: str) -> Host:
        """Return the server that a document describes.

        Raises:
            InstallationError: The document cannot be read, is not what it says it is, or the
                server is not trusted.
        """
        origin = self.policy.check(capabilities_url)
        host = self._describe(
            origin, capabilities_url, await self.fetch(capabilities_url)
        )
        if self.policy.allowed is None:
            _check_pin(host, await self._storage.get(PIN, origin))
        return host

    async def pin(self, host: Host) -> None:
        """Pin a server's addresses, after an installation has proved itself.

        Raises:
            InstallationError: Others were pinned meanwhile.
        """
        if self.policy.allowed is None:
            await self._storage.add(PIN, host.origin, _pinned(host), now=0.0)
            _check_pin(host, await self._storage.get(PIN, host.origin))

    async def forget(self, origin: str) -> bool:
        """Forget the pinned addresses of a server that has moved; return whether there were any."""
        return await self._storage.delete(PIN, origin)

    async def fetch(self, url: str) -> bytes:
        """Return the content of an address on a server that is allowed. Redirects are refused.

        Raises:
            InstallationError: It cannot be fetched.
        """
        endpoint = read_address(url)
        origin = self.policy.check(url)
        request = endpoint.request("GET", headers=HEADERS)
        try:
            async with self.strangers:
                options = Options(
                    timeout_seconds=CALL_SECONDS,
                    deadline=time.monotonic() + CALL_SECONDS,
                    max_response_bytes=LONGEST_DOCUMENT,
                )
                response = await self._transport.send(request, options)
        except TransportError as error:
            raise InstallationError(
                f"The add-on cannot read from {origin}: {error.reason}."
            ) from None
        if response.status != 200:
            raise InstallationError(
                f"The add-on cannot read from {origin}: it answered {response.status}."
            )
        return response.body

    def _describe(self, origin: str, url: str, body: bytes) -> Host:
        try:
            document = CapabilitiesDocument.from_json(body)
        except UnreadableError:
            raise InstallationError(
                f"The capabilities document of {origin} cannot be read."
            ) from None
        links, offered = document.links, document.capabilities
        provider, oauth = offered.hipchat_api_provider, offered.oauth2_provider
        if links is None or not _is_same(links.self_, url):
            raise InstallationError(
                f"The capabilities document of {origin} is not at the address that it names."
            )
        api_url = (provider and provider.url) or links.api
        token_url = oauth and oauth.token_url
        if not api_url or not token_url:
            raise InstallationError(
                f"The capabilities document of {origin} does not name its API and tokens."
            )
        for each in (_base_url(api_url), token_url):
            self._check_belongs(each, origin)
        authorization_url = None if oauth is None else oauth.authorization_url
        pages = (links.homepage, links.subdomain, authorization_url)
        return Host(
            origin=origin,
            capabilities_url=url,
            api_url=_base_url(api_url),
            token_url=token_url,
            authorization_url=_web_address(authorization_url),
            pages=tuple(
                sorted(
                    {
                        read_address(page).origin
                        for page in map(_web_address, pages)
                        if page
                    }
                )
            ),
        )

    def _check_belongs(self, url: str, origin: str) -> None:
        """Check that an address in a server's document is one of that server."""
        if self.policy.allowed is not None:
            self.policy.check(url)
        elif read_address(url).origin != origin:
            raise InstallationError(
                f"The capabilities document of {origin} names addresses of another server.",
                status=403,
            )


def _is_same(named: str | None, url: str) -> bool:
    try:
        return named is not None and parse_endpoint(named) == parse_endpoint(url)
    except BadRequestError:
        return False


def _web_address(url: str | None) -> str | None:
    """Return an optional address, or `None` for one that no browser should be sent to."""
    return url if _is_same(url, url or "") else None


def _base_url(url: str) -> str:
    """Return the base URL of an API, without a slash at its end."""
    try:
        return str(parse_site(url, allow_http=True))
    except ValueError:
        raise InstallationError(
            "The capabilities document names an API whose address cannot be used."
        ) from None


def _pinned(host: Host) -> bytes:
    return msgspec.json.encode([host.capabilities_url, host.api_url, host.token_url])


def _check_pin(host: Host, pin: bytes | None) -> None:
    if pin is not None and pin != _pinned(host):
        raise InstallationError(
            f"The addresses of {host.origin} are not those of its first installation. If the"
            " server has moved, the add-on's operator has to forget the old ones.",
            status=403,
        )
