"""Encryption of what another storage keeps: values of records, and bodies of events.

Keys of records, ids and times stay readable, since a database searches by them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from logging import getLogger

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from msgspec.structs import replace

from hipkit.addon.storage.protocol import NewEvent, QueuedEvent, Storage
from hipkit.api.errors import StorageError
from hipkit.api.frames import clears_locals

__all__ = ["EncryptedStorage", "new_key", "open_storage"]

LOGGER = getLogger("hipkit.addon")
KIND, KEY = "encryption", "check"
CHECK = b"hipkit"


def new_key() -> str:
    """Return a new key, 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode()


async def open_storage(storage: Storage) -> None:
    """Open a storage, encrypted or not.

    Raises:
        StorageError: It is encrypted, with another key or without one here.
    """
    await storage.open()
    if await storage.get(KIND, KEY) not in (None, CHECK):
        raise StorageError("the add-on's storage is encrypted: its key is needed")


class EncryptedStorage:
    """A storage whose values are encrypted. See `Storage`.

    What was stored before there was a key, or with an older one, is encrypted anew when it is
    opened. An event that no key opens waits, with those behind it, and holds up no other room.

    Args:
        storage: Where they are kept.
        key: The key, as `new_key` returns it.
        older_keys: Keys that were used before.

    Raises:
        ValueError: A key is not one.
    """

    @clears_locals
    def __init__(self, storage: Storage, key: str, *older_keys: str) -> None:
        self._storage = storage
        self._current = _fernet(key)
        self._all = MultiFernet([self._current, *map(_fernet, older_keys)])
        self._has_older = bool(older_keys)

    async def open(self) -> None:
        """Open the storage.

        Raises:
            StorageError: It was encrypted with another key.
        """
        await self._storage.open()
        async with self._storage.lock("encryption"):
            check = await self._storage.get(KIND, KEY)
            if check is None:
                await self._storage.rewrite(self._current.encrypt)
                await self._storage.put(KIND, KEY, self._current.encrypt(CHECK))
                return
            self._decrypt(check)
            if self._has_older:
                # Even if that was done: another process may have used an older key since.
                await self._storage.rewrite(self._renewed)

    async def aclose(self) -> None:
        """Close the storage."""
        await self._storage.aclose()

    def version(self) -> int | None:
        """Return the version of the records."""
        return self._storage.version()

    async def get(self, kind: str, key: str, *, now: float = 0.0) -> bytes | None:
        """Return a record."""
        return self._decrypt_if(await self._storage.get(kind, key, now=now))

    async def find_all(self, kind: str, *, now: float = 0.0) -> list[tuple[str, bytes]]:
        """Return the keys and values of a kind."""
        found = await self._storage.find_all(kind, now=now)
        return [(key, self._decrypt(value)) for key, value in found]

    async def put(
        self,
        kind: str,
        key: str,
        value: bytes,
        *,
        owner: str = "",
        expires_at: float | None = None,
    ) -> None:
        """Store a record."""
        encrypted = self._current.encrypt(value)
        await self._storage.put(
            kind, key, encrypted, owner=owner, expires_at=expires_at
        )

    async def add(
        self,
        kind: str,
        key: str,
        value: bytes,
        *,
        now: float,
        owner: str = "",
        expires_at: float | None = None,
    ) -> bool:
        """Store a record if there is none."""
        encrypted = self._current.encrypt(value)
        return await self._storage.add(
            kind, key, encrypted, now=now, owner=owner, expires_at=expires_at
        )

    async def take(self, kind: str, key: str, *, now: float) -> bytes | None:
        """Return a record and delete it."""
        return self._decrypt_if(await self._storage.take(kind, key, now=now))

    async def delete(self, kind: str, key: str) -> bool:
        """Delete a record."""
        return await self._storage.delete(kind, key)

    async def delete_owner(self, owner: str) -> None:
        """Delete all records and events of an installation."""
        await self._storage.delete_owner(owner)

    async def rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Replace the value of every record and the body of every event."""
        await self._storage.rewrite(
            lambda value: self._current.encrypt(change(self._decrypt(value)))
        )

    async def add_event(self, event: NewEvent) -> bool:
        """Add an event to the queue."""
        encrypted = self._current.encrypt(event.body)
        return await self._storage.add_event(replace(event, body=encrypted))

    async def claim_events(
        self,
        *,
        owner: str,
        now: float,
        lease_seconds: float,
        most: int,
        but: Collection[str] = (),
    ) -> list[QueuedEvent]:
        """Claim the oldest events that can be handled now."""
        events = await self._storage.claim_events(
            owner=owner, now=now, lease_seconds=lease_seconds, most=most, but=but
        )
        readable = []
        for event in events:
            try:
                body = self._decrypt(event.body)
            except StorageError:
                # Its claim stays, so that the worker does not get it again and again.
                LOGGER.error(
                    "an event for %s, of installation %s, waits for a start with the key that it"
                    " was encrypted with, and those of its room wait for it",
                    event.handler,
                    event.oauth_id,
                )
                continue
            readable.append(replace(event, body=body))
        return readable

    async def extend_events(self, *, owner: str, until: float) -> None:
        """Extend all claims of a worker."""
        await self._storage.extend_events(owner=owner, until=until)

    async def finish_events(self, ids: Collection[int], *, owner: str) -> None:
        """Remove events from the queue."""
        await self._storage.finish_events(ids, owner=owner)

    async def release_events(self, *, owner: str) -> None:
        """End all claims of a worker."""
        await self._storage.release_events(owner=owner)

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """Return a lock."""
        return self._storage.lock(key)

    async def sweep(self, *, now: float) -> None:
        """Remove what has expired."""
        await self._storage.sweep(now=now)

    def _renewed(self, value: bytes) -> bytes:
        """Return a value encrypted with the current key; what no key opens stays as it is."""
        try:
            return self._all.rotate(value)
        except InvalidToken:
            return value

    def _decrypt_if(self, value: bytes | None) -> bytes | None:
        return None if value is None else self._decrypt(value)

    def _decrypt(self, value: bytes) -> bytes:
        try:
            return self._all.decrypt(value)
        except InvalidToken:
            raise StorageError(
                "the add-on's storage was encrypted with another key"
            ) from None


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        # Its own message would be followed by the key in some programs' logs.
        raise ValueError(
            "an encryption key is 32 bytes in URL-safe base64, as new_key() returns it"
        ) from None
