"""Who acts: what services check, and what messages and events name as their sender.

Created once a call and then only read, so everything is a plain attribute.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

from hipkit.server.services.access.scopes import (
    GROUP_SCOPES,
    SCOPES,
    TokenKind,
    grantable_scopes,
    token_kind,
)
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord

__all__ = [
    "Actor",
    "browser_actor",
    "effective_scopes",
    "operator",
    "token_actor",
    "webhook_actor",
]

ActorKind = Literal["token", "sender", "browser", "webhook", "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a token's owner, a sender, a user at the page, a webhook, or the operator."""

    kind: ActorKind
    token_kind: TokenKind
    """The kind of token with the same rights, as operations name those that they accept."""
    group_id: int
    scopes: frozenset[str]
    name: str
    """The sender's name in messages."""
    limit_key: Hashable
    """The key that limits count by."""
    user: UserRecord | None = None
    client: ClientRecord | None = None
    room_id: int | None = None
    """The only room that the actor may reach; `None` for every room."""
    token: TokenRecord | None = None
    """Set for the kind "token" only."""
    sender_id: str | None = None
    """Set for the kind "sender" only: the id by which messages name it."""
    user_id: int | None = field(init=False)
    client_id: str | None = field(init=False)
    grant_id: int | None = field(init=False)
    """The grant with which everything ends that the actor creates."""
    is_group_admin: bool = field(init=False)
    """Whether the actor is the operator, or a user who administers the group."""
    is_guest: bool = field(init=False)
    """Whether the actor is a user who sees only rooms that they are a member of."""

    def __post_init__(self) -> None:
        """Compute once what services ask for all the time."""
        user, client, token = self.user, self.client, self.token
        is_operator = self.kind == "operator"
        for name, value in (
            ("user_id", None if user is None else user.id),
            ("client_id", None if client is None else client.id),
            ("grant_id", None if token is None else token.grant_id),
            (
                "is_group_admin",
                is_operator or (user is not None and user.is_group_admin),
            ),
            ("is_guest", user is not None and user.is_guest),
        ):
            object.__setattr__(self, name, value)


def token_actor(
    token: TokenRecord, user: UserRecord | None, client: ClientRecord | None
) -> Actor:
    """Return the actor of a token: its user, its client, or else the token itself."""
    return Actor(
        kind="token",
        token_kind=token_kind(token),
        group_id=token.group_id,
        scopes=effective_scopes(token, user),
        name=_name(user, client) or token.name,
        limit_key=token.id,
        user=user,
        client=client,
        room_id=token.room_id,
        token=token,
    )


def browser_actor(user: UserRecord) -> Actor:
    """Return the actor of a user at the page, with every scope that the user may have."""
    return Actor(
        kind="browser",
        token_kind="user",  # noqa: S106 - a kind, no token
        group_id=user.group_id,
        scopes=grantable_scopes(user),
        name=user.name,
        limit_key=("browser", user.id),
        user=user,
    )


def webhook_actor(webhook: WebhookRecord, owner: UserRecord | ClientRecord) -> Actor:
    """Return the actor of a webhook for its owner: it may only send notifications."""
    user = owner if isinstance(owner, UserRecord) else None
    client = owner if isinstance(owner, ClientRecord) else None
    return Actor(
        kind="webhook",
        token_kind="user" if client is None else "group client",
        group_id=webhook.group_id,
        scopes=frozenset({"send_notification"}),
        name=_name(user, client) or "",
        limit_key=("webhook", webhook.id),
        user=user,
        client=client,
        room_id=None if client is None else client.room_id,
    )


def _name(user: UserRecord | None, client: ClientRecord | None) -> str | None:
    if user is not None:
        return user.name
    return None if client is None else client.sender_name


def operator(group_id: int) -> Actor:
    """Return the actor of `hipkit admin`, who may do everything in a group.

    It has no name: what it does is shown without a sender.
    """
    return Actor(
        kind="operator",
        token_kind="group client",  # noqa: S106 - a kind, no token
        group_id=group_id,
        scopes=frozenset(SCOPES),
        name="",
        limit_key="operator",
    )


def effective_scopes(token: TokenRecord, user: UserRecord | None) -> frozenset[str]:
    """Return the scopes of a token, less those that its user may no longer have.

    So a user who loses a right loses it in all tokens at once. A token of one room has no scopes
    over the group.
    """
    scopes = frozenset(token.scopes.split())
    if user is not None:
        scopes &= grantable_scopes(user)
    return scopes if token.room_id is None else scopes - GROUP_SCOPES
