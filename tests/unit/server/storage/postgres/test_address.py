"""Addresses of databases, and what is shown of them."""

from __future__ import annotations

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.postgres.address import Address, is_address

SECRET = "correct-horse"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql:///", "postgresql:///"),
        ("postgres://ann@db:5433/chat", "postgresql://ann@db:5433/chat"),
        (f"postgresql://ann:{SECRET}@db/chat", "postgresql://ann@db/chat"),
        (
            f"postgresql://db/chat?password={SECRET}&sslmode=verify-full",
            "postgresql://db/chat",
        ),
        ("postgresql://one:1,two:2/chat", "postgresql://one,two:1,2/chat"),
        ("postgresql://?service=chat", "postgresql://?service=chat"),
    ],
)
def test_an_address_is_shown_without_its_password(text: str, shown: str) -> None:
    address = Address(text)

    assert str(address) == shown
    assert SECRET not in repr(address) + repr(vars(address))
    assert address.has_password == (SECRET in text)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ann:{SECRET}@db:x y/chat?nonsense={SECRET}",
        f"postgresql://ann:{SECRET}@[db/chat",
        f"postgresql://ann:{SECRET}/x@db/chat",
        f"postgresql://ann:12/{SECRET}@db/chat",
        f"postgresql://ann:x@{SECRET}@db/chat",
        f"postgresql://db/chat?dbname=postgresql://ann:{SECRET}@db/chat",
    ],
)
def test_the_error_of_an_unreadable_address_quotes_nothing(text: str) -> None:
    with pytest.raises(
        StorageError, match="postgresql://USER@HOST:PORT/NAME"
    ) as raised:
        Address(text)

    assert SECRET not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_server_that_vanishes_is_noticed_unless_the_address_says_otherwise() -> None:
    assert "keepalives_idle=10" in Address("postgresql:///").reveal()
    assert "keepalives_idle=99" in Address("postgresql:///?keepalives_idle=99").reveal()


def test_only_urls_are_addresses() -> None:
    assert is_address("postgresql:///")
    assert is_address("postgres://db/chat")
    assert not is_address("hipkit.db")
    assert not is_address("./postgresql:/x")
