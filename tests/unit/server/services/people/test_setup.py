"""The first group of an empty database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.authentication import identify
from hipkit.server.services.access.password_links import find_link_user
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.context import Runtime
from hipkit.server.services.people.setup import (
    create_first_group,
    is_empty,
)
from hipkit.server.settings import Settings
from hipkit.server.storage.sqlite.database import SqliteDatabase

TOKEN, KEY = "t" * 40, "k" * 32


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """The runtime of an empty database."""
    settings = Settings(database=tmp_path / "hipkit.db", durable=False)
    opened = Runtime(SqliteDatabase.open(settings.database, durable=False), settings)
    yield opened
    opened.close()


def create(runtime: Runtime, name: str = "Acme Inc.", email: str = "a@b.test") -> None:
    runtime.settings = replace(
        runtime.settings, group_name=name, admin_name="Root", admin_email=email
    )
    asyncio.run(create_first_group(runtime.context(), token=TOKEN, link_key=KEY))


def test_the_group_has_an_owner_with_a_token_and_a_link(runtime: Runtime) -> None:
    create(runtime)

    now_us = runtime.now_us()
    actor = asyncio.run(identify(runtime.stores, TOKEN, now_us))
    linked = asyncio.run(find_link_user(runtime.stores, KEY, now_us))
    group = asyncio.run(runtime.stores.groups.get(actor.group_id))
    assert group is not None
    assert (group.name, group.subdomain) == ("Acme Inc.", "acme-inc")
    assert group.owner_id == actor.user_id == linked.id
    assert actor.scopes == SCOPES.keys()
    assert actor.is_group_admin


def test_only_an_empty_database_gets_a_first_group(runtime: Runtime) -> None:
    assert asyncio.run(is_empty(runtime.stores))
    create(runtime)
    assert not asyncio.run(is_empty(runtime.stores))

    with pytest.raises(RuntimeError, match="not empty"):
        create(runtime)


def test_a_first_start_that_fails_leaves_the_database_empty(runtime: Runtime) -> None:
    with pytest.raises(BadRequestError):
        create(runtime, email="no address")

    assert asyncio.run(is_empty(runtime.stores))


def test_there_is_no_operator_before_the_first_start(runtime: Runtime) -> None:
    with pytest.raises(NotFoundError, match="start hipkit serve once"):
        asyncio.run(runtime.operator_context())

    create(runtime)
    assert asyncio.run(runtime.operator_context()).actor.kind == "operator"


@pytest.mark.parametrize(
    ("name", "subdomain"), [("Größe & Co", "gr-e-co"), ("!!!", "group")]
)
def test_the_subdomain_is_derived_from_the_name(
    runtime: Runtime, name: str, subdomain: str
) -> None:
    create(runtime, name)

    group = asyncio.run(runtime.stores.groups.first())
    assert group is not None
    assert group.subdomain == subdomain
