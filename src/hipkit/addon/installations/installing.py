"""Installation, update and removal of the add-on, in both ways that HipChat has.

A server posts to the add-on, or an administrator's browser brings an address at which the add-on
fetches the same. Nothing in these requests is signed. An installation is believed when its host
gives a token for its credentials, a removal when it does not any more.

`hosts.py` decides which hosts there may be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from enum import Enum
from hashlib import sha256
from string import printable
from urllib.parse import quote

from hipkit.addon.installations.host_policy import read_address
from hipkit.addon.installations.hosts import Host, Hosts
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.requests import (
    InstallRequest,
    check_host,
    check_same,
    read_install_request,
)
from hipkit.addon.installations.tokens import Tokens
from hipkit.addon.storage.protocol import Storage
from hipkit.api.errors import (
    ApiError,
    HipkitError,
    InstallationError,
    UnauthorizedError,
)
from hipkit.api.frames import clears_locals
from hipkit.v2.models import Token

__all__ = ["GONE_SECONDS", "Hook", "Installer"]

GONE_SECONDS = 30 * 24 * 60 * 60
"""How long an installation is kept whose credentials its host rejects. It comes back to life when
the host gives a token again: a broken proxy must not end thousands of installations."""

SWEEPS_AT_ONCE = 10
VISIT, VISIT_SECONDS = "browser visit", 60 * 60.0
LARGEST_ID = 2**63

Hook = Callable[[Installation], Awaitable[None]]
"""Called after what it is about was stored."""


class Change(Enum):
    """What a browser's visit asks for. The value is part of the key of a stored visit."""

    INSTALL = "install"
    UPDATE = "update"
    REMOVE = "remove"


async def _ignore(_: Installation) -> None:
    pass


