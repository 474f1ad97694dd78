"""What an operator watches: routes and webhooks with what waits for them, and how much is stored.

For metrics and `hipkit admin status`. It covers the whole server, whichever group things are of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.routes import RouteRecord, WaitingRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionSummary
from hipkit.server.storage.stores.webhooks import WEBHOOK

__all__ = ["RouteBacklog", "ServerStatus", "read_status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteBacklog:
    """A route of the relay, and what is behind its position."""

    record: RouteRecord
    waiting: WaitingRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What is stored, and what waits."""

    routes: Sequence[RouteBacklog]
    """Those of the file, in its order; among them the one without a name, which counts what no
    route takes, and not those that were removed from it."""
    webhooks: SubscriptionSummary
    database_bytes: int
    """What the tables take."""
    file_bytes: int
    """What shared files and pictures take."""


async def read_status(database: Database, *, seconds: float) -> ServerStatus:
    """Read the status, outside the event loop: to count a long backlog takes a while.

    Raises:
        StorageError: The database cannot be read within `seconds`.
    """

    async def query(stores: Stores) -> ServerStatus:
        return ServerStatus(
            routes=[
                RouteBacklog(record=record, waiting=await stores.routes.waiting(record))
                for record in await stores.routes.all()
                if record.removed_us is None
            ],
            webhooks=await stores.subscriptions.summary(WEBHOOK),
            database_bytes=used_bytes,
            file_bytes=await stores.groups.all_file_bytes(),
        )

    used_bytes = await database.used_bytes()
    return await database.scan(query, seconds=seconds)
