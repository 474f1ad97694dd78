"""Reads the next event of a route into the message that is sent: one message, or a summary."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence

import msgspec

from hipkit.relay.message import RelayMessage
from hipkit.relay.reading import read_posted
from hipkit.relay.routes.backlog import Range, RangeFinder
from hipkit.relay.routes.choosing import Chooser, read_posted_event
from hipkit.relay.routes.delivery import RouteDelivery
from hipkit.relay.routes.links import Links
from hipkit.relay.routes.route import Route
from hipkit.relay.routes.summary import SummaryWriter
from hipkit.server.events.posted import PostedMessage
from hipkit.server.services.context import Runtime
from hipkit.server.services.representations.urls import with_root
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.routes import RouteRecord, SummaryRecord

__all__ = ["Preparer", "is_single", "range_of"]

EVENTS_AT_ONCE = 200
"""Events of a long backlog that are in memory at once."""


class Preparer:
    """Prepares deliveries of routes.

    Args:
        runtime: The server's.
        links: Makes links to messages and files.
    """

    def __init__(self, runtime: Runtime, links: Links) -> None:
        self._database = runtime.database
        self._now_us = runtime.now_us
        self._root = (runtime.settings.public_url or "").rstrip("/")
        self._links = links

    async def prepare(
        self,
        stores: Stores,
        chooser: Chooser,
        route: Route,
        record: RouteRecord,
        event: EventRecord,
    ) -> RouteDelivery:
        """Return a route's next event as its target gets it."""
        summary = await stores.routes.summary(record.id)
        if summary is None or not range_of(summary).is_next(record.position, event.id):
            summary = None
            if route.backlog == "summarise" and record.recovered_us is not None:
                summary = await self._begin_summary(stores, chooser, record, event)
        if summary is not None:
            writer = await self._write_summary(stores, chooser, record, summary)
            message = writer.write(summary.message_id, summary.created_us)
            return RouteDelivery(
                subscription=record,
                event=event,
                route=route,
                message=message,
                stands_for=writer.count,
            )
        message = self._message(route, self.read(event))
        names = [file.key for file in message.files]
        if message.thread is not None:
            names.append(message.thread)
        references = await _references(stores, route, record, names) if names else {}
        return RouteDelivery(
            subscription=record,
            event=event,
            route=route,
            message=message,
            references=references,
        )

    def read(self, event: EventRecord) -> PostedMessage:
        """Return an event's content, with links that begin with the public address."""
        # Without a public address they lead nowhere, and are left out when the message is read.
        return read_posted_event(with_root(event.item, event.root, self._root))

    def _message(self, route: Route, posted: PostedMessage) -> RelayMessage:
        return read_posted(
            posted,
            label=route.label,
            title=route.title,
            mentions=route.mentions,
            link=self._links.message(posted),
            file_link=None if posted.file is None else self._links.file(posted),
        )

    async def _begin_summary(
        self,
        stores: Stores,
        chooser: Chooser,
        record: RouteRecord,
        event: EventRecord,
    ) -> SummaryRecord | None:
        """Store the range of a summary that begins with an event, if there is to be one."""
        recovered_us = record.recovered_us or 0
        is_over = event.created_us > recovered_us
        if is_single(record, event) and not is_over:
            return None
        found = None
        if not is_over:
            finder = RangeFinder(self._now_us())
            async for waiting in _taken(stores, chooser, record, after=event.id - 1):
                finder.add(
                    waiting.id, waiting.created_us, is_red=is_single(record, waiting)
                )
            found = finder.find()
        summary = None
        if found is not None:
            summary = SummaryRecord(
                route_id=record.id,
                message_id=str(uuid.uuid4()),
                first_event_id=found.first,
                last_event_id=found.last,
                created_us=self._now_us(),
            )

        async def command(stores: Stores) -> None:
            await stores.routes.set_recovered(record.id, None)
            if summary is not None:
                # The old range is forgotten: what it covers must be behind the position.
                await stores.subscriptions.advance(record.id, event.id - 1)
                await stores.routes.put_summary(summary)

        await self._database.write(command)
        return summary

    async def _write_summary(
        self,
        stores: Stores,
        chooser: Chooser,
        record: RouteRecord,
        summary: SummaryRecord,
    ) -> SummaryWriter:
        covered, writer = range_of(summary), SummaryWriter()
        async for event in _taken(
            stores, chooser, record, after=covered.first - 1, until=covered.last
        ):
            if event.id == covered.first or not is_single(record, event):
                posted = read_posted_event(event.item)
                writer.add(posted, self._links.message(posted))
        return writer


async def _taken(
    stores: Stores,
    chooser: Chooser,
    record: RouteRecord,
    *,
    after: int,
    until: int | None = None,
) -> AsyncIterator[EventRecord]:
    """Yield what waits for a route, a few events at a time: there may be 100,000."""
    while True:
        events = await stores.events.after(record, after, count=EVENTS_AT_ONCE)
        if not events:
            return
        taken = await chooser.taken(record.name, events)
        for event, is_taken in zip(events, taken, strict=True):
            if until is not None and event.id > until:
                return
            if event.only_for == record.id or (is_taken and event.only_for is None):
                yield event
        after = events[-1].id
        # Calls to the server go on meanwhile.
        await asyncio.sleep(0)


async def _references(
    stores: Stores, route: Route, record: RouteRecord, names: Sequence[str]
) -> dict[str, str]:
    """Return what messages, cards and files are called where a route leads, by their ids here."""
    keys = {route.key(name): name for name in names}
    found = await stores.routes.references(record.id, keys)
    return {keys[key]: reference for key, reference in found.items()}


def range_of(summary: SummaryRecord) -> Range:
    """Return the range of a stored summary."""
    return Range(summary.first_event_id, summary.last_event_id)


def is_single(record: RouteRecord, event: EventRecord) -> bool:
    """Return whether an event is in no summary: red, or sent again by the operator."""
    return event.only_for == record.id or _read_color(event.item).color == "red"


class _Colored(msgspec.Struct):
    """As much of a `PostedMessage` as it takes to know its color."""

    color: str | None = None


_read_color = msgspec.json.Decoder(_Colored).decode