class Installer:
    """Installs, updates and removes the add-on.

    Args:
        storage: Where installations are kept.
        hosts: The hosts that are trusted.
        tokens: The installations' tokens.
        scopes: The scopes of the descriptor.
        allow_global: Whether it may be installed in a whole group.
        allow_room: Whether it may be installed in a room.
        on_installed: Called for a new installation, and not for a repeat of it.
        on_updated: Called for an installation that was updated.
        on_removed: Called for an installation that was removed.
        now: The clock.
    """

    def __init__(
        self,
        storage: Storage,
        hosts: Hosts,
        tokens: Tokens,
        *,
        scopes: Collection[str] = (),
        allow_global: bool = True,
        allow_room: bool = True,
        on_installed: Hook = _ignore,
        on_updated: Hook = _ignore,
        on_removed: Hook = _ignore,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._storage = storage
        self._installations = Installations(storage)
        self._hosts = hosts
        self._tokens = tokens
        self._scopes = tuple(scopes)
        self._allow_global = allow_global
        self._allow_room = allow_room
        self._on_installed = on_installed
        self._on_updated = on_updated
        self._on_removed = on_removed
        self._now = now

    @clears_locals
    async def install(self, body: bytes) -> Installation:
        """Install the add-on, as a host's POST to the `callbackUrl` asks for.

        A repeat is answered as the first one.

        Raises:
            InstallationError: It is refused. The text is for the administrator, and `status` is
                the status to answer with.
        """
        return await self._install(read_install_request(body))

    @clears_locals
    async def update(self, body: bytes) -> Installation:
        """Update an installation, as a host's POST to the `updateCallbackUrl` asks for.

        Its scopes and its group's name are read anew. Id, secret, host and room stay.

        Raises:
            InstallationError: As for `install`.
        """
        return await self._update(read_install_request(body))

    async def remove(self, oauth_id: str) -> None:
        """Remove an installation, as a host's DELETE asks for.

        The request is not signed: it is believed if the host rejects the installation's
        credentials. If the host cannot be reached, `sweep` asks it again. What is not known was
        removed before.

        Raises:
            InstallationError: The credentials still work, so that it is not true (403).
        """
        removed = None
        async with self._lock(oauth_id):
            installation = await self._installations.find(oauth_id)
            if installation is None:
                return
            works = await self._works(installation)
            if works is None:
                noted = replace(installation, removal_at=self._now())
                await self._installations.save(noted)
            elif works:
                raise InstallationError(
                    "The add-on is still installed: its credentials work.", status=403
                )
            else:
                await self._installations.remove(oauth_id)
                removed = installation
        if removed is not None:
            await self._on_removed(removed)

    @clears_locals
    async def install_in_browser(self, installable_url: str, redirect_url: str) -> str:
        """Install the add-on, as an administrator's browser asks for at the `installedUrl`.

        Args:
            installable_url: Where the host has the body of the installation, once.
            redirect_url: Where the browser is to go afterwards.

        Returns:
            The address to redirect the browser to, on the installation's host.

        Raises:
            InstallationError: As for `install`; or an address is not one of the host.
        """
        return await self._visit(installable_url, redirect_url, Change.INSTALL)

    @clears_locals
    async def update_in_browser(self, installable_url: str, redirect_url: str) -> str:
        """Update an installation, as a browser asks for at the `updatedUrl`.

        See `install_in_browser`.
        """
        return await self._visit(installable_url, redirect_url, Change.UPDATE)

    @clears_locals
    async def remove_in_browser(self, installable_url: str, redirect_url: str) -> str:
        """Remove an installation, as a browser asks for at the `uninstalledUrl`.

        See `install_in_browser` and `remove`.
        """
        return await self._visit(installable_url, redirect_url, Change.REMOVE)

    async def sweep(self) -> None:
        """Ask again about removals that could not be checked, and forget what has long been gone.

        Call it at the start, and every hour.
        """
        now = self._now()
        at_once = asyncio.Semaphore(SWEEPS_AT_ONCE)

        async def sweep(installation: Installation) -> None:
            async with at_once:
                removed = await self._sweep_one(installation.oauth_id, now)
            if removed is not None:
                await self._on_removed(removed)

        async with asyncio.TaskGroup() as tasks:
            for each in await self._installations.find_all():
                if each.gone_at is not None or each.removal_at is not None:
                    tasks.create_task(sweep(each))
        await self._storage.sweep(now=now)

    async def _sweep_one(self, oauth_id: str, now: float) -> Installation | None:
        """Return the installation if it was removed."""
        async with self._lock(oauth_id):
            installation = await self._installations.find(oauth_id)
            if installation is None:
                return None
            since = (installation.gone_at, installation.removal_at)
            is_over = any(at is not None and now >= at + GONE_SECONDS for at in since)
            if not is_over and installation.removal_at is None:
                return None
            works = await self._works(installation)
            if works:
                alive = replace(installation, gone_at=None, removal_at=None)
                await self._installations.save(alive)
                return None
            # A host that is away says nothing, but there is an end to that, too.
            if works is None and not is_over:
                return None
            await self._installations.remove(oauth_id)
            return installation

    async def _install(self, request: InstallRequest) -> Installation:
        if request.secret is None:
            raise InstallationError("The installation has no oauthSecret.")
        self._check_kind(request)
        self._hosts.policy.check(request.capabilities_url)
        async with self._lock(request.oauth_id):
            known = await self._installations.find(request.oauth_id)
            if known is not None:
                check_host(known, request)
                check_same(known, request)
            host = await self._hosts.read(request.capabilities_url)
            installation = _at(
                host,
                Installation(
                    oauth_id=request.oauth_id,
                    secret=request.secret,
                    host=host.origin,
                    capabilities_url=host.capabilities_url,
                    api_url=host.api_url,
                    token_url=host.token_url,
                    room_id=request.room_id,
                    installed_at=self._now(),
                ),
            )
            async with self._hosts.strangers:
                token = await self._prove(installation)
            installation = self._complete(installation, request, token)
            await self._hosts.pin(host)
            is_new = known is None or known.secret != installation.secret
            if known is not None and not is_new:
                installation = replace(installation, installed_at=known.installed_at)
            await self._installations.save(installation)
        if is_new:
            await self._on_installed(installation)
        return installation

    async def _update(self, request: InstallRequest) -> Installation:
        known = await self._installations.find(request.oauth_id)
        is_over = known is None or known.gone_at is not None
        if is_over and request.secret is not None:
            return await self._install(request)
        async with self._lock(request.oauth_id):
            known = await self._installations.find(request.oauth_id)
            if known is None:
                raise InstallationError(
                    "The add-on is not installed here: install it again."
                )
            check_host(known, request)
            if request.secret is not None:
                check_same(known, request)
            if request.room_id not in (None, known.room_id):
                raise InstallationError(
                    "The add-on is installed in another room.", status=409
                )
            # The address of the document, too, stays: this request proves nothing.
            host = await self._hosts.read(known.capabilities_url)
            installation = replace(_at(host, known), gone_at=None, removal_at=None)
            token = await self._prove(installation)
            installation = self._complete(installation, request, token)
            await self._installations.save(installation)
        await self._on_updated(installation)
        return installation

    async def _prove(self, installation: Installation) -> Token:
        """Return a token for an installation's credentials: the proof that its host made them."""
        host = installation.host
        try:
            return await self._tokens.prove(installation)
        except UnauthorizedError:
            text = f"{host} does not accept the credentials of the installation."
        except ApiError as error:
            text = f"{host} gives the add-on no token: it answered {error.status}."
        except HipkitError:
            text = f"{host} gives the add-on no token: it did not answer."
        raise InstallationError(text)

    def _complete(
        self, installation: Installation, request: InstallRequest, token: Token
    ) -> Installation:
        """Return the installation with what its token says of group and scopes."""
        groups = {installation.group_id, request.group_id, token.group_id} - {None}
        if len(groups) > 1:
            raise InstallationError(
                "The installation is for another group than its credentials."
            )
        granted = self._scopes if token.scope is None else tuple(token.scope.split())
        return replace(
            installation,
            group_id=next(iter(groups), None),
            group_name=token.group_name or installation.group_name,
            scopes=granted,
        )

    async def _works(self, installation: Installation) -> bool | None:
        """Return whether the host accepts an installation's credentials; `None` if it is away."""
        try:
            await self._tokens.prove(installation)
        except UnauthorizedError:
            return False
        except HipkitError:
            return None
        return True

    async def _visit(
        self, installable_url: str, redirect_url: str, change: Change
    ) -> str:
        """Apply the change that a browser asks for, and return where it is to go."""
        name = f"{change.value} {installable_url}".encode(errors="replace")
        key, now = sha256(name).hexdigest(), self._now()
        visited = await self._storage.get(VISIT, key, now=now)
        if visited is not None:
            # The host has it once, and browsers come again: reloaded, or from their history.
            return _way_back(await self._hosts.read(visited.decode()), redirect_url)
        request = await self._fetch(installable_url)
        host = await self._hosts.read(request.capabilities_url)
        address = _way_back(host, redirect_url)
        match change:
            case Change.INSTALL:
                await self._install(request)
            case Change.UPDATE:
                await self._update(request)
            case Change.REMOVE:
                await self._remove(request)
        visited = host.capabilities_url.encode()
        await self._storage.put(VISIT, key, visited, expires_at=now + VISIT_SECONDS)
        return address

    async def _remove(self, request: InstallRequest) -> None:
        installation = await self._installations.find(request.oauth_id)
        if installation is not None:
            check_host(installation, request)
            await self.remove(request.oauth_id)

    async def _fetch(self, installable_url: str) -> InstallRequest:
        """Return what a host has for the add-on at an address that a browser brought."""
        request = read_install_request(await self._hosts.fetch(installable_url))
        origin = read_address(installable_url).origin
        if read_address(request.capabilities_url).origin != origin:
            raise InstallationError(
                "The installation is for another host than its address.", status=403
            )
        return request

    def _check_kind(self, request: InstallRequest) -> None:
        if request.room_id is None and not self._allow_global:
            raise InstallationError("This add-on is installed in single rooms only.")
        if request.room_id is not None and not self._allow_room:
            raise InstallationError("This add-on is installed for a whole group only.")

    def _lock(self, oauth_id: str) -> AbstractAsyncContextManager[None]:
        return self._storage.lock(f"installation {oauth_id}")


def _at(host: Host, installation: Installation) -> Installation:
    """Return an installation with its host's addresses."""
    return replace(
        installation,
        api_url=host.api_url,
        token_url=host.token_url,
        authorization_url=host.authorization_url,
    )


def _way_back(host: Host, redirect_url: str) -> str:
    """Return where a browser is to go: to the host's own pages, and nowhere else."""
    if read_address(redirect_url).origin not in {host.origin, *host.pages}:
        raise InstallationError(
            "The address to return to is not one of the installation's host.",
            status=403,
        )
    return quote(redirect_url, safe=printable)  # A header holds ASCII only.
