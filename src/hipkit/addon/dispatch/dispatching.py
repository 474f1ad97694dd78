"""From a stored event to its handler, and from the handler's result to the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from logging import getLogger
from typing import cast

from hipkit.addon.descriptor.identity import Identity
from hipkit.addon.dispatch.calling import call_function, call_handler
from hipkit.addon.handlers.commands import UsageError
from hipkit.addon.handlers.events import RoomEvent, RoomNotification, to_room_event
from hipkit.addon.handlers.handler import (
    NO_GROUPS,
    OF_EVENTS,
    Factories,
    Groups,
    Handler,
)
from hipkit.addon.handlers.registry import Failure, Registry
from hipkit.addon.handlers.replies import Reply, to_operation
from hipkit.addon.handlers.views import ViewRequest
from hipkit.addon.installations.installation import Installation
from hipkit.api.callbacks import is_async
from hipkit.v2.models import Room, Sender
from hipkit.v2.rooms import SendRoomNotification
from hipkit.webhooks import WebhookEvent

__all__ = ["Caller", "Dispatcher", "is_own"]

LOGGER = getLogger("hipkit.addon")

Subject = RoomEvent | ViewRequest | Installation


class Caller:
    """For whom handlers are called: an installation, or a client that polls.

    Args:
        factories: The values that are passed by type, besides those of the event.
        send: Sends a reply.
        installation: The installation; `None` while polling.
        label: Label of replies, next to the sender's name. Defaults to none.
    """

    def __init__(
        self,
        factories: Factories,
        send: Callable[[SendRoomNotification], Awaitable[None]],
        *,
        installation: Installation | None,
        label: str | None = None,
    ) -> None:
        self._factories = factories
        self.send = send
        self.installation = installation
        self.label = label

    def has(self, kind: type) -> bool:
        """Return whether handlers of events may ask for a type."""
        return kind in self._factories or kind in OF_EVENTS

    def factories_for(self, subject: Subject) -> Factories:
        """Return what handlers may ask for by type."""
        if not isinstance(subject, RoomEvent):
            return self._factories
        return {
            **self._factories,
            Room: lambda: subject.room,
            Sender: lambda: subject.sender,
        }


class Dispatcher:
    """Calls handlers, sends their replies, and reports their failures.

    Args:
        identity: Who the add-on is.
        registry: Its handlers.
        threads: Where handlers run that are not async.
    """

    def __init__(
        self, identity: Identity, registry: Registry, threads: Executor
    ) -> None:
        self._identity = identity
        self._registry = registry
        self._threads = threads

    async def handle(
        self, handler: Handler, event: WebhookEvent, caller: Caller
    ) -> None:
        """Call the handler of an event and send its reply. Raises for nothing the handler did."""
        subject = to_room_event(event)
        # A log of a failure may show the variables here, and this one shows what was written.
        del event
        if subject is None or is_own(subject, self._identity, caller.installation):
            return
        groups = handler.match(subject)
        if groups is None:
            # HipChat searches for the pattern too, whose regular expressions may differ a little.
            LOGGER.debug("%s: an event does not match its pattern", handler.key)
            return
        try:
            try:
                reply = await self.call(handler, subject, caller, groups)
            except UsageError as error:
                reply = str(error)
            await self._reply(reply, subject, caller)
        except Exception as error:
            await self._report(error, handler.key, subject, caller)

    async def notify(
        self, handler: Handler, installation: Installation, caller: Caller
    ) -> None:
        """Call a function for something that happened to an installation."""
        try:
            await self.call(handler, installation, caller)
        except Exception as error:
            await self._report(error, handler.key, installation, caller)

    async def call(
        self,
        handler: Handler,
        subject: Subject,
        caller: Caller,
        groups: Groups = NO_GROUPS,
    ) -> object:
        """Call a handler and return its result."""
        factories = caller.factories_for(subject)
        return await call_handler(handler, subject, factories, self._threads, groups)

    async def report_view(
        self, error: Exception, handler: Handler, request: ViewRequest, caller: Caller
    ) -> None:
        """Report the failure of a view's handler."""
        await self._report(error, handler.key, request, caller)

    async def _reply(self, reply: object, event: RoomEvent, caller: Caller) -> None:
        operation = to_operation(
            cast("Reply", reply), event.room.id, label=caller.label
        )
        if operation is not None:
            await caller.send(operation)

    async def _report(
        self, error: Exception, key: str, subject: Subject, caller: Caller
    ) -> None:
        """Log a failure and call `on_error`, whose result is the reply to an event."""
        place = _place_of(subject, caller.installation)
        LOGGER.error("the handler %s failed%s", key, place, exc_info=error)
        function = self._registry.on_error
        if function is None:
            return
        failure = Failure(
            error=error,
            handler=key,
            subject=subject,
            installation=caller.installation,
        )
        try:
            reply = await call_function(
                cast("Callable[[object], object]", function),
                failure,
                is_async=is_async(function),
                threads=self._threads,
            )
            if isinstance(subject, RoomEvent):
                await self._reply(reply, subject, caller)
        except Exception:
            LOGGER.exception("on_error failed for the handler %s%s", key, place)


def _place_of(subject: Subject, installation: Installation | None) -> str:
    """Return for whom and where a handler was called, for a log: ids, and no content."""
    match subject:
        case RoomEvent(room=Room(id=room_id)) | ViewRequest(room_id=room_id):
            pass
        case _:
            room_id = None
    places = []
    if installation is not None:
        places.append(f"installation {installation.oauth_id} of {installation.host}")
    if room_id is not None:
        places.append(f"room {room_id}")
    return f" ({', '.join(places)})" if places else ""


def is_own(
    event: RoomEvent, identity: Identity, installation: Installation | None
) -> bool:
    """Return whether the add-on itself caused an event: handling it could repeat for ever."""
    oauth_id = None if installation is None else installation.oauth_id
    if oauth_id is not None and event.sender.id == oauth_id:
        return True
    if not isinstance(event, RoomNotification):
        return False
    sender = event.model.notification_sender
    if sender is not None and sender.client_id is not None and oauth_id is not None:
        # Two installations of one add-on, for the group and for the room, must not answer each
        # other either.
        return sender.client_id == oauth_id or sender.id == identity.key
    return event.sender.name in (identity.from_name, identity.name)
