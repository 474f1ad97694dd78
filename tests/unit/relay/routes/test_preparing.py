"""Backlogs: what of a night's messages is sent, what is summarised, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from hipkit.relay.markup.tree import Mention, Text
from hipkit.relay.routes.backlog import LEAST_WAITING, NEWEST_SENT
from hipkit.relay.routes.delivery import RouteDelivery
from hipkit.relay.routes.operating import send_again
from hipkit.relay.targets.protocol import Reply
from hipkit.server.events.posted import PostedFile, PostedMessage
from tests.unit.relay.routes.relaying import (
    DAY,
    HOUR,
    MINUTE,
    Relay,
    answering,
    route,
    taken,
)


def fail(relay: Relay, seconds: float = 20 * MINUTE) -> str:
    """Post a message while the target fails, wait, and let the target come back."""
    (probe,) = relay.post(1)
    relay.chat.answer = answering(503)
    relay.fail_for(seconds)
    relay.chat.answer = taken
    return probe


def recover(relay: Relay) -> None:
    relay.wait(2 * HOUR)
    relay.deliver()


def kinds(relay: Relay) -> list[str]:
    return [message["kind"] for message in relay.chat.taken]


def test_a_name_that_the_route_maps_is_a_mention(make: Callable[..., Relay]) -> None:
    """Nobody has an account on a relay: the file alone says who is mentioned."""
    relay = make(route("ops", mentions={"bob": "bob.at.target"}))
    relay.post(1, body="@bob @carol", format="text")
    delivery = relay.next()
    assert isinstance(delivery, RouteDelivery)
    assert delivery.message is not None
    assert delivery.message.body == (Mention("bob"), Text(" @carol"))


def test_backlog_is_one_summary_between_the_probe_and_the_newest(relay: Relay) -> None:
    probe = fail(relay)
    ids = relay.post(200)
    recover(relay)
    assert kinds(relay) == ["notification", "summary", *["notification"] * NEWEST_SENT]
    assert relay.chat.ids[0] == probe
    assert relay.chat.ids[2:] == ids[-NEWEST_SENT:]
    record = relay.record()
    assert (record.delivered, record.summarised) == (22, 180)


def test_red_messages_are_sent_one_by_one_in_order(relay: Relay) -> None:
    probe = fail(relay)
    ids: list[str] = []
    red: list[str] = []
    for number in range(40):
        red += (new := relay.post(1, color="red" if number % 3 else "yellow"))[
            : number % 3
        ]
        ids += new + relay.post(4, color="green")
    recover(relay)
    singles = [one for one in ids[:-NEWEST_SENT] if one in red] + ids[-NEWEST_SENT:]
    assert [relay.chat.ids[0], *relay.chat.ids[2:]] == [probe, *singles]
    assert kinds(relay)[1] == "summary"
    assert relay.record().summarised == 200 - len(singles)


def test_red_messages_before_the_range_go_before_the_summary(relay: Relay) -> None:
    probe = fail(relay)
    red = relay.post(3, color="red")
    relay.post(150)
    recover(relay)
    assert relay.chat.ids[:4] == [probe, *red]
    assert kinds(relay)[4] == "summary"


def test_messages_younger_than_fifteen_minutes_are_sent(relay: Relay) -> None:
    fail(relay)
    relay.post(150)
    relay.wait(HOUR)
    young = relay.post(50)
    relay.wait(10 * MINUTE)
    relay.deliver()
    assert relay.chat.ids[2:] == young
    assert relay.record().summarised == 150


def test_hundred_waiting_are_sent_one_by_one(relay: Relay) -> None:
    probe = fail(relay)
    ids = relay.post(LEAST_WAITING - 1)
    recover(relay)
    assert relay.chat.ids == [probe, *ids]
    assert relay.record().summarised == 0


def test_one_more_is_enough(relay: Relay) -> None:
    fail(relay)
    relay.post(LEAST_WAITING)
    recover(relay)
    assert kinds(relay).count("summary") == 1


def test_failing_for_less_than_fifteen_minutes_summarises_nothing(
    relay: Relay,
) -> None:
    probe = fail(relay, 10 * MINUTE)
    ids = relay.post(200)
    relay.wait(4 * MINUTE)
    relay.deliver()
    assert relay.chat.ids == [probe, *ids]


def test_waiting_without_a_failure_summarises_nothing(relay: Relay) -> None:
    ids = relay.post(200)
    relay.wait(DAY)
    relay.deliver()
    assert relay.chat.ids == ids


def test_route_that_sends_its_backlog_sends_all(make: Callable[..., Relay]) -> None:
    relay = make(route("ops", backlog="send"))
    probe = fail(relay)
    ids = relay.post(300)
    recover(relay)
    assert relay.chat.ids == [probe, *ids]


def test_summary_is_the_same_after_each_failure_and_kill(relay: Relay) -> None:
    fail(relay)
    relay.post(200)
    relay.wait(2 * HOUR)
    relay.deliver_one()
    relay.chat.answer = answering(503)
    relay.deliver_one()
    relay.post(300)
    relay.restart()
    relay.wait(HOUR)
    relay.deliver_one()
    relay.chat.answer = taken
    relay.restart()
    relay.wait(2 * HOUR)
    relay.deliver_one()
    tries = [call.body for call in relay.chat.tried if b'"summary"' in call.body]
    assert len(tries) == 3
    assert len(set(tries)) == 1
    assert relay.record().summarised == 180


def test_second_outage_has_a_second_summary_after_what_the_first_covered(
    relay: Relay,
) -> None:
    fail(relay)
    first = relay.post(200, color="yellow")
    red = relay.post(1, color="red")
    first += relay.post(100)
    relay.wait(HOUR)
    relay.deliver_one()
    relay.deliver_one()
    assert kinds(relay) == ["notification", "summary"]
    relay.chat.answer = answering(503)
    second = relay.post(200)
    relay.fail_for(HOUR)
    relay.chat.answer = taken
    relay.wait(2 * HOUR)
    relay.deliver_one()
    assert relay.chat.ids[-1:] == red
    # Killed once the second range is stored: the rest of the first must be behind it.
    assert relay.next() is not None
    relay.restart()
    recover(relay)
    assert kinds(relay).count("summary") == 2
    # The first covered all but the newest 20 at its time; the second what came after those.
    record = relay.record()
    sent = [
        message["id"] for message in relay.chat.taken if message["kind"] != "summary"
    ]
    assert sent[1:2] == red
    assert sent[2:] == [
        one for one in first[-NEWEST_SENT:] + second if one in set(sent)
    ]
    assert record.summarised + len(sent) == 1 + 300 + 1 + 200


def test_summary_that_is_refused_is_withdrawn_and_each_is_sent(relay: Relay) -> None:
    probe = fail(relay)
    ids = relay.post(150)
    relay.wait(2 * HOUR)
    relay.chat.answer = lambda call: Reply(
        status=400 if b'"summary"' in call.body else 200
    )
    relay.deliver()
    assert "the summary was refused" in str(relay.record().problem)
    relay.wait(2)
    relay.deliver()
    assert relay.chat.ids == [probe, *ids]
    record = relay.record()
    assert (record.refused, record.summarised) == (0, 0)


def test_summary_that_cannot_be_written_covers_nothing(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = fail(relay)
    ids = relay.post(150)
    relay.wait(HOUR)
    relay.deliver_one()
    with monkeypatch.context() as patch:

        def fail_to_write(*_: object) -> None:
            raise RecursionError

        patch.setattr("hipkit.relay.routes.summary.SummaryWriter.write", fail_to_write)
        relay.deliver_one()
    relay.deliver()
    assert relay.chat.ids == [probe, *ids[1:]]
    assert relay.record().refused == 1


def test_summary_that_is_set_aside_covers_nothing(relay: Relay) -> None:
    fail(relay)
    ids = relay.post(150)
    relay.wait(HOUR)
    relay.deliver_one()
    relay.chat.answer = answering(503)
    relay.fail_for(26 * HOUR)
    assert relay.record().set_aside == 1
    assert relay.summary() is None
    relay.chat.answer = taken
    (shown,) = [one for one in relay.deliveries() if one.state == "set_aside"]
    relay.run(send_again(relay.site.operator_context(), shown.id))
    recover(relay)
    record = relay.record()
    sent = {
        message["id"] for message in relay.chat.taken if message["kind"] != "summary"
    }
    assert ids[0] in sent
    assert record.summarised + len(sent) == 1 + 150


def test_summary_is_sent_although_the_route_takes_its_first_message_no_more(
    relay: Relay,
) -> None:
    fail(relay)
    relay.post(150)
    relay.wait(HOUR)
    relay.deliver_one()
    assert relay.next() is not None
    other = route("ops", rooms=("Build *",))
    relay.register(other)
    relay.restart()
    relay.deliver()
    assert kinds(relay) == ["notification", "summary"]


def test_what_a_summary_begins_with_is_not_dropped_for_its_age(
    make: Callable[..., Relay],
) -> None:
    relay = make(route("ops", drop_older_than_seconds=12 * HOUR))
    fail(relay)
    relay.post(150)
    relay.wait(HOUR)
    relay.deliver_one()
    assert relay.next() is not None
    relay.restart()
    relay.wait(DAY)
    relay.deliver()
    record = relay.record()
    assert kinds(relay) == ["notification", "summary"]
    assert (record.summarised, record.dropped) == (130, 20)


def test_old_recovery_is_forgotten_once_the_backlog_is_gone(relay: Relay) -> None:
    fail(relay)
    recover(relay)
    assert relay.record().recovered_us is not None
    ids = relay.post(200)
    relay.wait(HOUR)
    relay.deliver()
    assert relay.chat.ids[1:] == ids
    assert relay.record().recovered_us is None


# Links


@dataclass
class SignedLinks:
    """Links as the server makes them."""

    asked: list[str] = field(default_factory=list)

    def message(self, message: PostedMessage) -> str | None:
        self.asked.append(message.id)
        return f"https://relay.example.com/m/{message.id}"

    def file(self, message: PostedMessage) -> str | None:
        return f"https://relay.example.com/m/{message.id}/file"


def test_messages_and_files_have_links(make: Callable[..., Relay]) -> None:
    relay = make(links=SignedLinks())
    file = PostedFile(key="k" * 43, name="a", size_bytes=1, content_type="text/plain")
    (sent,) = relay.post(1, file=file)
    delivery: Any = relay.next()
    assert delivery.message.link == f"https://relay.example.com/m/{sent}"
    assert delivery.message.files[0].url == f"https://relay.example.com/m/{sent}/file"


def test_summary_links_what_it_stands_for(make: Callable[..., Relay]) -> None:
    links = SignedLinks()
    relay = make(links=links)
    fail(relay)
    ids = relay.post(120)
    relay.wait(HOUR)
    relay.deliver_one()
    links.asked.clear()
    delivery: Any = relay.next()
    assert links.asked == ids[:-NEWEST_SENT]
    assert delivery.stands_for == 100


@pytest.mark.parametrize("public_url", [None, "https://relay.example.com"])
def test_placeholders_of_addresses_never_arrive(
    make: Callable[..., Relay], public_url: str | None
) -> None:
    relay = make()
    object.__setattr__(relay.site.server.settings, "public_url", public_url)
    relay.restart()
    reply = relay.site.post("/v2/room/Ops/message", {"message": "hello"})
    assert reply.status == 201
    delivery: Any = relay.next()
    assert "placeholder" not in repr(delivery.message)
