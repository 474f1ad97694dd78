"""Tokens and refresh tokens, of which only hashes are stored."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import astuple

from hipkit.server.storage.stores.grants import GrantStore
from hipkit.server.storage.stores.session import Record, Session, Store, insert, select

__all__ = ["NewToken", "RefreshRecord", "TokenRecord", "TokenStore"]


class NewToken(Record, frozen=True, array_like=True, kw_only=True):
    """A token to store."""

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
    """The refresh token that it came with, whose grant it belongs to."""


class TokenRecord(NewToken, frozen=True, array_like=True, kw_only=True):
    """A stored token."""

    id: int
    grant_id: int


class RefreshRecord(Record, frozen=True, array_like=True):
    """A refresh token, which is exchanged for new tokens of the same grant."""

    id: int
    user_id: int
    client_id: str | None
    """The client that has to authenticate, if any has to."""
    scopes: str
    expires_us: int | None
    grant_id: int
    granted_client_id: str | None
    """The client that the grant was given to."""
    room_id: int | None


COLUMNS = select(TokenRecord, "tokens")
INSERT = insert("tokens", NewToken, "created_us, grant_id")
VALID = "(expires_us IS NULL OR expires_us > ?)"

REFRESH_COLUMNS = select(
    RefreshRecord,
    "refresh_tokens JOIN grants ON grants.id = grant_id",
    id="refresh_tokens.id",
    user_id="refresh_tokens.user_id",
    client_id="refresh_tokens.client_id",
    granted_client_id="grants.client_id",
    room_id="grants.room_id",
)
INSERT_REFRESH = insert(
    "refresh_tokens", "hash, user_id, client_id, scopes, expires_us, grant_id"
)


class TokenStore(Store):
    """Reads and writes tokens and refresh tokens."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._grants = GrantStore(session)

    async def by_hash(self, token_hash: bytes) -> TokenRecord | None:
        """Return a token by its hash, expired or not."""
        return await self._one(TokenRecord, COLUMNS + "WHERE hash = ?", token_hash)

    async def get(self, token_id: int) -> TokenRecord | None:
        """Return a token by its id, expired or not."""
        return await self._one(TokenRecord, COLUMNS + "WHERE id = ?", token_id)

    async def of_user(self, user_id: int, *, now_us: int = 0) -> list[TokenRecord]:
        """Return the tokens of a user that are valid at a time, the newest first."""
        sql = COLUMNS + f"WHERE user_id = ? AND {VALID} ORDER BY id DESC"
        return await self._all(TokenRecord, sql, user_id, now_us)

    async def of_rooms(
        self, group_id: int, kind: str, *, now_us: int = 0
    ) -> list[TokenRecord]:
        """Return the valid tokens of a kind that are limited to one room, the newest first."""
        sql = (
            COLUMNS + "WHERE room_id IS NOT NULL AND group_id = ? AND kind = ?"
            f" AND {VALID} ORDER BY id DESC"
        )
        return await self._all(TokenRecord, sql, group_id, kind, now_us)

    async def of_group(self, group_id: int, *, now_us: int = 0) -> list[TokenRecord]:
        """Return the valid tokens of a group, the oldest first."""
        sql = COLUMNS + f"WHERE group_id = ? AND {VALID} ORDER BY id"
        return await self._all(TokenRecord, sql, group_id, now_us)

    async def add(
        self, token: NewToken, now_us: int, *, parent_id: int | None = None
    ) -> int:
        """Store a token and return its id.

        Without a refresh token it gets its own grant, below that of the credential that it was
        issued for, `parent_id`.
        """
        if token.refresh_id is not None:
            sql = "SELECT grant_id FROM refresh_tokens WHERE id = ?"
            grant_id = await self._value(int, sql, token.refresh_id)
        else:
            grant_id = await self._grants.add(
                parent_id=parent_id,
                user_id=token.user_id,
                client_id=token.client_id,
                room_id=token.room_id,
            )
        return await self._insert(INSERT, *astuple(token), now_us, grant_id)

    async def end_beyond(self, client_id: str, scopes: Collection[str]) -> None:
        """End the grants of a client's codes, tokens and refresh tokens that have other scopes."""
        kept = frozenset(scopes)
        for sql in (
            "SELECT grant_id, scopes FROM authorization_codes WHERE client_id = ?",
            "SELECT grant_id, scopes FROM tokens WHERE client_id = ?",
            "SELECT grant_id, scopes FROM refresh_tokens WHERE grant_id IN"
            " (SELECT id FROM grants WHERE client_id = ?)",
        ):
            for grant_id, had in await self._all(tuple[int, str], sql, client_id):
                if not kept.issuperset(had.split()):
                    await self._grants.end(grant_id)

    async def revoke(self, token: TokenRecord) -> None:
        """End a token's grant: with it go the tokens that it issued, and its refresh token."""
        await self._grants.end(token.grant_id)

    async def sweep(self, before_us: int) -> int:
        """Delete tokens that expired before a time, and return how many."""
        sql = "DELETE FROM authorization_codes WHERE expires_us < ?"
        await self._run(sql, before_us)
        removed = await self._run("DELETE FROM tokens WHERE expires_us < ?", before_us)
        # A refresh token stays as long as its last token, which may expire after it.
        await self._run(
            "DELETE FROM refresh_tokens WHERE expires_us < ? AND NOT EXISTS (SELECT 1"
            " FROM tokens WHERE tokens.grant_id = refresh_tokens.grant_id)",
            before_us,
        )
        return removed

    async def add_refresh(
        self,
        refresh_hash: bytes,
        *,
        user_id: int,
        client_id: str | None,
        scopes: str,
        expires_us: int | None,
        grant_id: int | None = None,
    ) -> int:
        """Store a refresh token, with its own grant if none is given, and return its id."""
        if grant_id is None:
            grant_id = await self._grants.add(user_id=user_id, client_id=client_id)
        values = (refresh_hash, user_id, client_id, scopes, expires_us, grant_id)
        return await self._insert(INSERT_REFRESH, *values)

    async def refresh_by_hash(self, refresh_hash: bytes) -> RefreshRecord | None:
        """Return a refresh token by its hash."""
        sql = REFRESH_COLUMNS + "WHERE hash = ?"
        return await self._one(RefreshRecord, sql, refresh_hash)

    async def refreshes_of_user(self, user_id: int) -> list[RefreshRecord]:
        """Return the refresh tokens of a user, the newest first."""
        sql = (
            REFRESH_COLUMNS
            + "WHERE refresh_tokens.user_id = ? ORDER BY refresh_tokens.id DESC"
        )
        return await self._all(RefreshRecord, sql, user_id)

    async def revoke_refresh(self, user_id: int, refresh_id: int) -> None:
        """End the grant of a user's refresh token, and so all its tokens."""
        for refresh in await self.refreshes_of_user(user_id):
            if refresh.id == refresh_id:
                await self._grants.end(refresh.grant_id)
