"""The token of an installation is fetched once, renewed early, and tells whether it is gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hipkit import (
    BadRequestError,
    HipkitError,
    RequestError,
    ServerError,
    StorageError,
    UnauthorizedError,
)
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.tokens import Tokens
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.sqlite import SqliteStorage
from hipkit.api.secret import Secret
from tests.unit.addon.scripted_hosts import (
    OAUTH_ID,
    SECRET,
    ScriptedHost,
    ScriptedHosts,
)

NOW = 1_480_000_000.0
TOKEN_CALL = "POST /v2/oauth/token"


class Site:
    """A server with a client, and an add-on with its installation."""

    def __init__(self) -> None:
        servers = ScriptedHosts()
        self.host: ScriptedHost = servers.add()
        self.host.add_client()
        self.now = NOW
        self.storage = MemoryStorage()
        self.installations = Installations(self.storage)
        self.transport = servers.transport
        self.tokens = self.other_process()
        self.installation = Installation(
            oauth_id=OAUTH_ID,
            secret=Secret(SECRET),
            host=self.host.origin,
            capabilities_url=self.host.capabilities_url,
            api_url=f"{self.host.origin}/v2",
            token_url=f"{self.host.origin}/v2/oauth/token",
            scopes=("send_notification", "view_room"),
            installed_at=NOW,
        )

    def other_process(self) -> Tokens:
        """Return tokens in the same storage."""
        return Tokens(self.storage, self.transport, now=lambda: self.now)

    @property
    def fetches(self) -> int:
        return self.host.calls[TOKEN_CALL]

    async def gone_at(self) -> float | None:
        found = await self.installations.find(OAUTH_ID)
        assert found is not None
        return found.gone_at


@pytest.fixture
async def site() -> Site:
    made = Site()
    await made.installations.save(made.installation)
    return made


async def test_a_token_is_fetched_once_however_many_need_it(site: Site) -> None:
    tasks = [site.tokens.get(site.installation) for _ in range(50)]
    other = [site.other_process().get(site.installation) for _ in range(50)]
    assert set(await asyncio.gather(*tasks, *other)) == {"token-1"}
    assert site.fetches == 1


async def test_each_set_of_scopes_has_its_own_token(site: Site) -> None:
    for scopes in (["view_room"], ["view_room"], ["send_notification"]):
        await site.tokens.get(site.installation, scopes)
    assert [form.get("scope") for form in site.host.forms] == [
        "view_room",
        "send_notification",
    ]


async def test_all_scopes_in_any_order_are_one_set(site: Site) -> None:
    for scopes in (None, ["view_room", "send_notification"], site.installation.scopes):
        assert await site.tokens.get(site.installation, scopes) == "token-1"
    assert site.host.forms == [{"grant_type": "client_credentials"}]


@pytest.mark.parametrize(
    ("life", "used"), [(3600, 3539), (100, 49), (1, 0.4), (10**12, 10**8)]
)
async def test_a_token_is_renewed_before_it_ends(
    site: Site, life: int, used: float
) -> None:
    site.host.token_answer["expires_in"] = life
    await site.tokens.get(site.installation)
    site.now = NOW + used
    await site.tokens.get(site.installation)
    assert site.fetches == 1
    site.now = NOW + min(life, 10**9)
    await site.tokens.get(site.installation)
    assert site.fetches == 2


async def test_a_rejected_token_is_replaced_once(site: Site) -> None:
    first = await site.tokens.get(site.installation)
    tasks = [
        tokens.get(site.installation, rejected=first)
        for tokens in (site.tokens, site.other_process())
        for _ in range(10)
    ]
    assert set(await asyncio.gather(*tasks)) == {"token-2"}
    assert site.fetches == 2


async def test_a_client_gets_its_token_and_host_by_itself(site: Site) -> None:
    site.host.has("/v2/room/1", {"id": 1, "name": "Ops"})
    client = site.tokens.client(site.installation)
    assert client.base_url == "https://hipchat.test/v2"
    room = await client.rooms.get_room(1)
    assert room.name == "Ops"
    assert site.fetches == 1


async def test_the_token_endpoint_is_where_the_host_says(site: Site) -> None:
    moved = "https://hipchat.test/auth/oauth/token?region=eu"
    installation = site.installation.__class__(
        **{
            name: getattr(site.installation, name)
            for name in site.installation.__slots__
        }
        | {"token_url": moved}
    )
    await site.tokens.get(installation)
    assert site.host.calls == {"POST /auth/oauth/token": 1}


async def test_an_installation_whose_credentials_are_rejected_is_gone(
    site: Site,
) -> None:
    site.host.clients.clear()
    with pytest.raises(UnauthorizedError):
        await site.tokens.get(site.installation)
    assert await site.gone_at() == NOW
    site.now += 60
    with pytest.raises(UnauthorizedError):
        await site.tokens.get(site.installation)
    # Since when it is gone does not change.
    assert await site.gone_at() == NOW


async def test_it_is_alive_again_once_a_token_is_given(site: Site) -> None:
    site.host.token_status = 401
    with pytest.raises(UnauthorizedError):
        await site.tokens.get(site.installation)
    site.host.token_status = 200
    await site.tokens.get(site.installation)
    assert await site.gone_at() is None


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequestError), (500, ServerError)]
)
async def test_another_failure_does_not_end_an_installation(
    site: Site, status: int, kind: type[HipkitError]
) -> None:
    site.host.token_status = status
    with pytest.raises(kind):
        await site.tokens.get(site.installation)
    assert await site.gone_at() is None


async def test_those_who_wait_share_a_failure_and_the_next_tries_again(
    site: Site,
) -> None:
    site.host.token_status = 400
    tasks = [site.tokens.get(site.installation) for _ in range(20)]
    failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, BadRequestError) for each in failures)
    assert site.fetches == 1
    site.host.token_status = 200
    assert await site.tokens.get(site.installation) == "token-1"


async def test_a_server_that_is_away_is_an_error_and_nothing_more(site: Site) -> None:
    site.host.is_away = True
    with pytest.raises(RequestError):
        await site.tokens.get(site.installation)
    assert await site.gone_at() is None


async def test_what_was_removed_is_not_stored_again(site: Site) -> None:
    await site.installations.remove(OAUTH_ID)
    site.host.clients.clear()
    with pytest.raises(UnauthorizedError):
        await site.tokens.get(site.installation)
    assert await site.installations.find(OAUTH_ID) is None


async def test_proving_asks_although_there_is_a_token(site: Site) -> None:
    await site.tokens.get(site.installation)
    token = await site.tokens.prove(site.installation)
    assert token.group_name == "Example"
    assert site.fetches == 2
    assert await site.tokens.get(site.installation) == "token-2"
    site.host.clients.clear()
    with pytest.raises(UnauthorizedError):
        await site.tokens.prove(site.installation)
    assert await site.gone_at() is None


async def test_a_damaged_token_is_an_error_that_shows_nothing(site: Site) -> None:
    await site.storage.put("token", OAUTH_ID, b'{"token": "hunter2"')
    with pytest.raises(StorageError) as caught:
        await site.tokens.get(site.installation)
    assert "hunter2" not in str(caught.value)


async def test_a_failure_holds_neither_secret_nor_token_in_its_frames(
    site: Site,
) -> None:
    await site.tokens.get(site.installation)
    site.host.clients.clear()
    with pytest.raises(UnauthorizedError) as caught:
        await site.tokens.get(site.installation, rejected="token-1")
    step = caught.value.__traceback__
    while step is not None:
        if step.tb_frame.f_globals["__name__"].startswith("hipkit"):
            shown = repr(step.tb_frame.f_locals)
            assert SECRET not in shown
            assert "token-1" not in shown
        step = step.tb_next


async def test_two_processes_on_one_database_fetch_one_token(
    site: Site, tmp_path: Path
) -> None:
    storages = [SqliteStorage(tmp_path / "x.db", durable=False) for _ in range(2)]
    processes = [
        Tokens(each, site.transport, now=lambda: site.now) for each in storages
    ]
    tasks = [each.get(site.installation) for each in processes for _ in range(10)]
    assert set(await asyncio.gather(*tasks)) == {"token-1"}
    assert site.fetches == 1
    for each in storages:
        await each.aclose()
