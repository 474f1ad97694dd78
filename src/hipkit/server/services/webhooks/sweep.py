"""Keeps the outbox small: removes what nobody waits for, and what has waited for too long."""

from __future__ import annotations

from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Database, Stores

__all__ = ["MOST_WAITING", "WAITING_SECONDS", "OutboxSweep", "sweep_outbox"]


WAITING_SECONDS = 3 * 24 * 60 * 60
"""An event that waits for longer is dropped."""

MOST_WAITING = 10_000
"""Of the events of one kind in one room; the oldest beyond it are dropped."""

STEP_EVENTS = 1_000


class OutboxSweep:
    """Goes through the outbox in small steps, as long as there may be something to remove."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position = 0
        self._has_removed = False
        self.has_work = True

    async def step(self) -> bool:
        """Remove what nobody waits for among some events, and say whether there is more to do."""
        if not self.has_work:
            return False
        position = self._position
        removed, self._position = await self._database.write(
            lambda stores: stores.events.sweep(position, STEP_EVENTS)
        )
        self._has_removed = self._has_removed or removed > 0
        if self._position == 0:
            # Once through: another round is worth it only where this one found something.
            self.has_work, self._has_removed = self._has_removed, False
        return self.has_work


async def sweep_outbox(database: Database, earliest_us: int) -> None:
    """Drop what has waited for too long, and remove what nobody waits for.

    `earliest_us` is what time it is at the least: no event is lost to a clock that is ahead.
    """
    kinds = await database.scan(lambda stores: stores.subscriptions.streams())
    before_us = earliest_us - WAITING_SECONDS * SECOND_US
    for kind in kinds:

        async def drop(
            stores: Stores, kind: tuple[int, int | None, str] = kind
        ) -> None:
            group_id, room_id, event = kind
            last = await stores.events.last_to_drop(
                group_id, room_id, event, before_us=before_us, most=MOST_WAITING
            )
            if last is not None:
                await stores.subscriptions.drop_waiting(
                    group_id,
                    room_id,
                    event,
                    position=last.id,
                    dropped_us=last.created_us,
                )

        await database.write(drop)
    await database.write(lambda stores: stores.subscriptions.delete_ended())
    sweep = OutboxSweep(database)
    while await sweep.step():
        pass
