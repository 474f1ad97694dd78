"""How installed add-ons fare, as far as who asks may see it."""

from __future__ import annotations

import asyncio

from hipkit.server.services.addons.installing.listing import list_managed_addons
from hipkit.server.services.addons.installing.overview import (
    AddonStatus,
    describe_addons,
)
from hipkit.server.services.context import Context
from tests.unit.server.asgi import Site
from tests.unit.server.services.addons.conftest import (
    MemoryAddon,
    descriptor,
    install_at,
)

HOOK = {"url": "https://karma.example/hook", "event": "room_message"}


def described(context: Context) -> list[AddonStatus]:
    async def work() -> list[AddonStatus]:
        return await describe_addons(context, await list_managed_addons(context))

    return asyncio.run(work())


def test_calls_and_webhooks_are_counted_for_each_installation(
    host: Site, addon: MemoryAddon
) -> None:
    host.add_room("Ops")
    addon.descriptor = descriptor(webhook=[HOOK])
    install_at(host)
    install_at(host, "Ops")
    path = "/v2/room/Ops/notification"
    for _ in range(2):
        host.post(path, {"message": "x"}, token=addon.tokens[0])
    host.post("/v2/room", {"name": "y"}, token=addon.tokens[1])

    everywhere, in_room = described(host.operator_context())

    assert (everywhere.calls, everywhere.failed) == (2, 0)
    assert (in_room.calls, in_room.failed) == (1, 1)
    assert (everywhere.room_name, in_room.room_name) == (None, "Ops")
    assert [len(one.webhooks) for one in (everywhere, in_room)] == [1, 1]
    assert everywhere.webhooks[0].record.client_id == everywhere.record.client_id
    assert everywhere.last_call_us is not None
    assert everywhere.scopes == ["send_notification"]
    assert everywhere.installed_by is None
    assert everywhere.troubled == []


def test_one_alone_is_described_as_among_others(host: Site, addon: MemoryAddon) -> None:
    host.add_room("Ops")
    addon.descriptor = descriptor(webhook=[HOOK])
    install_at(host)
    install_at(host, "Ops")
    host.post("/v2/room/Ops/notification", {"message": "x"}, token=addon.tokens[0])
    context = host.operator_context()

    together = described(context)
    alone = [asyncio.run(describe_addons(context, [one.record])) for one in together]

    assert [one for [one] in alone] == together


def test_who_installed_it_is_named_after_their_end(
    host: Site, addon: MemoryAddon
) -> None:
    host.add_user("ann", mention_name="ann", password=None)
    host.add_room("Ops", owner="@ann")
    install_at(host, "Ops", host.context_of("ann"))

    [status] = described(host.context_of("ann"))

    assert status.installed_by == "ann"


def test_nothing_is_described_of_nothing(host: Site) -> None:
    host.add_user("ann", mention_name="ann", password=None)

    assert described(host.context_of("ann")) == []
