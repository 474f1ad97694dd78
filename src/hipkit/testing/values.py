"""What a `HipChatServer` returns: users, OAuth clients, and deliveries of events."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["TestClient", "TestDelivery", "TestUser"]


@dataclass(frozen=True, kw_only=True)
class TestUser:
    """A user on the server, and a token with which tests act as them."""

    __test__ = False  # Not a class of tests, although pytest would take it for one.

    id: int
    name: str
    mention_name: str
    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TestClient:
    """An OAuth client on the server, for programs that fetch tokens of their own."""

    __test__ = False

    id: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TestDelivery:
    """The delivery of an event to a webhook."""

    __test__ = False

    webhook_id: int
    url: str
    event: str
    state: str
    """`delivered`, `refused`, `waiting` to be tried again, or `skipped`."""
    status: int | None
    """The status that the receiver answered with."""
    problem: str | None
    """Why the delivery failed, if it did."""
