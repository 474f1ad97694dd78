"""What the time was when something was last stored: a second opinion for a clock that is wrong."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Store

__all__ = ["SECOND_US", "TimestampStore"]

SECOND_US = 1_000_000

LAST_ADDED = (
    ("sent_us", "messages", "sequence"),
    ("created_us", "tokens", "id"),
    ("created_us", "files", "id"),
    ("created_us", "events", "id"),
    ("tried_us", "deliveries", "id"),
    ("seen_us", "known_networks", "id"),
    ("created_us", "users", "id"),
    ("created_us", "rooms", "id"),
)
"""Tables that may be long, whose last row has the newest timestamp: column, table, key."""

NEWEST = " UNION ALL ".join(
    [
        f"SELECT * FROM (SELECT {column} AS us FROM {table} ORDER BY {key} DESC LIMIT 1) AS {table}"  # noqa: S608 - texts of our own
        for column, table, key in LAST_ADDED
    ]
    + ["SELECT MAX(last_seen_us) FROM web_sessions"]
)


class TimestampStore(Store):
    """Reads timestamps, whatever they belong to."""

    async def newest(self) -> int | None:
        """Return the newest timestamp that the database holds; `None` where there is none."""
        sql = f"SELECT MAX(us) FROM ({NEWEST}) AS newest"  # noqa: S608 - as above
        return await self._value(int, sql)
