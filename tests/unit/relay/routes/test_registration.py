from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hipkit.relay.routes.choosing import NO_ROUTE
from hipkit.relay.routes.registration import register_routes, retry_paused
from hipkit.relay.routes.route import Route
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.routes import RouteRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from tests.unit.relay.fake_target import FakeSettings, FakeTarget
from tests.unit.server.asgi import Site


def route(name: str, host: str = "chat.example.com") -> Route:
    settings = FakeSettings(url=f"https://{host}/s3cret")
    return Route(name=name, target=FakeTarget(), settings=settings)


def register(site: Site, *routes: Route) -> None:
    asyncio.run(register_routes(site.operator_context(), routes))


def records(site: Site) -> dict[str, RouteRecord]:
    found: Sequence[RouteRecord] = asyncio.run(site.server.database.stores.routes.all())
    return {record.name: record for record in found}


def newest(site: Site) -> int:
    return asyncio.run(site.server.database.stores.events.newest())


def say(site: Site) -> None:
    assert site.post("/v2/room/Ops/message", {"message": "hello"}).status == 201


def test_routes_are_registered_with_their_target_and_its_host(site: Site) -> None:
    register(site, route("ops"))
    found = records(site)
    assert set(found) == {"ops", NO_ROUTE}
    assert (found["ops"].target, found["ops"].host) == ("fake", "chat.example.com")


def test_new_route_begins_with_what_is_posted_next(site: Site) -> None:
    register(site, route("ops"))
    say(site)
    register(site, route("ops"), route("new"))
    found = records(site)
    assert found["new"].position == newest(site) > found["ops"].position


def test_known_route_goes_on_at_its_position_wherever_it_leads_now(site: Site) -> None:
    register(site, route("ops"))
    before = records(site)["ops"]
    say(site)
    register(site, route("ops", "other.example.com"))
    after = records(site)["ops"]
    assert (after.id, after.position) == (before.id, before.position)
    assert after.host == "other.example.com"


def test_route_that_is_gone_from_the_file_waits_for_its_return(site: Site) -> None:
    register(site, route("ops"), route("other"))
    before = records(site)["ops"]
    register(site, route("other"))
    assert records(site)["ops"].removed_us is not None
    assert records(site)["other"].removed_us is None
    say(site)
    register(site, route("other"), route("ops"))
    after = records(site)["ops"]
    assert after.removed_us is None
    assert (after.id, after.position) == (before.id, before.position)


def test_file_without_routes_removes_all_and_counts_nothing(site: Site) -> None:
    register(site, route("ops"))
    register(site)
    assert all(record.removed_us is not None for record in records(site).values())


def test_only_routes_that_failures_paused_are_tried_at_once(site: Site) -> None:
    register(site, route("paused"), route("failing"), route("held"), route("gone"))
    found = records(site)
    later = 2_000_000_000_000_000

    async def command(stores: Stores) -> None:
        for name, record in found.items():
            paused_us = None if name == "failing" else 1
            state = SubscriptionState(
                position=record.position, next_try_us=later, paused_us=paused_us
            )
            await stores.subscriptions.set_state(record.id, state)
        await stores.routes.pause(found["held"].id, 1)
        await stores.routes.remove(found["gone"].id, 1)

    asyncio.run(site.server.database.write(command))
    context = site.operator_context()
    asyncio.run(retry_paused(context))

    after = records(site)
    assert after["paused"].next_try_us == context.now_us
    assert after["paused"].paused_us == 1  # Until something gets through.
    assert {after[name].next_try_us for name in ("failing", "held", "gone")} == {later}
    assert after["held"].held_us == 1
