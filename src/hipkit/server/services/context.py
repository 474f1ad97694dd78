"""What a service knows of a call: who makes it, where to look, and what time it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeVar, cast

from hipkit.api.errors import RateLimitError, UnauthorizedError
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.services.webhooks.egress import Receivers
from hipkit.server.shared.limits import Allowance, Limits
from hipkit.server.shared.signals import ACCESS, Signals
from hipkit.server.storage.blobs import FileFolder
from hipkit.server.storage.protocol import Command, Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "GROUP_SCOPES",
    "SCOPES",
    "TOO_MANY_REQUESTS",
    "Context",
    "Credentials",
    "Identity",
    "TokenKind",
    "grantable_scopes",
    "token_kind",
]

T = TypeVar("T")

TokenKind = Literal["group client", "room client", "user", "room notification"]

SCOPES = {
    "admin_group": "Administer the group: its users and their photos",
    "admin_room": "Administer rooms: settings, topic, members, webhooks",
    "import_data": "Bring in rooms, users and messages with dates of their own",
    "manage_rooms": "Create, update and delete rooms",
    "send_message": "Send messages as a user",
    "send_notification": "Send notifications to rooms",
    "view_group": "See users, rooms and other things of the group",
    "view_messages": "See the messages of rooms and private chats",
    "view_room": "See a room and who is in it, without its messages",
}

GROUP_SCOPES = frozenset({"admin_group", "import_data", "manage_rooms"})
"""Scopes over the whole group, which nothing that is bound to one room can have."""

ADMIN_SCOPES = frozenset({"admin_group", "import_data"})
"""Scopes that only an administrator of the group can have."""

GUEST_SCOPES = frozenset({"send_message", "view_messages", "view_room"})
"""All that a guest can have: the group, its people and its lists are not theirs to see."""

TOO_MANY_REQUESTS = "Rate Limit exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a token speaks for."""

    token: TokenRecord
    kind: TokenKind
    group_id: int
    scopes: frozenset[str]
    user: UserRecord | None = None
    client: ClientRecord | None = None

    @property
    def room_id(self) -> int | None:
        """The one room that the token is good for; `None` for every room."""
        return self.token.room_id

    @property
    def user_id(self) -> int | None:
        """The person that the token speaks for."""
        return None if self.user is None else self.user.id

    @property
    def is_group_admin(self) -> bool:
        """Whether the person may do everything in the group."""
        return self.user is not None and self.user.is_group_admin

    @property
    def is_guest(self) -> bool:
        """Whether it is a person who sees the rooms alone of which they are a member."""
        return self.user is not None and self.user.is_guest

    @property
    def name(self) -> str:
        """What messages call the sender."""
        if self.user is not None:
            return self.user.name
        return self.client.name if self.client is not None else self.token.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An OAuth client's id and secret, as they came."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Context:
    """One call's surroundings.

    Whoever takes the call in settles `caller` and `bearer`, and the outbox `answered_by`; after
    that only `flood` and `topics` change.
    """

    database: Database
    files: FileFolder
    addresses: Addresses
    limits: Limits
    signals: Signals
    now_us: int
    peer: str = ""
    """The address that the call came from."""
    caller: Identity | None = None
    credentials: Credentials | None = None
    bearer: str | None = field(default=None, repr=False)
    """The token as it came, for the answers that have to repeat it."""
    flood: Allowance | None = None
    """Where the caller stands with the room or person written to, for the answer's headers."""
    topics: set[str] = field(default_factory=set)
    """What a command has to tell about once it is committed."""
    receivers: Receivers = field(default_factory=Receivers)
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
    def identity(self) -> Identity:
        """Who calls.

        Raises:
            UnauthorizedError: Nobody does.
        """
        if self.caller is None:
            raise UnauthorizedError(
                "Authenticated requests only. Send a token in the Authorization header"
                " (Bearer) or as auth_token"
            )
        return self.caller

    async def write(self, command: Command[T]) -> T:
        """Run a command, and once its changes are safe give the signals that it asked for.

        Raises:
            StorageError: Nothing of it was kept.
        """
        self.topics.clear()
        result = await self.database.write(command)
        self.signals.give(self.topics)
        if self.signals.is_heard(ACCESS):
            number = await self.stores.access_changes.newest()
            self.signals.give_once(ACCESS, number)
        return result

    def count_message(self, conversation_id: int) -> None:
        """Count a message to a conversation.

        Raises:
            RateLimitError: There were too many within the last minute.
        """
        self.flood = self.limits.message(self.identity.token.id, conversation_id)
        if self.flood.is_exceeded:
            raise RateLimitError(TOO_MANY_REQUESTS)


def grantable_scopes(user: UserRecord) -> frozenset[str]:
    """Return every scope that a person's token may have."""
    if user.is_guest:
        return GUEST_SCOPES
    return frozenset(SCOPES) - (frozenset() if user.is_group_admin else ADMIN_SCOPES)


def token_kind(token: TokenRecord) -> TokenKind:
    """Return the kind that a stored token is of."""
    return cast("TokenKind", token.kind)
