"""A clock that is wrong ends nothing, loses nothing and lets nobody wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hipkit.server import serve as run
from hipkit.server.app import Server, open_server
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.subscriptions import Subscriptions
from hipkit.server.services.access import web_sessions
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.webhooks import WebhookRecord
from tests.unit.server.asgi import Site
from tests.unit.server.services.access import (
    test_credentials_that_end as test_credentials,
)
from tests.unit.server.services.access.test_credentials_that_end import Credentials

HOUR = 60 * 60
DAY = 24 * HOUR
YEAR = 365 * DAY
HOOK = {"url": "https://93.184.216.34/hook", "event": "room_message"}

built, made = test_credentials.built, test_credentials.made


def count(site: Site, table: str) -> int:
    return len(site.sql(f"SELECT 1 FROM {table}"))  # noqa: S608 - names of our own


def start_again(site: Site, *, clock_steps_by: float = 0.0) -> None:
    site.server.close()
    site.clock[0] += clock_steps_by
    site.server = asyncio.run(open_server(site.server.settings))


def sweep(site: Site) -> None:
    asyncio.run(site.server.sweep())


def say(site: Site, room: int, text: str = "x") -> None:
    token = site.add_token(seconds=HOUR)
    reply = site.post(f"/v2/room/{room}/message", {"message": text}, token=token)
    assert reply.status == 201, reply.body


@pytest.mark.parametrize("years", [10, -10, 200])
@pytest.mark.parametrize("is_used", [True, False])
def test_a_start_with_a_wrong_clock_ends_nothing(
    made: Credentials, years: int, *, is_used: bool
) -> None:
    site = made.site
    say(site, made.hooks, "for the webhooks")
    events = count(site, "events")
    assert events

    start_again(site, clock_steps_by=years * YEAR)
    for _ in range(3):
        if is_used:
            # Whatever is stored meanwhile has the wrong time.
            say(site, made.hooks)
        site.clock[0] += HOUR
        sweep(site)
    start_again(site, clock_steps_by=-years * YEAR - 3 * HOUR)
    sweep(site)

    assert made.good() == made.values.keys()
    assert count(site, "events") >= events


def test_a_clock_that_is_set_while_the_server_runs_ends_nothing(
    made: Credentials,
) -> None:
    site = made.site
    site.clock[0] += 10 * YEAR
    sweep(site)
    site.clock[0] -= 10 * YEAR

    assert made.good() == made.values.keys()


def test_a_clock_that_runs_on_its_own_is_held_against_the_other(
    made: Credentials,
) -> None:
    """The wall clock is set, messages are stored by it, and the monotonic one knows better."""
    site, passed = made.site, [0.0]
    site.server.close()
    settings = replace(site.server.settings, monotonic=lambda: passed[0])
    site.server = asyncio.run(open_server(settings))
    site.clock[0] += 10 * YEAR
    passed[0] += 2 * HOUR
    say(site, made.hooks)
    sweep(site)
    site.clock[0] -= 10 * YEAR

    assert made.good() == made.values.keys()


KEPT = (
    "tokens",
    "refresh_tokens",
    "authorization_codes",
    "web_sessions",
    "password_links",
    "grants",
)


def test_what_ended_a_month_ago_is_swept_and_nothing_sooner(made: Credentials) -> None:
    site = made.site
    before = {table: count(site, table) for table in KEPT}
    assert all(before.values())

    site.clock[0] += YEAR + 29 * DAY
    say(site, made.hooks)
    sweep(site)
    after_a_year = {table: count(site, table) for table in KEPT}
    site.clock[0] += 2 * DAY
    say(site, made.hooks)
    sweep(site)
    site.clock[0] += DAY
    sweep(site)
    left = {table: count(site, table) for table in KEPT}

    assert after_a_year["refresh_tokens"] == before["refresh_tokens"]
    assert after_a_year["web_sessions"] == 0
    # The two tokens that were made in this test are ended for less than a month, and two
    # webhooks keep the grants that they end with.
    assert left == {
        "tokens": 2,
        "refresh_tokens": 0,
        "authorization_codes": 0,
        "web_sessions": 0,
        "password_links": 0,
        "grants": left["grants"],
    }
    webhooks = count(site, "webhooks WHERE grant_id IS NOT NULL")
    assert webhooks == 3
    assert left["grants"] < 2 + 3 * webhooks


def test_hour_tokens_that_ended_are_kept_for_a_month_and_not_listed(
    site: Site,
) -> None:
    site.add_token(seconds=HOUR, name="short")

    for days, kept in ((29, 2), (2, 1)):
        site.clock[0] += days * DAY
        site.add_user(f"Person {days}")
        sweep(site)
        assert count(site, "tokens") == kept


def test_nothing_is_swept_in_the_first_hour(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = asyncio.Event()

    class Swept(Server):
        async def sweep(self) -> None:
            swept.set()

    server = Swept(site.server.runtime)

    async def work() -> None:
        waiting = asyncio.create_task(run._sweep_hourly(server))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not swept.is_set()
        waiting.cancel()
        monkeypatch.setattr(run, "SWEEP_SECONDS", 0)
        going_on = asyncio.create_task(run._sweep_hourly(server))
        await swept.wait()
        going_on.cancel()

    assert run.SWEEP_SECONDS == HOUR
    asyncio.run(work())


@dataclass
class Webhook:
    """A webhook that fails, on a server with two clocks."""

    server: Server
    subscriptions: Subscriptions
    webhook_id: int
    wall: list[float]
    passed: list[float]

    def go_on(self, seconds: float) -> None:
        self.wall[0] += seconds
        self.passed[0] += seconds

    def set_clock(self, seconds: float) -> None:
        self.wall[0] += seconds

    def is_due(self) -> bool:
        return any(
            webhook.id == self.webhook_id
            for webhook in asyncio.run(self.subscriptions.woken())
        )

    def fail(self) -> WebhookRecord:
        """Let a delivery fail that is due, and return the webhook as it is then."""
        asyncio.run(self._fail())
        return self.record

    async def _fail(self) -> None:
        delivery = await self.subscriptions.next_delivery("webhook", self.webhook_id)
        assert isinstance(delivery, Delivery)
        await self.subscriptions.settle([(delivery, Outcome(status=500))])

    @property
    def record(self) -> WebhookRecord:
        found = asyncio.run(self.server.database.stores.webhooks.get(self.webhook_id))
        assert found is not None
        return found

    def start_again(self) -> None:
        self.server.close()
        self.server = asyncio.run(open_server(self.server.settings))
        self.subscriptions = subscriptions_of(self.server)


def subscriptions_of(server: Server) -> Subscriptions:
    subscriptions = server.create_sender()._source
    assert isinstance(subscriptions, Subscriptions)
    return subscriptions


@pytest.fixture
def webhook(site: Site, tmp_path: Path) -> Iterator[Webhook]:
    site.add_room("Ops")
    made = site.post("/v2/room/Ops/webhook", HOOK)
    assert site.post("/v2/room/Ops/message", {"message": "x"}).status == 201
    site.server.close()
    wall, passed = [site.clock[0]], [5.0]
    settings = replace(
        site.server.settings, clock=lambda: wall[0], monotonic=lambda: passed[0]
    )
    server = asyncio.run(open_server(settings))
    webhook = Webhook(server, subscriptions_of(server), made.json["id"], wall, passed)
    assert webhook.is_due()
    yield webhook
    webhook.server.close()


@pytest.mark.parametrize("step", [-HOUR, -10 * YEAR, HOUR, 10 * YEAR])
def test_a_retry_waits_as_long_however_the_clock_is_set(
    webhook: Webhook, step: float
) -> None:
    webhook.fail()
    webhook.set_clock(step)
    assert not webhook.is_due()

    webhook.go_on(3)
    assert not webhook.is_due()
    webhook.go_on(4)

    assert webhook.is_due()


@pytest.mark.parametrize("step", [-3 * DAY, 3 * DAY])
def test_a_clock_that_is_set_pauses_no_webhook(webhook: Webhook, step: float) -> None:
    """Also where the clock is set while a delivery is on its way."""
    webhook.fail()
    webhook.set_clock(step)
    webhook.is_due()
    webhook.go_on(10)
    webhook.set_clock(step)

    assert webhook.is_due() or webhook.is_due()
    record = webhook.fail()

    assert record.paused_us is None
    assert record.tries == 2
    webhook.go_on(15)
    assert webhook.is_due()


@pytest.mark.parametrize("ahead", [2 * HOUR, 3 * DAY, 10 * YEAR])
def test_a_clock_that_was_ahead_before_a_start_makes_no_webhook_wait(
    webhook: Webhook, ahead: float
) -> None:
    webhook.set_clock(ahead)
    webhook.is_due()
    failing = webhook.fail()
    assert failing.next_try_us is not None
    assert failing.next_try_us > (webhook.wall[0] - ahead) * SECOND_US

    webhook.set_clock(-ahead)
    webhook.start_again()

    assert webhook.is_due()
    assert webhook.fail().failing_since_us == int(webhook.wall[0] * SECOND_US)


def test_a_webhook_paused_by_a_wrong_clock_is_resumed_at_a_start_with_the_right_one(
    webhook: Webhook,
) -> None:
    webhook.fail()
    webhook.set_clock(2 * DAY)
    webhook.start_again()
    assert webhook.is_due()
    assert webhook.fail().paused_us is not None

    webhook.set_clock(-2 * DAY)
    webhook.start_again()

    assert webhook.is_due()
    assert webhook.record.paused_us is None
    assert webhook.fail().paused_us is None


def test_a_wait_that_is_written_while_the_clock_is_set_is_bounded(
    webhook: Webhook,
) -> None:
    webhook.fail()
    years_us = 10 * YEAR * SECOND_US

    async def write(stores: Stores) -> None:
        await stores.subscriptions.shift(years_us)

    asyncio.run(webhook.server.database.write(write))

    assert webhook.is_due()


def test_waits_within_bounds_stay_as_they_are_at_a_start(webhook: Webhook) -> None:
    first = webhook.fail()
    webhook.start_again()
    webhook.is_due()

    assert webhook.record == first


def test_a_person_seen_in_the_future_is_not_online(site: Site) -> None:
    ann = site.add_user("Ann")
    room = site.add_room("Ops")
    token = site.add_token(user=ann)
    site.clock[0] += YEAR
    site.post(
        f"/v2/room/{room}/message",
        {"message": "x"},
        token=site.add_token(user=ann),
    )
    site.clock[0] -= YEAR

    presence = site.get(f"/v2/user/{ann}", token=token).json["presence"]

    assert not (presence or {}).get("is_online")


@pytest.mark.parametrize(
    "write",
    [
        lambda site: site.add_user("Ann"),
        lambda site: site.add_room("Ops"),
        lambda site: site.add_token(),
        lambda site: say(site, site.add_room("Ops")),
    ],
    ids=["person", "room", "token", "message"],
)
def test_the_newest_timestamp_is_that_of_what_was_stored_last(
    site: Site, write: Callable[[Site], object]
) -> None:
    site.clock[0] += DAY
    before = site.now_us

    write(site)

    newest = asyncio.run(site.server.database.stores.timestamps.newest())
    assert newest is not None
    assert before < newest < site.now_us


def test_a_session_in_use_is_the_newest_timestamp_too(made: Credentials) -> None:
    site = made.site
    site.clock[0] += DAY
    before = site.now_us

    async def touch() -> None:
        stores = site.server.database.stores
        session = await web_sessions.find_session(
            stores, made.values["session"], site.now_us
        )
        assert session is not None
        await web_sessions.touch_session(site.context(), session)

    asyncio.run(touch())

    newest = asyncio.run(site.server.database.stores.timestamps.newest())
    assert newest is not None
    assert newest > before
