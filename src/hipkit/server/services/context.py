"""What a service knows of a call: who makes it, where to look, and what time it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from hipkit.api.errors import RateLimitError, UnauthorizedError
from hipkit.server.events.egress import EgressPolicy
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.shared.limits import Allowance, Limits
from hipkit.server.shared.signals import ACCESS, Signals
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Command, Database, Stores

__all__ = ["TOO_MANY_REQUESTS", "Context", "Credentials"]

T = TypeVar("T")

TOO_MANY_REQUESTS = "Rate Limit exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An OAuth client's id and secret, as they came."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Context:
    """One call's surroundings.

    Whoever takes the call in settles `actor_or_none` and `bearer`, and the outbox `answered_by`;
    after that only `flood` and `topics` change.
    """

    database: Database
    files: BlobStore
    addresses: Addresses
    limits: Limits
    signals: Signals
    now_us: int
    peer: str = ""
    """The address that the call came from."""
    actor_or_none: Actor | None = None
    credentials: Credentials | None = None
    bearer: str | None = field(default=None, repr=False)
    """The token as it came, for the answers that have to repeat it."""
    flood: Allowance | None = None
    """Where the caller stands with the room or person written to, for the answer's headers."""
    topics: set[str] = field(default_factory=set)
    """What a command has to tell about once it is committed."""
    receivers: EgressPolicy = field(default_factory=EgressPolicy)
    """Where webhooks may lead."""
    file_quota_bytes: int = 0
    """How many bytes the files of a group may take; 0 for any number."""
    answered_by: int | None = None
    """The webhook whose receiver's answer is taken in; no webhook is told of its own."""

    @property
    def stores(self) -> Stores:
        """For short reads."""
        return self.database.stores

    @property
    def actor(self) -> Actor:
        """Who calls.

        Raises:
            UnauthorizedError: Nobody does.
        """
        if self.actor_or_none is None:
            raise UnauthorizedError(
                "Authenticated requests only. Send a token in the Authorization header"
                " (Bearer) or as auth_token"
            )
        return self.actor_or_none

    async def write(self, command: Command[T]) -> T:
        """Run a command, and once its changes are safe give the signals that it asked for.

        Raises:
            StorageError: Nothing of it was kept.
        """
        self.topics.clear()
        result = await self.database.write(command)
        self.signals.publish(self.topics)
        if self.signals.has_listeners(ACCESS):
            number = await self.stores.access_changes.newest()
            self.signals.publish_once(ACCESS, number)
        return result

    def count_message(self, conversation_id: int) -> None:
        """Count a message to a conversation.

        Raises:
            RateLimitError: There were too many within the last minute.
        """
        self.flood = self.limits.message(self.actor.limit_key, conversation_id)
        if self.flood.is_exceeded:
            raise RateLimitError(TOO_MANY_REQUESTS)
