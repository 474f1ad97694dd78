"""What an add-on has while it runs in an event loop: storage, connections, the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from logging import getLogger
from typing import Any
from uuid import uuid4

from hipkit.addon.descriptor.identity import Identity
from hipkit.addon.dispatch.clients import Bridge, Clients
from hipkit.addon.dispatch.dispatching import Caller, Dispatcher
from hipkit.addon.dispatch.queue import Worker
from hipkit.addon.handlers.registry import Change, Registry
from hipkit.addon.installations.host_policy import HostPolicy
from hipkit.addon.installations.hosts import Hosts
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.installing import Installer
from hipkit.addon.installations.tokens import Tokens
from hipkit.addon.installations.user_tokens import UserTokens
from hipkit.addon.storage.encryption import open_storage
from hipkit.addon.storage.protocol import NewEvent, QueuedEvent, Storage
from hipkit.api.errors import StorageError
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.hipchat import HipChat
from hipkit.transports.protocol import AsyncTransport
from hipkit.webhooks import read_event

__all__ = ["Runtime", "Settings"]

LOGGER = getLogger("hipkit.addon")
MOST_THREADS = 32
GRACE_SECONDS = 10.0
"""How long handlers have to end when the add-on stops."""
OWNER = "add-on"
"""Kind and key of the record that says whose storage it is."""
SWEEP_SECONDS = 60 * 60.0
CHANGES: dict[str, Change] = {"@installed": "installed", "@updated": "updated"}
"""Handler of a stored event -> what happened to the installation. No key begins with @."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an add-on is run, as `AddOn.asgi` describes it."""

    base_url: str
    storage: Storage
    transport: AsyncTransport | None
    allowed_hosts: Iterable[str] | None
    allow_internal: bool
    replay_memory: bool
    now: Callable[[], float]


class Runtime:
    """The parts of a running add-on, in the event loop in which it was created.

    Args:
        identity: Who the add-on is.
        registry: Its handlers.
        settings: How it is run.
    """

    def __init__(
        self, identity: Identity, registry: Registry, settings: Settings
    ) -> None:
        self.storage = storage = settings.storage
        self.now = settings.now
        self._key = identity.key
        self._registry = registry
        self._policy = HostPolicy(
            settings.allowed_hosts, allow_internal=settings.allow_internal
        )
        self._own_transport = None
        if settings.transport is None:
            self._own_transport = self._policy.transport()
        transport = settings.transport or self._own_transport
        assert transport is not None  # noqa: S101 - one of them is
        self.installations = Installations(storage)
        tokens = Tokens(storage, transport, now=settings.now)
        self.base_url = settings.base_url
        self.replay_memory = settings.replay_memory
        self.users = UserTokens(
            storage,
            transport,
            redirect_url=f"{settings.base_url}/authorized",
            now=settings.now,
        )
        self._bridge = Bridge()
        self._clients = Clients(tokens, transport, self._bridge)
        self._threads = ThreadPoolExecutor(
            MOST_THREADS, thread_name_prefix="hipkit-handler"
        )
        self.dispatcher = Dispatcher(identity, registry, self._threads)
        self.worker = Worker(storage, self._handle, now=settings.now)
        self.hosts = Hosts(storage, transport, self._policy)
        self.installer = Installer(
            storage,
            self.hosts,
            tokens,
            scopes=identity.scopes,
            allow_global=identity.allow_global,
            allow_room=identity.allow_room,
            on_installed=lambda each: self._store_change(each, "@installed"),
            on_updated=lambda each: self._store_change(each, "@updated"),
            on_removed=self._removed,
            now=settings.now,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._notices: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the storage, and handle the events that are stored.

        Raises:
            StorageError: It cannot be opened, or belongs to another add-on.
        """
        await open_storage(self.storage)
        await self._check_storage()
        self.worker.start()
        self._spawn(self._sweep())

    async def stop(self) -> None:
        """End handlers, and close what was opened."""
        await self.worker.stop(GRACE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.close()

    async def close(self) -> None:
        """Close what was opened."""
        self._bridge.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._own_transport is not None:
            await self._own_transport.aclose()
        self._policy.close()
        await self.storage.aclose()

    async def _check_storage(self) -> None:
        """Check that no other add-on has the storage: it would take this one's events.

        Raises:
            StorageError: One has.
        """
        key = self._key.encode()
        if await self.storage.add(OWNER, OWNER, key, now=0.0):
            return
        owner = await self.storage.get(OWNER, OWNER)
        if owner is not None and owner != key:
            raise StorageError(
                f"the storage belongs to the add-on {owner.decode(errors='replace')}: give "
                f"{self._key} one of its own"
            )

    def caller(self, installation: Installation) -> Caller:
        """Return for whom handlers of an installation are called."""
        return Caller(
            {
                AsyncHipChat: lambda: self.client(installation),
                HipChat: lambda: self._clients.blocking(installation),
                Installation: lambda: installation,
            },
            lambda operation: self.client(installation).send(operation),
            installation=installation,
        )

    def client(
        self, installation: Installation, scopes: Iterable[str] | None = None
    ) -> AsyncHipChat:
        """Return the client of an installation, with all of its scopes or some."""
        return self._clients.asynchronous(installation, scopes)

    async def store(self, event: NewEvent) -> None:
        """Store an event, unless it is a repeat, and wake the worker."""
        if await self.storage.add_event(event):
            self.worker.wake()

    async def _handle(self, event: QueuedEvent) -> None:
        """Handle a stored event. Raises for nothing that a handler did."""
        installation = await self.installations.find(event.oauth_id)
        if installation is None:
            return  # It was removed meanwhile.
        caller = self.caller(installation)
        if event.handler in CHANGES:
            for each in self._registry.changes.get(CHANGES[event.handler], ()):
                await self.dispatcher.notify(each, installation, caller)
            return
        handler = self._registry.handlers.get(event.handler)
        if handler is None:
            LOGGER.warning("an event for %s has no handler any more", event.handler)
            return
        await self.dispatcher.handle(handler, read_event(event.body), caller)

    async def _store_change(self, installation: Installation, handler: str) -> None:
        if not self._registry.changes.get(CHANGES[handler]):
            return
        await self.store(
            NewEvent(
                oauth_id=installation.oauth_id,
                host=installation.host,
                ordering_key=handler,
                handler=handler,
                body=b"{}",
                delivery=f"{handler} {uuid4()}",
                received_at=self.now(),
            )
        )

    async def drain(self) -> None:
        """Wait until stored events are handled, and functions for removals have ended."""
        await self.worker.drain()
        await asyncio.gather(*self._notices)

    async def _removed(self, installation: Installation) -> None:
        notice = self._spawn(self._notify_removed(installation))
        self._notices.add(notice)
        notice.add_done_callback(self._notices.discard)

    async def _notify_removed(self, installation: Installation) -> None:
        caller = self.caller(installation)
        for handler in self._registry.changes.get("removed", ()):
            await self.dispatcher.notify(handler, installation, caller)

    async def _sweep(self) -> None:
        while True:
            try:
                await self.installer.sweep()
            except Exception:
                LOGGER.exception("expired data could not be removed")
            await asyncio.sleep(SWEEP_SECONDS)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
