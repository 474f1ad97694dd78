"""Web sessions, one-time links to set a password, and networks that users signed in from.

Of the secrets in sessions and links only hashes are stored.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Store, insert, select

__all__ = ["PasswordLinkRecord", "WebSessionRecord", "WebSessionStore"]


class WebSessionRecord(Record, frozen=True, array_like=True):
    """A session of a user in one browser."""

    id: int
    hash: bytes
    user_id: int
    user_agent: str
    address: str
    created_us: int
    last_seen_us: int


class PasswordLinkRecord(Record, frozen=True, array_like=True):
    """A link to set a user's password, once."""

    hash: bytes
    user_id: int
    expires_us: int
    used_us: int | None


COLUMNS = select(WebSessionRecord, "web_sessions")
INSERT = insert(
    "web_sessions", "hash, user_id, user_agent, address, created_us, last_seen_us"
)
LINK_COLUMNS = select(PasswordLinkRecord, "password_links")

MOST_NETWORKS = 20
"""Networks stored for each user: those added last."""


class WebSessionStore(Store):
    """Reads and writes sessions, password links and networks."""

    async def add(
        self,
        session_hash: bytes,
        *,
        user_id: int,
        user_agent: str,
        address: str,
        now_us: int,
    ) -> int:
        """Store a session and return its id."""
        return await self._insert(
            INSERT, session_hash, user_id, user_agent, address, now_us, now_us
        )

    async def by_hash(self, session_hash: bytes) -> WebSessionRecord | None:
        """Return a session by its hash, expired or not."""
        sql = COLUMNS + "WHERE hash = ?"
        return await self._one(WebSessionRecord, sql, session_hash)

    async def of_user(self, user_id: int) -> list[WebSessionRecord]:
        """Return a user's sessions, the last used first."""
        sql = COLUMNS + "WHERE user_id = ? ORDER BY last_seen_us DESC, id DESC"
        return await self._all(WebSessionRecord, sql, user_id)

    async def touch(self, session_id: int, address: str, now_us: int) -> None:
        """Store when and from where a session was last used."""
        sql = "UPDATE web_sessions SET last_seen_us = ?, address = ? WHERE id = ?"
        await self._run(sql, now_us, address, session_id)

    async def end(self, user_id: int, session_id: int) -> None:
        """End one of a user's sessions."""
        sql = "DELETE FROM web_sessions WHERE id = ? AND user_id = ?"
        await self._run(sql, session_id, user_id)

    async def end_all(self, user_id: int, *, but: int | None = None) -> None:
        """End all of a user's sessions, or all but one."""
        sql = "DELETE FROM web_sessions WHERE user_id = ? AND id <> ?"
        await self._run(sql, user_id, but or 0)

    async def sweep(self, *, created_us: int, last_seen_us: int) -> None:
        """Delete sessions created before one time, or last used before another."""
        sql = "DELETE FROM web_sessions WHERE created_us < ? OR last_seen_us < ?"
        await self._run(sql, created_us, last_seen_us)

    async def add_link(self, link_hash: bytes, user_id: int, expires_us: int) -> None:
        """Store a password link in place of the user's earlier ones."""
        await self.remove_links(user_id)
        sql = "INSERT INTO password_links (hash, user_id, expires_us) VALUES (?, ?, ?)"
        await self._run(sql, link_hash, user_id, expires_us)

    async def link_by_hash(self, link_hash: bytes) -> PasswordLinkRecord | None:
        """Return a password link by its hash, even if it was used or has expired."""
        sql = LINK_COLUMNS + "WHERE hash = ?"
        return await self._one(PasswordLinkRecord, sql, link_hash)

    async def use_link(self, link_hash: bytes, now_us: int) -> None:
        """Store when a link was used."""
        sql = "UPDATE password_links SET used_us = ? WHERE hash = ?"
        await self._run(sql, now_us, link_hash)

    async def remove_links(self, user_id: int) -> None:
        """Delete a user's unused links."""
        sql = "DELETE FROM password_links WHERE user_id = ? AND used_us IS NULL"
        await self._run(sql, user_id)

    async def sweep_links(self, before_us: int) -> None:
        """Delete links that expired before a time."""
        await self._run("DELETE FROM password_links WHERE expires_us < ?", before_us)

    async def knows_network(self, user_id: int, network: str) -> bool:
        """Return whether a user has signed in from a network before."""
        sql = "SELECT 1 FROM known_networks WHERE user_id = ? AND network = ?"
        return await self._value(int, sql, user_id, network) is not None

    async def add_network(self, user_id: int, network: str, now_us: int) -> None:
        """Store a network that a user signed in from, and delete the oldest beyond the limit."""
        sql = "DELETE FROM known_networks WHERE user_id = ? AND network = ?"
        await self._run(sql, user_id, network)
        sql = "INSERT INTO known_networks (user_id, network, seen_us) VALUES (?, ?, ?)"
        await self._insert(sql, user_id, network, now_us)
        sql = (
            "DELETE FROM known_networks WHERE user_id = ? AND id <= (SELECT id"
            " FROM known_networks WHERE user_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)"
        )
        await self._run(sql, user_id, user_id, MOST_NETWORKS)

    async def remove_networks(self, user_id: int) -> None:
        """Delete the networks that a user signed in from."""
        await self._run("DELETE FROM known_networks WHERE user_id = ?", user_id)
