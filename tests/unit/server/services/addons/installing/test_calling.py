"""One user cannot keep the server's connections busy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from hipkit.api.errors import BadRequestError, RateLimitError
from hipkit.server.services.access.actor import browser_actor
from hipkit.server.services.addons.installing.calling import MOST_AT_ONCE, call_addon
from hipkit.server.services.context import Context
from hipkit.server.services.representations.urls import Addresses
from tests.unit.server.asgi import Site, open_site
from tests.unit.server.services.addons.conftest import (
    MemoryAddon,
    descriptor,
    operator,
    put_in,
)


async def contexts(host: Site, names: Sequence[str]) -> list[Context]:
    users = host.server.database.stores.users
    found = []
    for name in names:
        user = await users.by_mention(1, name)
        assert user is not None
        found.append(host.context(browser_actor(user)))
    return found


@pytest.mark.parametrize("way", ["descriptor", "callback"])
def test_only_administrators_learn_which_names_are_internal(
    tmp_path: Path, way: str
) -> None:
    def look_up(host: str, port: int) -> list[str]:
        if host == "internal.example":
            return ["10.0.0.1"]
        raise OSError("it is not known")

    site = open_site(tmp_path, look_up=look_up)
    site.add_user("Ann", mention_name="ann")
    site.add_room("Ops", owner="@ann")

    async def refusal(context: Context, host: str) -> str:
        address = f"http://{host}/a"
        if way == "callback":
            read = descriptor(installable={"callbackUrl": address})
            address = f"data:application/json,{quote(json.dumps(read))}"
        context.addresses = Addresses("https://chat.test")
        with pytest.raises(BadRequestError) as error:
            await put_in(context, "Ops", address)
        return error.value.message.replace(host, "HOST")

    async def refusals(context: Context) -> set[str]:
        hosts = ("internal.example", "10.0.0.1", "unknown.example")
        return {await refusal(context, host) for host in hosts}

    async def work() -> None:
        [of_ann] = await refusals((await contexts(site, ["ann"]))[0])
        assert "cannot be reached" in of_ann
        of_operator = await refusals(await operator(site))
        assert len(of_operator) == 3
        await site.server.runtime.close_outgoing()

    asyncio.run(work())
    site.server.close()


async def post(context: Context) -> int:
    fetched = await call_addon(
        context, "POST", "https://karma.example/", content=b"{}", most_bytes=100
    )
    return fetched.status


def test_calls_are_limited_by_actor_and_altogether(
    host: Site, addon: MemoryAddon
) -> None:
    names = [f"user{number}" for number in range(6)]
    for name in names:
        host.add_user(name, mention_name=name)
    addon.asks_for_token = False

    async def work() -> None:
        are_all_there, release = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            if len(addon.posted) == MOST_AT_ONCE:
                are_all_there.set()
            await release.wait()

        addon.during = hold
        everybody = await contexts(host, names)
        first, last = everybody[0], everybody[-1]
        tasks = [
            asyncio.create_task(post(context))
            for context in everybody[:-1]
            for _ in range(3)
        ]
        await are_all_there.wait()

        for context in (first, last, await operator(host)):
            with pytest.raises(RateLimitError):
                await post(context)

        release.set()
        assert await asyncio.gather(*tasks) == [200] * MOST_AT_ONCE
        assert await post(first) == 200
        assert not host.server.runtime.calls_under_way

    asyncio.run(work())


def test_a_call_that_fails_counts_no_longer(host: Site, addon: MemoryAddon) -> None:
    addon.is_down = True

    async def work() -> None:
        context = await operator(host)
        for _ in range(5):
            with pytest.raises(Exception, match="connection refused"):
                await post(context)

    asyncio.run(work())
