"""The installations of an add-on: a group's or a room's, each with its own credentials and host.

Read next: `installing.py`, which makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import msgspec

from hipkit.addon.storage.protocol import Storage
from hipkit.api.errors import StorageError
from hipkit.api.secret import Secret

__all__ = ["Installation", "Installations"]

KIND = "installation"
MOST_CACHED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An installation of the add-on in a group or in a room.

    Attributes:
        oauth_id: Its OAuth client's id, which HipChat calls `oauthId`.
        secret: The client's secret. It also signs HipChat's requests.
        host: The origin of the HipChat server, such as `https://api.hipchat.com`. The installation
            belongs to it for ever.
        capabilities_url: The server's own document.
        api_url: Base URL of the API, without a slash at its end.
        token_url: The token endpoint.
        authorization_url: The consent page for user tokens; `None` if the server has none.
        group_id: The group; `None` if the server did not say.
        group_name: The group's name; `None` if the server did not say.
        room_id: The room, if it is installed in a room only.
        scopes: The scopes that were granted.
        installed_at: When it was installed, seconds since 1970.
        gone_at: Since when the server has rejected its credentials; `None` if it accepts them.
        removal_at: When a removal was reported that could not be checked yet.
    """

    oauth_id: str
    secret: Secret
    host: str
    capabilities_url: str
    api_url: str
    token_url: str
    authorization_url: str | None = None
    group_id: int | None = None
    group_name: str | None = None
    room_id: int | None = None
    scopes: tuple[str, ...] = ()
    installed_at: float
    gone_at: float | None = None
    removal_at: float | None = None


class Installations:
    """The installations in a storage. Those that are asked for are cached until any is changed."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._cached: dict[str, Installation] = {}
        self._version: int | None = None
        """The version of the storage that is cached."""

    async def find(self, oauth_id: str) -> Installation | None:
        """Return an installation, whether it is gone or not; `None` if it is not known."""
        version = self.storage.version()
        if version is not None and version == self._version:
            cached = self._cached.get(oauth_id)
            if cached is not None:
                return cached
        value = await self.storage.get(KIND, oauth_id)
        if value is None:
            return None
        installation = _read(value)
        self._cache(installation, version)
        return installation

    def _cache(self, installation: Installation, version: int | None) -> None:
        """Cache an installation that was read after asking for a version."""
        if version != self._version or len(self._cached) >= MOST_CACHED:
            self._cached.clear()
            self._version = version
        if version is not None:
            self._cached[installation.oauth_id] = installation

    async def find_all(self) -> list[Installation]:
        """Return all installations, those that are gone included."""
        return [_read(value) for _, value in await self.storage.find_all(KIND)]

    async def save(self, installation: Installation) -> None:
        """Store an installation, in place of the one with its id."""
        value = msgspec.json.encode(installation, enc_hook=_reveal)
        oauth_id = installation.oauth_id
        await self.storage.put(KIND, oauth_id, value, owner=oauth_id)

    async def remove(self, oauth_id: str) -> None:
        """Delete an installation with all that belongs to it: tokens, users' tokens, events."""
        await self.storage.delete_owner(oauth_id)


def _reveal(value: object) -> str:
    return cast("Secret", value).reveal()


def _conceal(kind: type, value: object) -> object:
    return kind(value)


_DECODER = msgspec.json.Decoder(Installation, dec_hook=_conceal)


def _read(value: bytes) -> Installation:
    try:
        return _DECODER.decode(value)
    except msgspec.DecodeError:
        # The decoder's own message could quote a secret.
        raise StorageError("a stored installation cannot be read") from None
