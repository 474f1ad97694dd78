"""Web sessions, one-time links to set a password, and networks that users signed in from.

Of the secrets in sessions and links only hashes are stored.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Session

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


COLUMNS = (
    "SELECT id, hash, user_id, user_agent, address, created_us, last_seen_us"
    " FROM web_sessions "
)


MOST_NETWORKS = 20
"""Networks stored for each user: those added last."""


class WebSessionStore:
    """Reads and writes sessions, password links and networks."""

    def __init__(self, session: Session) -> None:
        self._session = session

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
        return await self._session.insert(
            "INSERT INTO web_sessions (hash, user_id, user_agent, address, created_us,"
            " last_seen_us) VALUES (?, ?, ?, ?, ?, ?)",
            session_hash,
            user_id,
            user_agent,
            address,
            now_us,
            now_us,
        )

    async def by_hash(self, session_hash: bytes) -> WebSessionRecord | None:
        """Return a session by its hash, expired or not."""
        return await self._session.one(
            WebSessionRecord, COLUMNS + "WHERE hash = ?", session_hash
        )

    async def of_user(self, user_id: int) -> list[WebSessionRecord]:
        """Return a user's sessions, the last used first."""
        return await self._session.all(
            WebSessionRecord,
            COLUMNS + "WHERE user_id = ? ORDER BY last_seen_us DESC, id DESC",
            user_id,
        )

    async def touch(self, session_id: int, address: str, now_us: int) -> None:
        """Store when and from where a session was last used."""
        await self._session.run(
            "UPDATE web_sessions SET last_seen_us = ?, address = ? WHERE id = ?",
            now_us,
            address,
            session_id,
        )

    async def end(self, user_id: int, session_id: int) -> None:
        """End one of a user's sessions."""
        await self._session.run(
            "DELETE FROM web_sessions WHERE id = ? AND user_id = ?", session_id, user_id
        )

    async def end_all(self, user_id: int, *, but: int | None = None) -> None:
        """End all of a user's sessions, or all but one."""
        await self._session.run(
            "DELETE FROM web_sessions WHERE user_id = ? AND id <> ?", user_id, but or 0
        )

    async def sweep(self, *, created_us: int, last_seen_us: int) -> None:
        """Delete sessions created before one time, or last used before another."""
        await self._session.run(
            "DELETE FROM web_sessions WHERE created_us < ? OR last_seen_us < ?",
            created_us,
            last_seen_us,
        )

    async def add_link(self, link_hash: bytes, user_id: int, expires_us: int) -> None:
        """Store a password link in place of the user's earlier ones."""
        await self.remove_links(user_id)
        await self._session.run(
            "INSERT INTO password_links (hash, user_id, expires_us) VALUES (?, ?, ?)",
            link_hash,
            user_id,
            expires_us,
        )

    async def link_by_hash(self, link_hash: bytes) -> PasswordLinkRecord | None:
        """Return a password link by its hash, even if it was used or has expired."""
        return await self._session.one(
            PasswordLinkRecord,
            "SELECT hash, user_id, expires_us, used_us FROM password_links"
            " WHERE hash = ?",
            link_hash,
        )

    async def use_link(self, link_hash: bytes, now_us: int) -> None:
        """Store when a link was used."""
        await self._session.run(
            "UPDATE password_links SET used_us = ? WHERE hash = ?", now_us, link_hash
        )

    async def remove_links(self, user_id: int) -> None:
        """Delete a user's unused links."""
        await self._session.run(
            "DELETE FROM password_links WHERE user_id = ? AND used_us IS NULL", user_id
        )

    async def sweep_links(self, before_us: int) -> None:
        """Delete links that expired before a time."""
        await self._session.run(
            "DELETE FROM password_links WHERE expires_us < ?", before_us
        )

    async def knows_network(self, user_id: int, network: str) -> bool:
        """Return whether a user has signed in from a network before."""
        found = await self._session.one(
            tuple[int],
            "SELECT 1 FROM known_networks WHERE user_id = ? AND network = ?",
            user_id,
            network,
        )
        return found is not None

    async def add_network(self, user_id: int, network: str, now_us: int) -> None:
        """Store a network that a user signed in from, and delete the oldest beyond the limit."""
        await self._session.run(
            "DELETE FROM known_networks WHERE user_id = ? AND network = ?",
            user_id,
            network,
        )
        await self._session.insert(
            "INSERT INTO known_networks (user_id, network, seen_us) VALUES (?, ?, ?)",
            user_id,
            network,
            now_us,
        )
        await self._session.run(
            "DELETE FROM known_networks WHERE user_id = ? AND id <= (SELECT id"
            " FROM known_networks WHERE user_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            user_id,
            user_id,
            MOST_NETWORKS,
        )

    async def remove_networks(self, user_id: int) -> None:
        """Delete the networks that a user signed in from."""
        await self._session.run("DELETE FROM known_networks WHERE user_id = ?", user_id)
