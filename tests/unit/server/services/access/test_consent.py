"""Authorization requests: what the page may ask a user, and what their consent issues."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.clients import AddedClient, delete_client
from hipkit.server.services.access.consent import (
    AuthorizationRequest,
    allow,
    deny,
    read_authorization_request,
)
from hipkit.server.services.context import Context
from hipkit.server.storage.stores.clients import CodeRecord
from tests.unit.server.asgi import Site
from tests.unit.server.two_groups import World

BACK = "https://app.test/back?keep=this%20one"


@pytest.fixture
def client(site: Site) -> AddedClient:
    site.add_user("ann", mention_name="ann")
    return site.add_client(["admin_group", "view_room"], redirect_uris=[BACK])


def read(context: Context, client: AddedClient, **changes: str) -> AuthorizationRequest:
    values = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": BACK,
        **changes,
    }
    return asyncio.run(read_authorization_request(context, values))


def answer(address: str) -> dict[str, str]:
    assert address.startswith(BACK + "&")
    return {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}


def code_of(site: Site, address: str) -> CodeRecord:
    code_hash = hash_token(answer(address)["code"])
    database = site.server.database
    found = asyncio.run(
        database.write(lambda stores: stores.clients.take_code(code_hash))
    )
    assert found is not None
    return found


def test_without_a_scope_parameter_all_of_the_clients_are_asked_for(
    site: Site, client: AddedClient
) -> None:
    request = read(site.context(), client)

    assert request.scopes == {"admin_group", "view_room"}
    assert (request.problem, request.origin) == (None, "https://app.test")
    assert read(site.context(), client, scope="view_room").scopes == {"view_room"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "send_message"}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": ","}, "invalid_scope"),
    ],
)
def test_an_invalid_request_is_answered_with_its_problem_even_if_allowed(
    site: Site, client: AddedClient, changes: dict[str, str], problem: str
) -> None:
    ann = site.context_of("ann")
    request = read(ann, client, state="a b", **changes)

    for address in (deny(request), asyncio.run(allow(ann, request))):
        assert answer(address) == {"keep": "this one", "error": problem, "state": "a b"}


def test_a_denied_request_is_answered_with_access_denied(
    site: Site, client: AddedClient
) -> None:
    assert answer(deny(read(site.context(), client)))["error"] == "access_denied"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "unknown"}, NotFoundError),
        ({"redirect_uri": "https://evil.test/"}, BadRequestError),
        ({"redirect_uri": BACK + "/"}, BadRequestError),
    ],
)
def test_no_answer_goes_to_an_unregistered_address(
    site: Site, client: AddedClient, changes: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(site.context(), client, **changes)


def test_a_code_has_no_scope_that_the_user_may_not_have(
    site: Site, client: AddedClient
) -> None:
    ann = site.context_of("ann")

    code = code_of(site, asyncio.run(allow(ann, read(ann, client))))

    assert code.scopes == "view_room"
    assert code.user_id == ann.actor.user_id
    assert code.redirect_uri == BACK


def test_a_code_is_valid_for_ten_minutes(site: Site, client: AddedClient) -> None:
    ann = site.context_of("ann")

    code = code_of(site, asyncio.run(allow(ann, read(ann, client))))

    assert code.expires_us == ann.now_us + 10 * 60 * 1_000_000


def test_a_right_that_was_lost_since_signing_in_is_not_given_on(
    site: Site, client: AddedClient
) -> None:
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    boss = site.context_of("boss")
    request = read(boss, client)
    body = {"name": "Boss", "email": "boss@example.com", "mention_name": "boss"}
    site.put("/v2/user/@boss", {**body, "is_group_admin": False})

    code = code_of(site, asyncio.run(allow(boss, request)))

    assert code.scopes == "view_room"


def test_only_a_user_can_consent(site: Site, client: AddedClient) -> None:
    operator = site.operator_context()

    with pytest.raises(ForbiddenError):
        asyncio.run(allow(operator, read(operator, client)))


def test_a_client_that_was_replaced_since_gets_no_code(
    site: Site, client: AddedClient
) -> None:
    ann, operator = site.context_of("ann"), site.operator_context()
    request = read(ann, client)
    asyncio.run(delete_client(operator, client.id))
    with pytest.raises(NotFoundError):
        asyncio.run(allow(ann, request))

    site.add_client(
        ["view_room"], redirect_uris=["https://evil.test/"], client_id=client.id
    )

    with pytest.raises(NotFoundError):
        asyncio.run(allow(ann, request))


def test_a_deleted_user_consents_to_nothing(site: Site, client: AddedClient) -> None:
    ann = site.context_of("ann")
    request = read(ann, client)
    site.delete("/v2/user/@ann")

    with pytest.raises(NotFoundError):
        asyncio.run(allow(ann, request))


def test_a_user_of_another_group_cannot_consent(world: World) -> None:
    site = world.site
    client = site.add_client(["view_room"], redirect_uris=[BACK])
    stranger = site.context_of("ann2", world.second.number)
    request = read(site.context(), client)

    with pytest.raises(NotFoundError):
        read(stranger, client)
    with pytest.raises(NotFoundError):
        asyncio.run(allow(stranger, request))
