"""What a target calls messages whose outcomes are not stored yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from hipkit.relay.routes import recent as module
from hipkit.relay.targets.protocol import Reply
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.storage.stores.routes import ROUTE
from tests.unit.relay.fake_target import FakeTarget
from tests.unit.relay.routes.relaying import Relay, route
from tests.unit.server.asgi import Site


class Sure(FakeTarget):
    """A target that drops what it is sent again, whenever that is."""

    can_tell_repeats: ClassVar[bool] = True


@pytest.fixture
def relay(site: Site) -> Iterator[Relay]:
    made = Relay(site, route(target=Sure()))
    made.chat.answer = lambda call: Reply(status=200, body=b"there-1")
    yield made
    made.close()


def send(relay: Relay, count: int) -> list[tuple[Delivery, Outcome]]:
    """Send messages without storing what became of them."""

    async def work(route_id: int) -> list[tuple[Delivery, Outcome]]:
        sent: list[tuple[Delivery, Outcome]] = []
        for _ in range(count):
            delivery = await relay.subscriptions.next_delivery(
                ROUTE, route_id, goes_on=bool(sent)
            )
            assert delivery is not None
            outcome = await relay.subscriptions.post(delivery)
            assert relay.subscriptions.may_settle_later(delivery, outcome)
            sent.append((delivery, outcome))
        return sent

    return relay.run(work(relay.record().id))


def references(relay: Relay) -> list[object]:
    return [message["references"] for message in relay.chat.taken]


def test_a_reply_finds_its_message_before_the_outcome_of_that_is_stored(
    relay: Relay,
) -> None:
    card = '{"style": "application", "id": "build-7", "title": "Build"}'
    (first,) = relay.post(1, card=card)
    relay.post(1, attach_to=first)
    relay.post(1, attach_to="build-7")

    sent = send(relay, 3)

    assert references(relay) == [{}, {first: "there-1"}, {"build-7": "there-1"}]
    assert relay.record().position == 0
    assert relay.run(relay.subscriptions.settle(sent)) == 0
    assert relay.record().delivered == 3


def test_what_was_sent_and_not_stored_is_sent_again_with_the_same_ids(
    relay: Relay,
) -> None:
    ids = relay.post(3)
    send(relay, 2)

    relay.restart()
    relay.deliver()

    assert relay.chat.ids == [*ids[:2], *ids]
    assert relay.record().delivered == 3


def test_the_oldest_references_are_forgotten(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_RECENT", 1)
    first, _ = relay.post(2)
    relay.post(1, attach_to=first)

    send(relay, 3)

    assert references(relay) == [{}, {}, {}]


@pytest.mark.parametrize("recovers", [True, False])
def test_nothing_is_on_its_way_where_the_position_moves_by_itself(
    site: Site, recovers: bool
) -> None:
    age = None if recovers else 60.0
    relay = Relay(site, route(target=Sure(), drop_older_than_seconds=age))
    if recovers:
        number = relay.record().id
        relay.run(
            site.server.database.write(
                lambda stores: stores.routes.set_recovered(number, 1)
            )
        )

    assert not relay.kind.settles_together(relay.record())
    relay.close()


def test_other_targets_get_a_message_once_the_one_before_is_stored(site: Site) -> None:
    relay = Relay(site, route())
    relay.post(1)
    delivery = relay.next()
    assert delivery is not None

    outcome = relay.run(relay.subscriptions.post(delivery))

    assert outcome.verdict == "delivered"
    assert not relay.subscriptions.may_settle_later(delivery, outcome)
    relay.close()


def test_what_an_earlier_target_called_a_message_is_unknown_to_another(
    relay: Relay,
) -> None:
    relay.chat.answer = lambda call: Reply(status=200, body=b"there-1")
    (first,) = relay.post()
    relay.deliver()
    before = relay.routes[0]
    after = route(target=Sure(), url="https://other.example.com/hook")
    for routes in ([after], [before]):
        relay.register(*routes)
        relay.kind.replace(routes, {})
        relay.post(attach_to=first)
        relay.deliver()
    assert references(relay) == [{}, {}, {first: "there-1"}]
