"""OAuth clients: programs and add-ons that fetch tokens of their own."""

from __future__ import annotations

from hipkit.server.storage.session import Record, Session

__all__ = ["ClientRecord", "ClientStore", "CodeRecord"]


class ClientRecord(Record, frozen=True, array_like=True):
    """An OAuth client, of a whole group or of one room."""

    id: str
    group_id: int
    room_id: int | None
    name: str
    secret_hash: bytes
    scopes: str
    redirect_uris: str


class CodeRecord(Record, frozen=True, array_like=True):
    """An authorization code: a person's yes, to be exchanged once for a token."""

    user_id: int
    client_id: str
    scopes: str
    redirect_uri: str
    expires_us: int


class ClientStore:
    """Reads and writes OAuth clients and authorization codes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, client_id: str) -> ClientRecord | None:
        """Return a client by its id."""
        return await self._session.one(
            ClientRecord,
            "SELECT id, group_id, room_id, name, secret_hash, scopes, redirect_uris"
            " FROM oauth_clients WHERE id = ?",
            client_id,
        )

    async def add(self, client: ClientRecord, now_us: int) -> None:
        """Add a client."""
        await self._session.run(
            "INSERT INTO oauth_clients (id, group_id, room_id, name, secret_hash, scopes,"
            " redirect_uris, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            client.id,
            client.group_id,
            client.room_id,
            client.name,
            client.secret_hash,
            client.scopes,
            client.redirect_uris,
            now_us,
        )

    async def delete(self, client_id: str) -> bool:
        """Remove a client with its tokens and codes, and say whether there was one."""
        await self._session.run("DELETE FROM tokens WHERE client_id = ?", client_id)
        await self._session.run(
            "DELETE FROM refresh_tokens WHERE client_id = ?", client_id
        )
        await self._session.run(
            "DELETE FROM authorization_codes WHERE client_id = ?", client_id
        )
        return (
            await self._session.run("DELETE FROM oauth_clients WHERE id = ?", client_id)
            > 0
        )

    async def add_code(self, code_hash: bytes, code: CodeRecord) -> None:
        """Keep an authorization code by its hash."""
        await self._session.run(
            "INSERT INTO authorization_codes (hash, user_id, client_id, scopes,"
            " redirect_uri, expires_us) VALUES (?, ?, ?, ?, ?, ?)",
            code_hash,
            code.user_id,
            code.client_id,
            code.scopes,
            code.redirect_uri,
            code.expires_us,
        )

    async def take_code(self, code_hash: bytes) -> CodeRecord | None:
        """Return a code and forget it: it is good for one exchange."""
        code = await self._session.one(
            CodeRecord,
            "SELECT user_id, client_id, scopes, redirect_uri, expires_us"
            " FROM authorization_codes WHERE hash = ?",
            code_hash,
        )
        await self._session.run(
            "DELETE FROM authorization_codes WHERE hash = ?", code_hash
        )
        return code
