"""Tokens as they are issued and stored."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.issuing import (
    PERSONAL_SECONDS,
    IssuedToken,
    TokenToIssue,
    issue_token,
)
from hipkit.server.storage.protocol import Stores
from tests.unit.server.asgi import Site

NOW_US = 1_700_000_000_000_000


def test_no_token_or_secret_is_stored(site: Site) -> None:
    client = site.add_client(["view_room"])
    token = site.token_of(client)
    site.server.close()

    folder = site.server.settings.database.parent
    stored = b"".join(
        path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path != site.server.settings.token_file
    )

    for secret in (token, client.secret, site.token):
        assert secret.encode() not in stored


def test_a_value_that_a_program_already_uses_becomes_its_token(site: Site) -> None:
    site.add_token(value="0123456789abcdef")

    assert site.get("/v2/room", token="0123456789abcdef").status == 200


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0123456789abcdef", "This token exists already"),
        ("short", "8 to 200 visible ASCII"),
        ("with space", "8 to 200 visible ASCII"),
        ("ünïcödé-token", "8 to 200 visible ASCII"),
        ("x" * 201, "8 to 200 visible ASCII"),
    ],
)
def test_a_value_that_cannot_be_a_token_is_refused_and_not_repeated(
    site: Site, value: str, problem: str
) -> None:
    site.add_token(value="0123456789abcdef")

    with pytest.raises(BadRequestError, match=problem) as caught:
        site.add_token(value=value)

    assert value not in str(caught.value)


def issue(site: Site, *, seconds: int | None = PERSONAL_SECONDS) -> IssuedToken:
    async def command(stores: Stores) -> IssuedToken:
        return await issue_token(
            stores,
            NOW_US,
            TokenToIssue(
                kind="user",
                group_id=1,
                user_id=1,
                scopes={"view_room", "send_message"},
                seconds=seconds,
            ),
        )

    return asyncio.run(site.server.database.write(command))


def test_a_token_is_forty_characters_known_by_its_hash(site: Site) -> None:
    issued = issue(site)

    found = asyncio.run(site.server.database.stores.tokens.get(issued.id))

    assert found is not None
    assert len(issued.token) == 40
    assert issued.token not in repr(issued)
    assert found.hash == hash_token(issued.token)
    assert issued.scopes == ("send_message", "view_room")
    assert found.scopes == "send_message view_room"


def test_personal_notification_and_refresh_tokens_last_a_year() -> None:
    assert timedelta(seconds=PERSONAL_SECONDS) == timedelta(days=365)


@pytest.mark.parametrize("seconds", [3600, None])
def test_a_token_expires_after_its_lifetime_or_never(
    site: Site, seconds: int | None
) -> None:
    issued = issue(site, seconds=seconds)

    found = asyncio.run(site.server.database.stores.tokens.get(issued.id))

    assert found is not None
    expected = None if seconds is None else NOW_US + seconds * 1_000_000
    assert found.expires_us == expected
