"""Secrets by which a server knows again what it has signed."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Store

__all__ = ["ServerKeyStore"]


class ServerKeyStore(Store):
    """Reads and writes the server's own secrets."""

    async def get(self, purpose: str) -> str | None:
        """Return the secret for a purpose."""
        sql = "SELECT secret FROM server_keys WHERE purpose = ?"
        return await self._value(str, sql, purpose)

    async def add(self, purpose: str, secret: str) -> None:
        """Store the secret for a purpose, unless there is one."""
        sql = (
            "INSERT INTO server_keys (purpose, secret) VALUES (?, ?)"
            " ON CONFLICT DO NOTHING"
        )
        await self._run(sql, purpose, secret)
