from __future__ import annotations

import asyncio
import logging

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_uploads import WEB_CLIENT, share
from tests.unit.server.services.senders.sending import (
    OLD,
    MakeSite,
    notify,
    relay_site,
    said,
)


def test_a_full_server_refuses_messages_and_says_what_to_do(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    site = relay_site(make_site, disk_bytes=1)

    with caplog.at_level(logging.WARNING, "hipkit.server"):
        replies = [
            notify(site, "Ops"),
            share(site, WEB_CLIENT, token=OLD),
            site.get(
                f"/v1/rooms/message?auth_token={OLD}&room_id=Ops&from=x&message=y",
                token=None,
            ),
        ]

    for reply in replies:
        assert reply.status == 507
        assert "disk_bytes" in reply.error["message"]
    assert "messages are refused" in caplog.text
    assert site.get("/v2/room").json["items"] == []


def test_files_count_and_what_was_deleted_does_not(make_site: MakeSite) -> None:
    site = relay_site(make_site)
    notify(site, "Ops")
    used = _used(site)

    share(site, WEB_CLIENT, token=OLD)
    assert _used(site) > used
    for number in range(50):
        notify(site, "Long", f"{number} " + "x" * 9_000)
    site.count_rows()
    full = _used(site)
    site.delete("/v2/room/Long")
    site.count_rows()

    assert _used(site) < full


def test_without_a_bound_nothing_is_refused(make_site: MakeSite) -> None:
    site = relay_site(make_site, disk_bytes=0)

    assert notify(site, "Ops").status == 204
    assert said(site, "Ops") == ["up"]


def test_the_operator_is_not_refused(make_site: MakeSite) -> None:
    site = relay_site(make_site, disk_bytes=1)
    site.add_room("Ops")

    assert notify(site, "Ops", token="").status == 204


def _used(site: Site) -> int:
    async def work() -> int:
        stores = site.server.runtime.stores
        used = await site.server.database.used_bytes()
        return used + await stores.groups.file_bytes(1)

    return asyncio.run(work())


def test_what_is_in_use_is_counted_once_a_second(make_site: MakeSite) -> None:
    site = relay_site(make_site, disk_bytes=10**9)
    policy = site.server.runtime.senders
    assert policy is not None

    notify(site, "Ops")
    first = policy.measured
    notify(site, "Ops")
    assert policy.measured == first
    site.clock[0] += 1.5
    notify(site, "Ops")

    assert policy.measured != first
