from __future__ import annotations

import asyncio

import pytest

from hipkit.server.app import open_server
from hipkit.server.events.posted import POSTED
from hipkit.server.services.messages import retention
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import StreamRecord
from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_uploads import WEB_CLIENT, share
from tests.unit.server.services.senders.sending import MakeSite
from tests.unit.server.services.test_sweep import count, files

DAY = 24 * 60 * 60


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    opened = make_site(keep_days=30)
    opened.add_room("Ops")
    return opened


def say(site: Site, text: str) -> None:
    assert site.post("/v2/room/Ops/message", {"message": text}).status == 201


def texts(site: Site) -> list[str]:
    target = "/v2/room/Ops/history/latest?max-results=1000"
    return [item["message"] for item in site.get(target).json["items"]]


def pass_days(site: Site, days: float) -> None:
    """Let time pass; what is posted at its end is the newest that is stored."""
    site.clock[0] += days * DAY


def sweep(site: Site) -> None:
    asyncio.run(site.server.sweep())


def subscribe(site: Site) -> int:
    stream = StreamRecord(1, None, POSTED)
    return asyncio.run(
        site.server.database.write(
            lambda stores: stores.routes.open(
                stream, name="ops", target="mail", host="h", now_us=site.now_us
            )
        )
    )


def test_old_messages_go_with_their_texts_and_files(site: Site) -> None:
    say(site, "old")
    share(site, WEB_CLIENT)
    pass_days(site, 29)
    say(site, "young")
    pass_days(site, 2)
    say(site, "new")

    sweep(site)

    assert texts(site) == ["young", "new"]
    assert (count(site, "message_texts"), count(site, "files"), files(site)) == (
        2,
        0,
        0,
    )
    assert site.get("/v2/room/Ops/statistics").json["messages_sent"] == 4


def test_it_goes_on_over_many_steps(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP", 2)
    for number in range(7):
        say(site, f"{number}")
    pass_days(site, 31)
    say(site, "new")

    sweep(site)

    assert texts(site) == ["new"]


def test_without_a_number_of_days_everything_is_kept(make_site: MakeSite) -> None:
    site = make_site()
    site.add_room("Ops")
    say(site, "old")
    pass_days(site, 300)
    say(site, "new")

    sweep(site)

    assert texts(site) == ["old", "new"]


def test_what_a_route_waits_for_is_kept(site: Site) -> None:
    say(site, "before")
    route_id = subscribe(site)
    say(site, "waiting")
    say(site, "waiting too")
    pass_days(site, 31)
    say(site, "new")

    sweep(site)
    assert texts(site) == ["waiting", "waiting too", "new"]

    async def deliver(stores: Stores) -> None:
        newest = await stores.events.newest()
        await stores.subscriptions.advance(route_id, newest)

    asyncio.run(site.server.database.write(deliver))
    sweep(site)
    assert texts(site) == ["new"]


def test_since_when_guests_may_read_stays_known(site: Site) -> None:
    site.add_room("Open", guest_access=True)
    room = {"name": "Open", "privacy": "public", "is_archived": False, "topic": ""}
    room |= {"owner": {"id": 1}}
    site.put("/v2/room/Open", room | {"is_guest_accessible": False})
    site.put("/v2/room/Open", room | {"is_guest_accessible": True})
    kept = count(site, "messages")
    pass_days(site, 31)
    say(site, "new")

    sweep(site)

    assert count(site, "messages") == kept + 1


def test_a_clock_that_is_ahead_deletes_nothing(site: Site) -> None:
    say(site, "new")
    site.server.close()
    site.clock[0] += 200 * DAY
    site.server = asyncio.run(open_server(site.server.settings))
    say(site, "by a wrong clock")

    sweep(site)

    assert texts(site) == ["new", "by a wrong clock"]
