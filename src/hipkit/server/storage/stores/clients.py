"""OAuth clients, and the authorization codes that were issued to them."""

from __future__ import annotations

from hipkit.server.storage.stores.grants import GrantStore
from hipkit.server.storage.stores.session import Record, Session

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
    """An authorization code: a user's consent, which is exchanged once for a token."""

    user_id: int
    client_id: str
    scopes: str
    redirect_uri: str
    expires_us: int
    grant_id: int | None = None
    """The grant of the token to come, with the user, client and room of the consent."""


COLUMNS = (
    "SELECT id, group_id, room_id, name, secret_hash, scopes, redirect_uris"
    " FROM oauth_clients "
)


class ClientStore:
    """Reads and writes OAuth clients and authorization codes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, client_id: str) -> ClientRecord | None:
        """Return a client by its id."""
        return await self._session.one(
            ClientRecord, COLUMNS + "WHERE id = ?", client_id
        )

    async def of_group(self, group_id: int) -> list[ClientRecord]:
        """Return every client of a group, the oldest first."""
        return await self._session.all(
            ClientRecord,
            COLUMNS + "WHERE group_id = ? ORDER BY created_us, id",
            group_id,
        )

    async def add(
        self, client: ClientRecord, now_us: int, *, signing_secret: str | None = None
    ) -> None:
        """Add a client, with its secret if events are to be signed for it."""
        await self._session.run(
            "INSERT INTO oauth_clients (id, group_id, room_id, name, secret_hash, scopes,"
            " redirect_uris, created_us, signing_secret)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            client.id,
            client.group_id,
            client.room_id,
            client.name,
            client.secret_hash,
            client.scopes,
            client.redirect_uris,
            now_us,
            signing_secret,
        )

    async def signing_secret(self, client_id: str) -> str | None:
        """Return the secret that events are signed with; not every client has one."""
        row = await self._session.one(
            tuple[str | None],
            "SELECT signing_secret FROM oauth_clients WHERE id = ?",
            client_id,
        )
        return row[0] if row else None

    async def delete(self, client_id: str) -> bool:
        """Delete a client with its webhooks and grants, and return whether it existed."""
        await self._session.run("DELETE FROM webhooks WHERE client_id = ?", client_id)
        await GrantStore(self._session).end_of_client(client_id)
        return (
            await self._session.run("DELETE FROM oauth_clients WHERE id = ?", client_id)
            > 0
        )

    async def add_code(self, code_hash: bytes, code: CodeRecord) -> None:
        """Store an authorization code by its hash."""
        await self._session.run(
            "INSERT INTO authorization_codes (hash, user_id, client_id, scopes,"
            " redirect_uri, expires_us, grant_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
            code_hash,
            code.user_id,
            code.client_id,
            code.scopes,
            code.redirect_uri,
            code.expires_us,
            code.grant_id,
        )

    async def take_code(self, code_hash: bytes) -> CodeRecord | None:
        """Return a code and delete it: it may be exchanged only once."""
        code = await self._session.one(
            CodeRecord,
            "SELECT user_id, client_id, scopes, redirect_uri, expires_us, grant_id"
            " FROM authorization_codes WHERE hash = ?",
            code_hash,
        )
        await self._session.run(
            "DELETE FROM authorization_codes WHERE hash = ?", code_hash
        )
        return code
