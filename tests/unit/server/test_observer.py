"""What a server tells its observer, wherever it happens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.shared.limits import LimitSettings
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.unit.server.asgi import FORM, Site, open_site
from tests.unit.server.observing import NotingObserver
from tests.unit.server.receiving import Answer, Receiver, receiving
from tests.unit.server.services.addons.conftest import (
    MemoryAddon,
    descriptor,
    install_at,
    look_up,
)
from tests.unit.server.services.webhooks.delivering import (
    LOOPBACK,
    create_webhook,
    say,
)


@pytest.fixture
def noting() -> NotingObserver:
    return NotingObserver()


def test_calls_are_told_with_operation_version_and_status(
    tmp_path: Path, noting: NotingObserver
) -> None:
    site = open_site(tmp_path, observer=noting)
    site.get("/v2/room")
    site.get("/v2/room/nowhere")
    site.get("/v2/room/nowhere")
    site.get(f"/v1/rooms/list?auth_token={site.token}", token=None)
    site.get("/v2/no/such/operation")
    site.get("/files/none", token=None)
    site.send("GET", "/v2/room", hangs_up=True)
    site.server.close()

    assert noting.calls == {
        ("get_all_rooms", "v2", 200): 2,
        ("get_room", "v2", 404): 2,
        ("rooms_list", "v1", 200): 1,
        ("unknown", "v2", 404): 1,
        ("file", "v2", 404): 1,
    }


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (LimitSettings(user_calls=2), "user calls"),
        (LimitSettings(messages=2), "messages"),
    ],
)
def test_exceeded_limits_are_told(
    tmp_path: Path, noting: NotingObserver, limits: LimitSettings, name: str
) -> None:
    site = open_site(tmp_path, observer=noting, limits=limits)
    site.add_room("Ops")
    for _ in range(3):
        site.post("/v2/room/Ops/message", {"message": "x"})
    site.server.close()

    assert noting.limits == {name: 1}


def test_refused_attempts_to_sign_in_are_told(
    tmp_path: Path, noting: NotingObserver
) -> None:
    site = open_site(tmp_path, observer=noting)
    site.add_user("Ann")
    form = b"grant_type=password&username=@Ann&password=wrong"
    statuses = [
        site.send("POST", "/v2/oauth/token", body=form, headers=[FORM]).status
        for _ in range(21)
    ]
    site.server.close()

    assert (statuses.count(401), statuses.count(429)) == (20, 1)
    assert noting.limits == {"sign-ins": 1}


def test_a_commit_is_told_with_its_commands_and_whether_it_was_kept(
    tmp_path: Path, noting: NotingObserver
) -> None:
    site = open_site(tmp_path, observer=noting)
    database = site.server.database
    noting.commits.clear()

    async def fail(stores: Stores) -> None:
        raise ValueError

    async def nothing(stores: Stores) -> None:
        pass

    async def both() -> None:
        await asyncio.gather(
            database.write(fail), database.write(nothing), return_exceptions=True
        )

    asyncio.run(both())
    assert noting.commits == [(2, True)]

    # As a disk that takes nothing would have it, or tables of a newer program.
    if isinstance(database, SqliteDatabase):
        database._writing.execute("PRAGMA query_only = ON")
    else:
        site.set_schema(999)
    with pytest.raises(StorageError):
        asyncio.run(database.write(nothing))
    assert noting.commits == [(2, True), (1, False)]
    if isinstance(database, SqliteDatabase):
        database._writing.execute("PRAGMA query_only = OFF")
    site.server.close()


def test_webhooks_are_told_with_their_outcome(
    tmp_path: Path, noting: NotingObserver
) -> None:
    with receiving() as receiver:
        site = open_site(tmp_path, observer=noting, webhook_networks=LOOPBACK)
        site.add_room("Ops")
        create_webhook(site, receiver)
        for status in (204, 400, 503):
            _deliver_one(site, receiver, status)
        site.server.close()

    assert noting.deliveries == {
        ("webhook", "delivered"): 1,
        ("webhook", "refused"): 1,
        ("webhook", "waiting"): 1,
    }


def _deliver_one(site: Site, receiver: Receiver, status: int) -> None:
    receiver.answer = lambda posted: Answer(status)
    site.clock[0] += 3600  # Past every wait.
    say(site, "hello")
    site.deliver()


def test_calls_to_add_ons_are_told_with_their_outcome(
    tmp_path: Path, noting: NotingObserver
) -> None:
    addon = MemoryAddon(descriptor=descriptor())
    site = open_site(tmp_path, observer=noting, outgoing=addon, look_up=look_up)
    addon.site = site
    install_at(site)
    site.server.close()

    assert noting.deliveries == {("addon", "delivered"): 2}
