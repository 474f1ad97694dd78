from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.server.asgi import RawResponse, Site
from tests.unit.server.services.senders.sending import OLD, MakeSite, relay_site


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return relay_site(make_site, new_people=4)


def write(site: Site, person: str, **options: Any) -> RawResponse:
    options.setdefault("token", OLD)
    return site.post(f"/v2/user/{person}/message", {"message": "psst"}, **options)


@pytest.mark.parametrize(
    ("person", "name", "email"),
    [
        ("jane@example.com", "jane", "jane@example.com"),
        ("@JaneDoe", "JaneDoe", "JaneDoe@relay.invalid"),
        ("31337", "User 31337", "user-31337@relay.invalid"),
        ("%2031337%20", "User 31337", "user-31337@relay.invalid"),
    ],
)
def test_whom_a_private_message_names_is_made(
    site: Site, person: str, name: str, email: str
) -> None:
    assert write(site, person).status == 204
    assert write(site, person).status == 204

    found = site.get(f"/v2/user/{person.replace('%20', '')}").json
    assert (found["name"], found["email"]) == (name, email)
    assert ("31337" not in person) == (found["id"] >= 1_000_000_000)


def test_who_is_there_gets_it(site: Site) -> None:
    user_id = site.add_user("Jane Doe")

    assert write(site, "@JaneDoe").status == 204

    token = site.add_token(user="jane.doe@example.com", name="Jane", scopes=None)
    sender = site.get("/v2/user/@Relay").json["id"]
    history = site.get(f"/v2/user/{sender}/history/latest", token=token)
    assert [item["message"] for item in history.json["items"]] == ["psst"]
    assert user_id < 1_000


def test_so_many_people_are_made_and_no_more(site: Site) -> None:
    # The administrator and the sender are two already.
    assert write(site, "@one").status == 204
    assert write(site, "@two").status == 204

    refused = write(site, "@three")

    assert refused.status == 507
    assert "new_people" in refused.error["message"]
    assert write(site, "@two").status == 204


@pytest.mark.parametrize(
    "person",
    ["@all", "0", "1999999999", "9" * 18, "@a%20b", "x@relay.invalid", "@"],
)
def test_who_can_be_nobody_is_not_made(site: Site, person: str) -> None:
    assert write(site, person).status in (400, 404)


def test_others_make_nobody(site: Site) -> None:
    assert write(site, "@nobody", token="").status == 404


def test_nobody_signs_in_as_whom_a_message_made(site: Site) -> None:
    write(site, "jane@example.com")
    user_id = site.get("/v2/user/jane@example.com").json["id"]
    stores = site.server.runtime.stores

    assert asyncio.run(stores.users.password_hash(user_id)) is None
