"""OAuth clients, and the authorization codes that were issued to them."""

from __future__ import annotations

from msgspec.structs import astuple

from hipkit.server.storage.stores.grants import GrantStore
from hipkit.server.storage.stores.session import Record, Store, insert, select

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
    from_name: str | None = None
    """The sender's name in its messages, where that is not its own name."""

    @property
    def sender_name(self) -> str:
        """The sender's name in its messages."""
        return self.from_name or self.name


class CodeRecord(Record, frozen=True, array_like=True):
    """An authorization code: a user's consent, which is exchanged once for a token."""

    user_id: int
    client_id: str
    scopes: str
    redirect_uri: str
    expires_us: int
    grant_id: int | None = None
    """The grant of the token to come, with the user, client and room of the consent."""


COLUMNS = select(ClientRecord, "oauth_clients")
INSERT = insert("oauth_clients", ClientRecord, "created_us, signing_secret")
CODE_COLUMNS = select(CodeRecord, "authorization_codes")
INSERT_CODE = insert("authorization_codes", "hash", CodeRecord)


class ClientStore(Store):
    """Reads and writes OAuth clients and authorization codes."""

    async def get(self, client_id: str) -> ClientRecord | None:
        """Return a client by its id."""
        return await self._one(ClientRecord, COLUMNS + "WHERE id = ?", client_id)

    async def of_group(self, group_id: int) -> list[ClientRecord]:
        """Return every client of a group, the oldest first."""
        sql = COLUMNS + "WHERE group_id = ? ORDER BY created_us, id"
        return await self._all(ClientRecord, sql, group_id)

    async def add(
        self, client: ClientRecord, now_us: int, *, signing_secret: str | None = None
    ) -> None:
        """Add a client, with its secret if events are to be signed for it."""
        await self._run(INSERT, *astuple(client), now_us, signing_secret)

    async def change(self, client: ClientRecord) -> None:
        """Store another name, other scopes and redirect URIs for a client."""
        sql = (
            "UPDATE oauth_clients SET name = ?, scopes = ?, redirect_uris = ?,"
            " from_name = ? WHERE id = ?"
        )
        changed = (client.name, client.scopes, client.redirect_uris, client.from_name)
        await self._run(sql, *changed, client.id)

    async def signing_secret(self, client_id: str) -> str | None:
        """Return the secret that events are signed with; not every client has one."""
        sql = "SELECT signing_secret FROM oauth_clients WHERE id = ?"
        return await self._value(str, sql, client_id)

    async def delete(self, client_id: str) -> bool:
        """Delete a client with all that is its own, and return whether it existed."""
        await self._run("DELETE FROM installables WHERE client_id = ?", client_id)
        await self._run("DELETE FROM webhooks WHERE client_id = ?", client_id)
        await GrantStore(self._session).end_of_client(client_id)
        return await self._run("DELETE FROM oauth_clients WHERE id = ?", client_id) > 0

    async def add_code(self, code_hash: bytes, code: CodeRecord) -> None:
        """Store an authorization code by its hash."""
        await self._run(INSERT_CODE, code_hash, *astuple(code))

    async def take_code(self, code_hash: bytes) -> CodeRecord | None:
        """Return a code and delete it: it may be exchanged only once."""
        code = await self._one(CodeRecord, CODE_COLUMNS + "WHERE hash = ?", code_hash)
        await self._run("DELETE FROM authorization_codes WHERE hash = ?", code_hash)
        return code
