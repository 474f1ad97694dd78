"""Which of the server's events are messages that a route takes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import msgspec

from hipkit.relay.routes.route import Route, takers
from hipkit.server.events.posted import PostedMessage
from hipkit.server.storage.stores.events import EventRecord

__all__ = ["NO_ROUTE", "Chooser", "read_posted_event"]

NO_ROUTE = ""
"""The name of the subscription that counts what no route takes. No route can be named like this."""

MOST_KNOWN = 5_000
"""Events whose takers are kept: all routes ask for the same ones, one after the other."""

read_posted_event = msgspec.json.Decoder(PostedMessage).decode


class Chooser:
    """Decides which events each route takes, all by the same list of routes.

    Args:
        routes: The routes, in the order of the file.
        bridges: By the id of a token, the name of the route whose bridge it belongs to.
        matcher: Where texts are searched for patterns: they may use their whole time limit, and
            calls would wait for it.
    """

    def __init__(
        self, routes: Sequence[Route], bridges: Mapping[str, str], matcher: Executor
    ) -> None:
        self._routes = tuple(routes)
        self._bridges = dict(bridges)
        self._known: OrderedDict[int, frozenset[str]] = OrderedDict()
        self._has_patterns = any(route.when.text is not None for route in routes)
        self._matcher = matcher

    async def taken(self, name: str, events: Sequence[EventRecord]) -> list[bool]:
        """Return for each event whether a route takes it; `NO_ROUTE` takes what none does."""
        found = {
            event.id: self._known[event.id]
            for event in events
            if event.id in self._known
        }
        unknown = [event for event in events if event.id not in found]
        if unknown and self._has_patterns:
            loop = asyncio.get_running_loop()
            new = await loop.run_in_executor(self._matcher, self._find, unknown)
        else:
            new = self._find(unknown)
        found |= new
        self._known |= new
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return [name in found[event.id] for event in events]

    def _find(self, events: Sequence[EventRecord]) -> dict[int, frozenset[str]]:
        return {event.id: self._takers(event) for event in events}

    def _takers(self, event: EventRecord) -> frozenset[str]:
        try:
            message = read_posted_event(event.item)
        except msgspec.MsgspecError:
            # All routes show that they could not read it: none would hide it.
            return frozenset(route.name for route in self._routes)
        bridge = None if message.token is None else self._bridges.get(message.token)
        taking = takers(self._routes, message, text=event.text, bridge=bridge)
        names = frozenset(route.name for route in taking)
        if names or bridge is not None or message.room is None:
            return names
        return frozenset({NO_ROUTE})
