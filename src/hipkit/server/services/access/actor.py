"""Who acts: what services check, and what messages and events name as their sender."""

from __future__ import annotations

from dataclasses import dataclass

from hipkit.server.services.access.scopes import TokenKind
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["Actor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
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
