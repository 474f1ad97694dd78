"""What services work with: the runtime that a server has once, and the context of one call."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from hipkit.api.errors import RateLimitError, UnauthorizedError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.authentication import (
    ActorCache,
    Credentials,
    identify_operator,
)
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.services.senders.policy import SenderPolicy
from hipkit.server.settings import Settings
from hipkit.server.shared.limits import Allowance
from hipkit.server.shared.memory import MemoryState
from hipkit.server.shared.protocol import ACCESS, SharedState, Topic
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Command, Database, Stores
from hipkit.transports.egress import EgressPolicy
from hipkit.transports.protocol import AsyncTransport

__all__ = ["TOO_MANY_REQUESTS", "Context", "Runtime"]

T = TypeVar("T")

TOO_MANY_REQUESTS = "Rate Limit exceeded"

MOST_OUTGOING = 120
"""Connections for each of http and https: more than the sender of events ever uses, so that slow
receivers of webhooks do not hold up calls to add-ons."""


class Runtime:
    """What all calls to one server share. Each part is created here, once.

    Args:
        database: The server's, open.
        settings: The server's.
        shared: The state that calls share; without it, one in this process's memory.

    Attributes:
        stores: For short reads.
        blobs: The bytes of files and pictures.
        clock: UNIX seconds.
        elapsed: Seconds that never go back, however the wall clock is set.
        observer: Told of what is done.
        actors: The actors of tokens, cached.
        senders: Who may send without being set up here; `None` for nobody. It may be replaced.
        egress: Where outgoing calls may lead.
        calls_under_way: Calls to add-ons that are under way, by the limit keys of actors.
    """

    def __init__(
        self, database: Database, settings: Settings, shared: SharedState | None = None
    ) -> None:
        self.database = database
        self.stores = database.stores
        senders = settings.senders
        self.senders = None if senders is None else SenderPolicy(senders)
        self.settings = settings
        self.clock = settings.clock
        self.elapsed = settings.monotonic
        self.observer = settings.observer
        self.blobs = BlobStore(settings.file_folder)
        if shared is None:
            limits = settings.limits
            if senders is not None:
                # Those are HipChat's; relay mode counts calls by address.
                limits = dataclasses.replace(limits, enabled=False)
            shared = MemoryState(limits, self.clock, self.elapsed, self.observer)
        self.limits, self.sign_ins = shared.limits, shared.sign_ins
        self.recent_calls, self.signals = shared.recent_calls, shared.signals
        self.actors = ActorCache(database.stores)
        self.egress = EgressPolicy(
            map(ipaddress.ip_network, settings.webhook_networks),
            settings.look_up,
        )
        self._outgoing = settings.outgoing
        self.calls_under_way: Counter[Hashable] = Counter()

    @property
    def outgoing(self) -> AsyncTransport:
        """What every call of the server to elsewhere goes through.

        Connections go to the very addresses that the egress policy has checked. Redirects are not
        followed and proxies of the environment are not used: either would lead past the policy.
        """
        if self._outgoing is None:
            # Loaded late: programs that call nobody need no HTTP library.
            from hipkit.transports.direct import DirectTransport

            self._outgoing = DirectTransport(
                self.egress.addresses_of, max_connections=MOST_OUTGOING
            )
        return self._outgoing

    async def close_outgoing(self) -> None:
        """Close the connections of the server's own calls; the next call opens new ones."""
        if self.settings.outgoing is None and self._outgoing is not None:
            transport, self._outgoing = self._outgoing, None
            await transport.aclose()

    def now_us(self) -> int:
        """Return the time, in microseconds since 1970."""
        return int(self.clock() * SECOND_US)

    def context(
        self,
        actor: Actor | None = None,
        *,
        root: str = "",
        peer: str = "",
        credentials: Credentials | None = None,
        bearer: str | None = None,
        answered_by: int | None = None,
    ) -> Context:
        """Create the context of one call: every context comes from here.

        Args:
            actor: Who acts; `None` as long as that is not known.
            root: Scheme and host for links, where the settings name no public ones.
            peer: The address that the call came from.
            credentials: The OAuth client's, as they came.
            bearer: The token as it came.
            answered_by: The webhook whose receiver's response this is.
        """
        return Context(
            runtime=self,
            stores=self.stores,
            addresses=Addresses((self.settings.public_url or root).rstrip("/")),
            now_us=int(self.clock() * SECOND_US),
            actor_or_none=actor,
            peer=peer,
            credentials=credentials,
            bearer=bearer,
            answered_by=answered_by,
        )

    async def operator_context(self) -> Context:
        """Create the context of a command of the operator.

        Raises:
            NotFoundError: The database has had no first start yet.
        """
        return self.context(await identify_operator(self.stores))

    def close(self) -> None:
        """Finish what is being written, and close the database. Twice does nothing."""
        self.egress.close()
        self.database.close()


@dataclass(slots=True, kw_only=True)
class Context:
    """One call to the services. `Runtime.context` creates it.

    Whoever identifies the actor sets both `actor_or_none` and `actor`; after that only `flood`,
    `message` and `topics` change.
    """

    runtime: Runtime
    stores: Stores
    """The runtime's, for short reads."""
    addresses: Addresses
    now_us: int
    """When the call began: the same time for all that it does."""
    peer: str
    """The address that the call came from."""
    actor_or_none: Actor | None
    """Who acts, for the few operations that serve callers without a token too."""
    credentials: Credentials | None
    bearer: str | None = field(repr=False)
    """The token as it came, for the responses that have to repeat it."""
    answered_by: int | None
    """The webhook whose receiver's response is taken in; no webhook is sent its own."""
    flood: Allowance | None = None
    """The caller's allowance for the room or user written to, for the response's headers."""
    message: tuple[int, str] | None = None
    """The message that was posted into a room, by the ids of conversation and message."""
    topics: set[Topic] = field(default_factory=set)
    """The topics that a command changed; `write` publishes them once it is committed."""

    actor: Actor = field(init=False, repr=False, compare=False)
    """The actor, for all that needs one: reading it raises `UnauthorizedError` without one."""

    def __post_init__(self) -> None:
        """Set the actor if it is known already."""
        if self.actor_or_none is not None:
            self.actor = self.actor_or_none

    # Hidden from type checkers, which would take the context to have every attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            # Python calls this for attributes that are not set. So a service that forgets to ask
            # whether there is an actor refuses the call, and reading one costs nothing.
            if name != "actor":
                raise AttributeError(name)
            raise UnauthorizedError(
                "Authenticated requests only. Send a token in the Authorization header"
                " (Bearer) or as auth_token"
            )

    async def write(self, command: Command[T]) -> T:
        """Run a command, and publish its topics once its changes are on disk.

        Raises:
            StorageError: Nothing of it was kept.
        """
        self.topics.clear()
        result = await self.runtime.database.write(command)
        signals = self.runtime.signals
        signals.publish(self.topics)
        if ACCESS in signals.listened:
            number = await self.stores.access_changes.newest()
            signals.publish_once(ACCESS, number)
        return result

    def count_message(self, conversation_id: int) -> None:
        """Count a message to a conversation.

        Raises:
            RateLimitError: There were too many within the last minute.
        """
        limits = self.runtime.limits
        self.flood = limits.message(self.actor.limit_key, conversation_id)
        if self.flood.is_exceeded:
            raise RateLimitError(TOO_MANY_REQUESTS)
