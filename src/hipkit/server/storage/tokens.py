"""Tokens, known by their hashes alone."""

from __future__ import annotations

from hipkit.server.storage.session import Record, Session

__all__ = ["NewToken", "RefreshRecord", "TokenRecord", "TokenStore"]


class NewToken(Record, frozen=True, array_like=True, kw_only=True):
    """A token to be stored."""

    hash: bytes
    kind: str
    group_id: int
    user_id: int | None = None
    client_id: str | None = None
    room_id: int | None = None
    scopes: str
    name: str = ""
    expires_us: int | None
    refresh_id: int | None = None


class TokenRecord(Record, frozen=True, array_like=True):
    """A stored token."""

    id: int
    hash: bytes
    kind: str
    group_id: int
    user_id: int | None
    client_id: str | None
    room_id: int | None
    scopes: str
    name: str
    expires_us: int | None
    refresh_id: int | None


class RefreshRecord(Record, frozen=True, array_like=True):
    """A refresh token: good for new tokens of the same person and client."""

    id: int
    user_id: int
    client_id: str | None
    scopes: str
    expires_us: int | None


COLUMNS = (
    "SELECT id, hash, kind, group_id, user_id, client_id, room_id, scopes, name,"
    " expires_us, refresh_id FROM tokens "
)


REFRESH_COLUMNS = (
    "SELECT id, user_id, client_id, scopes, expires_us FROM refresh_tokens "
)


class TokenStore:
    """Reads and writes tokens and refresh tokens."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def by_hash(self, token_hash: bytes) -> TokenRecord | None:
        """Return a token by its hash, expired or not."""
        return await self._session.one(
            TokenRecord, COLUMNS + "WHERE hash = ?", token_hash
        )

    async def get(self, token_id: int) -> TokenRecord | None:
        """Return a token by its number, expired or not."""
        return await self._session.one(TokenRecord, COLUMNS + "WHERE id = ?", token_id)

    async def of_user(self, user_id: int) -> list[TokenRecord]:
        """Return every token that acts for a user, the newest first."""
        return await self._session.all(
            TokenRecord, COLUMNS + "WHERE user_id = ? ORDER BY id DESC", user_id
        )

    async def of_rooms(self, group_id: int, kind: str) -> list[TokenRecord]:
        """Return every token of a kind that is bound to a room, the newest first."""
        return await self._session.all(
            TokenRecord,
            COLUMNS + "WHERE room_id IS NOT NULL AND group_id = ? AND kind = ?"
            " ORDER BY id DESC",
            group_id,
            kind,
        )

    async def of_group(self, group_id: int) -> list[TokenRecord]:
        """Return every token of a group, oldest first."""
        return await self._session.all(
            TokenRecord, COLUMNS + "WHERE group_id = ? ORDER BY id", group_id
        )

    async def add(self, token: NewToken, now_us: int) -> int:
        """Store a token and return the number that administrators know it by."""
        return await self._session.insert(
            "INSERT INTO tokens (hash, kind, group_id, user_id, client_id, room_id, scopes,"
            " name, created_us, expires_us, refresh_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            token.hash,
            token.kind,
            token.group_id,
            token.user_id,
            token.client_id,
            token.room_id,
            token.scopes,
            token.name,
            now_us,
            token.expires_us,
            token.refresh_id,
        )

    async def revoke(self, token: TokenRecord) -> None:
        """End a token, and the refresh token that could replace it."""
        await self._session.run("DELETE FROM tokens WHERE id = ?", token.id)
        if token.refresh_id is not None:
            await self._session.run(
                "DELETE FROM tokens WHERE refresh_id = ?", token.refresh_id
            )
            await self._session.run(
                "DELETE FROM refresh_tokens WHERE id = ?", token.refresh_id
            )

    async def revoke_of_user(self, user_id: int) -> None:
        """End everything that acts for a user."""
        await self._session.run("DELETE FROM tokens WHERE user_id = ?", user_id)
        await self._session.run("DELETE FROM refresh_tokens WHERE user_id = ?", user_id)
        await self._session.run(
            "DELETE FROM authorization_codes WHERE user_id = ?", user_id
        )

    async def revoke_of_room(self, room_id: int) -> None:
        """End every token that is bound to a room."""
        await self._session.run("DELETE FROM tokens WHERE room_id = ?", room_id)

    async def sweep(self, before_us: int) -> int:
        """Remove tokens that ended before a moment, and return how many."""
        await self._session.run(
            "DELETE FROM authorization_codes WHERE expires_us < ?", before_us
        )
        return await self._session.run(
            "DELETE FROM tokens WHERE expires_us < ?", before_us
        )

    async def add_refresh(
        self,
        refresh_hash: bytes,
        *,
        user_id: int,
        client_id: str | None,
        scopes: str,
        expires_us: int | None,
    ) -> int:
        """Store a refresh token and return its number."""
        return await self._session.insert(
            "INSERT INTO refresh_tokens (hash, user_id, client_id, scopes, expires_us)"
            " VALUES (?, ?, ?, ?, ?)",
            refresh_hash,
            user_id,
            client_id,
            scopes,
            expires_us,
        )

    async def refresh_by_hash(self, refresh_hash: bytes) -> RefreshRecord | None:
        """Return a refresh token by its hash."""
        return await self._session.one(
            RefreshRecord, REFRESH_COLUMNS + "WHERE hash = ?", refresh_hash
        )

    async def refreshes_of_user(self, user_id: int) -> list[RefreshRecord]:
        """Return every refresh token that acts for a user, the newest first."""
        return await self._session.all(
            RefreshRecord,
            REFRESH_COLUMNS + "WHERE user_id = ? ORDER BY id DESC",
            user_id,
        )

    async def revoke_refresh(self, user_id: int, refresh_id: int) -> None:
        """End a user's refresh token, and the tokens that it was exchanged for."""
        await self._session.run(
            "DELETE FROM tokens WHERE refresh_id = ? AND user_id = ?",
            refresh_id,
            user_id,
        )
        await self._session.run(
            "DELETE FROM refresh_tokens WHERE id = ? AND user_id = ?",
            refresh_id,
            user_id,
        )
