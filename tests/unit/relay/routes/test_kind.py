"""Routes on a real database: what each gets, in which order, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from hipkit.relay.routes.choosing import NO_ROUTE
from hipkit.relay.routes.operating import pause_route, resume_route, send_again
from hipkit.relay.routes.route import Conditions
from hipkit.relay.targets.protocol import PLACE, Answer, HttpCall, Reply
from hipkit.server.events.delivery import Outcome
from hipkit.server.events.posted import POSTED, PostedFile, PostedMessage
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import NewEvent
from tests.unit.relay.fake_target import FakeTarget, PlacedTarget
from tests.unit.relay.routes.relaying import (
    DAY,
    HOUR,
    MINUTE,
    Relay,
    answering,
    route,
    taken,
)

RED = Conditions(color=frozenset({"red"}))


# Choosing


def test_messages_are_delivered_in_the_order_in_which_they_were_posted(
    relay: Relay,
) -> None:
    ids = relay.post(120)
    relay.deliver()
    assert relay.chat.ids == ids
    assert relay.record().delivered == 120


def test_each_route_gets_what_it_takes(make: Callable[..., Relay]) -> None:
    relay = make(route("red", when=RED), route("build", rooms=("Build *",)))
    red = relay.post(1, color="red", room="Build 7")
    other = relay.post(60, color="green", room="Build 8")
    relay.post(1, color="green")
    relay.deliver("red")
    relay.deliver("build")
    assert relay.chat.ids == [*red, *red, *other]


def test_what_no_route_takes_is_counted_once(make: Callable[..., Relay]) -> None:
    relay = make(route("red", when=RED))
    relay.post(1, color="red")
    relay.post(3, color="green")
    relay.post(1, room=None, kind="message", recipient="Bob")
    for name in ("red", NO_ROUTE, NO_ROUTE):
        relay.deliver(name)
    assert relay.record(NO_ROUTE).delivered == 3
    assert len(relay.chat.taken) == 1


def test_bridge_gets_nothing_of_its_own_back(make: Callable[..., Relay]) -> None:
    relay = make(route("ops"), bridges={"sender:Matrix": "ops"})
    relay.post(1, token="sender:Matrix")
    (other,) = relay.post(1, token="sender:Jenkins")
    relay.deliver()
    assert relay.chat.ids == [other]


def test_label_is_made_by_the_routes_template(make: Callable[..., Relay]) -> None:
    relay = make(route("ops", label="{from} ({room})"))
    relay.post(1)
    relay.deliver()
    assert relay.chat.taken[0]["label"] == "Nagios (Ops)"


def test_pattern_searches_the_text_without_markup(make: Callable[..., Relay]) -> None:
    relay = make(route("ops", when=Conditions(text="^disk full$")))
    (found,) = relay.post(1, body="<b>disk</b> full", format="html", text="disk full")
    relay.post(1, body="all is well", text="all is well")
    relay.deliver()
    assert relay.chat.ids == [found]


# What targets answer


def test_failing_target_is_tried_again_later_and_order_is_kept(relay: Relay) -> None:
    ids = relay.post(3)
    relay.chat.answer = answering(503)
    for wait in (1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 3_600.0):
        began = relay.now
        assert relay.deliver()
        assert not relay.deliver()
        due_us = relay.record().next_try_us
        assert due_us is not None
        assert due_us / 1_000_000 - began == pytest.approx(wait, abs=0.5)
        relay.wait(wait)
    relay.chat.answer = taken
    relay.deliver()
    assert relay.chat.ids == ids


@pytest.mark.parametrize("status", [429, 503])
def test_target_is_never_tried_earlier_than_it_asked(relay: Relay, status: int) -> None:
    relay.post(1)
    relay.chat.answer = answering(status, **{"retry-after": "300"})
    relay.deliver()
    relay.wait(299)
    assert not relay.deliver()
    relay.wait(2)
    assert relay.deliver()


def test_target_that_asks_for_more_than_a_day_pauses_its_route(relay: Relay) -> None:
    relay.post(1)
    relay.chat.answer = answering(429, **{"retry-after": str(2 * DAY)})
    relay.deliver()
    record = relay.record()
    assert record.paused_us is not None
    assert "48 hours" in str(record.problem)
    relay.wait(DAY - MINUTE)
    assert not relay.deliver()


def test_refused_content_costs_one_extra_try_and_the_next_goes_on(relay: Relay) -> None:
    refused, other = relay.post(1)[0], relay.post(1)[0]
    relay.chat.answer = lambda call: Reply(
        status=400 if refused.encode() in call.body else 200
    )
    relay.deliver()
    assert len(relay.chat.tried) == 3
    assert relay.chat.ids == [other]
    record = relay.record()
    assert (record.refused, record.delivered) == (1, 1)
    assert [shown.state for shown in relay.deliveries()] == ["delivered", "refused"]


def test_message_taken_as_plain_text_says_why(relay: Relay) -> None:
    relay.post(1)
    relay.chat.answer = lambda call: Reply(
        status=200 if b'"plain":true' in call.body else 400
    )
    relay.deliver()
    (shown,) = relay.deliveries()
    assert shown.state == "delivered"
    assert str(shown.problem).startswith("sent as plain text only")


def test_broken_route_stops_after_a_few_tries_and_keeps_its_messages(
    relay: Relay,
) -> None:
    ids = relay.post(3)
    relay.chat.answer = answering(404)
    for _ in range(3):
        relay.wait(40)
        assert relay.deliver()
    record = relay.record()
    assert record.paused_us is not None
    assert record.last_status == 404
    relay.fail_for(3 * DAY)
    # Probes go on, no more than hourly; nothing is set aside for what is the route's fault.
    assert 3 * 24 * 0.8 - 2 <= len(relay.chat.tried) <= 3 * 24 / 0.8 + 3
    relay.chat.answer = taken
    relay.wait(2 * HOUR)
    relay.deliver()
    assert relay.chat.ids == ids
    assert relay.record().paused_us is None


def test_message_without_a_way_for_a_day_is_set_aside_and_sent_again_by_hand(
    make: Callable[..., Relay],
) -> None:
    relay = make(route("ops", backlog="send"))
    ids = relay.post(2)
    relay.chat.answer = lambda call: Reply(
        status=503 if ids[0].encode() in call.body else 200
    )
    relay.fail_for(26 * HOUR)
    relay.deliver()
    assert relay.chat.ids == [ids[1]]
    assert relay.record().set_aside == 1
    (shown,) = [one for one in relay.deliveries() if one.state == "set_aside"]
    relay.chat.answer = taken
    relay.run(send_again(relay.site.operator_context(), shown.id))
    relay.deliver()
    assert relay.chat.ids == [ids[1], ids[0]]


def test_a_refused_message_is_logged_by_its_id(
    relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    relay.chat.answer = answering(400)
    (sent,) = relay.post(1, body="s3cret")
    relay.deliver()
    said = "was refused: the target answered 400"
    assert caplog.messages == [f"route ops: message {sent} {said}"]


def test_refused_message_is_sent_again_with_the_same_id(relay: Relay) -> None:
    (refused,) = relay.post(1)
    relay.chat.answer = answering(413)
    relay.deliver()
    relay.chat.answer = taken
    (shown,) = relay.deliveries()
    relay.run(send_again(relay.site.operator_context(), shown.id))
    relay.deliver()
    assert relay.chat.ids == [refused]


def test_target_without_an_answer_is_tried_again(relay: Relay) -> None:
    (sent,) = relay.post(1)
    relay.chat.answer = lambda call: Answer(verdict="later", problem="reset")
    relay.deliver()
    relay.chat.answer = taken
    relay.wait(2)
    relay.deliver()
    assert relay.chat.ids == [sent]


class Paced(FakeTarget):
    """A target that takes one message every two seconds."""

    pace_seconds: ClassVar[float] = 2


def test_pace_of_the_target_is_kept_and_is_no_failure(
    make: Callable[..., Relay],
) -> None:
    relay = make(route("ops", target=Paced()))
    relay.post(3)
    for count in (1, 2, 3):
        relay.deliver()
        assert len(relay.chat.taken) == count
        assert relay.record().failing_since_us is None
        relay.wait(1.5)
        assert not relay.deliver()
        relay.wait(1)


class Blind(FakeTarget):
    """A target that does not say why it failed."""

    most_tries: ClassVar[int | None] = 3


def test_a_target_that_says_no_reason_has_few_tries(make: Callable[..., Relay]) -> None:
    relay = make(route("ops", target=Blind(), backlog="send"))
    first, second = relay.post(2)
    relay.chat.answer = lambda call: Reply(
        status=503 if first.encode() in call.body else 200
    )
    for _ in range(3):
        relay.deliver()
        relay.wait(40)
    relay.deliver()
    assert len(relay.chat.tried) == 4
    assert relay.chat.ids == [second]
    assert relay.record().set_aside == 1


def test_message_that_cannot_be_read_is_refused_and_the_next_goes_on(
    make: Callable[..., Relay],
) -> None:
    class Failing:
        """Links that fail for one message."""

        def message(self, message: PostedMessage) -> str | None:
            if message.body == "hostile":
                raise RecursionError("secret text")
            return None

        def file(self, message: PostedMessage) -> str | None:
            return None

    relay = make(links=Failing())
    relay.post(1, body="hostile")
    (other,) = relay.post(1)
    relay.deliver()
    assert relay.chat.ids == [other]
    (_, shown) = relay.deliveries()
    assert (shown.state, shown.problem) == (
        "refused",
        "it could not be read: RecursionError",
    )


def test_event_that_is_no_message_is_refused_by_every_route(relay: Relay) -> None:
    async def command(stores: Stores) -> None:
        new = NewEvent(group_id=1, room_id=1, event=POSTED, item="{}", root="")
        await stores.events.add(new, 1)

    relay.run(relay.site.server.database.write(command))
    (other,) = relay.post(1)
    relay.deliver()
    assert relay.chat.ids == [other]
    assert relay.record().refused == 1


# Threads and files


def test_reply_goes_to_the_thread_of_its_message_or_card(relay: Relay) -> None:
    relay.chat.answer = lambda call: Reply(status=200, body=b"there-1")
    card = '{"style": "application", "id": "build-7", "title": "Build"}'
    (first,) = relay.post(1, card=card)
    relay.deliver()
    relay.post(1, attach_to=first)
    relay.post(1, attach_to="build-7")
    relay.post(1, attach_to="unknown")
    relay.deliver()
    references = [message["references"] for message in relay.chat.taken]
    assert references == [{}, {first: "there-1"}, {"build-7": "there-1"}, {}]


def test_reply_to_a_reply_goes_to_the_same_thread(relay: Relay) -> None:
    names = iter(["root", "reply", "second"])
    relay.chat.answer = lambda call: Reply(status=200, body=next(names).encode())
    (first,) = relay.post(1)
    (reply,) = relay.post(1, attach_to=first)
    relay.post(1, attach_to=reply)
    relay.deliver()
    references = [message["references"] for message in relay.chat.taken]
    assert references == [{}, {first: "root"}, {reply: "root"}]


class Dropping(FakeTarget):
    """A target that drops what it is sent again."""

    can_tell_repeats: ClassVar[bool] = True


@pytest.mark.parametrize("is_together", [True, False])
def test_thread_is_known_before_the_outcome_of_its_message_is_stored(
    make: Callable[..., Relay], is_together: bool
) -> None:
    relay = make(
        route("ops", target=Dropping() if is_together else FakeTarget()),
    )
    relay.chat.answer = lambda call: Reply(status=200, body=b"root")
    (first,) = relay.post(1)
    relay.post(1, attach_to=first)
    relay.drain()
    references = [message["references"] for message in relay.chat.taken]
    assert references == [{}, {first: "root"}]
    assert relay.record().delivered == 2


@pytest.mark.parametrize(
    ("values", "is_together"),
    [
        ({"target": Dropping()}, True),
        ({}, False),
        ({"target": Dropping(), "drop_older_than_seconds": HOUR}, False),
    ],
)
def test_only_what_can_be_sent_again_unseen_is_settled_together(
    make: Callable[..., Relay], values: dict[str, object], is_together: bool
) -> None:
    relay = make(route("ops", **values))
    assert relay.kind.settles_together(relay.record()) == is_together


def test_upload_is_not_repeated_after_a_kill(relay: Relay) -> None:
    file = PostedFile(
        key="k" * 43, name="a.png", size_bytes=10, content_type="image/png"
    )
    relay.post(1, file=file)
    uploads: list[HttpCall] = []

    def answer(call: HttpCall) -> Reply:
        if call.file is None:
            return Reply(status=503)
        uploads.append(call)
        return Reply(status=200, body=b"file-1")

    relay.chat.answer = answer
    relay.deliver()
    relay.restart()
    relay.chat.answer = taken
    relay.wait(2)
    relay.deliver()
    assert len(uploads) == 1
    assert relay.chat.taken[0]["references"] == {file.key: "file-1"}


def test_file_that_cannot_be_uploaded_holds_up_its_message_for_three_tries_only(
    relay: Relay,
) -> None:
    file = PostedFile(
        key="k" * 43, name="a.png", size_bytes=10, content_type="image/png"
    )
    (sent,) = relay.post(1, file=file)
    relay.chat.answer = lambda call: Reply(status=200 if call.file is None else 503)
    for _ in range(3):
        relay.deliver()
        assert relay.chat.taken == []
        relay.wait(40)
    relay.deliver()
    assert relay.chat.ids == [sent]


# The operator, and the file


def test_held_route_waits_and_loses_nothing(relay: Relay) -> None:
    context = relay.site.operator_context()
    relay.run(pause_route(context, "ops"))
    ids = relay.post(60)
    assert not relay.deliver()
    relay.restart()
    assert not relay.deliver()
    relay.run(resume_route(context, "ops"))
    relay.deliver()
    assert relay.chat.ids == ids


def test_message_under_way_while_its_route_is_held_is_not_sent_twice(
    relay: Relay,
) -> None:
    (sent,) = relay.post(1)
    context = relay.site.operator_context()
    relay.chat.answer = lambda call: Reply(status=200)
    delivery = relay.next()
    assert delivery is not None
    outcome = relay.run(relay.subscriptions.post(delivery))
    relay.run(pause_route(context, "ops"))
    relay.run(relay.subscriptions.settle([(delivery, outcome)]))
    relay.run(resume_route(context, "ops"))
    relay.deliver()
    assert relay.chat.ids == [sent]


def test_reload_loses_no_message(relay: Relay) -> None:
    ids = relay.post(5)
    relay.chat.answer = answering(503)
    relay.deliver()
    relay.chat.answer = taken
    other = route("ops", url="https://other.example.com/hook")
    relay.register(other)
    relay.kind.replace([other], {})
    ids += relay.post(5)
    relay.wait(2)
    relay.deliver()
    assert relay.chat.ids == ids
    assert {call.url.reveal() for call in relay.chat.tried[1:]} == {
        "https://other.example.com/hook"
    }


def test_route_that_is_removed_sends_nothing_until_it_is_back(relay: Relay) -> None:
    ids = relay.post(2)
    relay.register(route("other", rooms=("x",)))
    relay.kind.replace(relay.routes, {})
    assert not relay.deliver()
    relay.register(route("ops"))
    relay.kind.replace(relay.routes, {})
    relay.deliver()
    assert relay.chat.ids == ids


def test_message_under_way_while_its_route_is_removed_is_kept(relay: Relay) -> None:
    ids = relay.post(1)
    relay.kind.replace([], {})
    assert not relay.deliver()
    relay.kind.replace([route("ops")], {})
    relay.deliver()
    assert relay.chat.ids == ids


def test_route_that_is_removed_while_it_chooses_passes_over_nothing(
    relay: Relay,
) -> None:
    relay.post(2)
    stores = relay.site.server.database.stores
    record = relay.record()
    events = relay.run(stores.events.after(record, record.position, count=10))
    relay.kind.replace([], {})

    async def work() -> Outcome:
        chosen = await relay.kind.choose(record, events)
        assert chosen is not None
        assert chosen.event == events[0]
        return await relay.kind.post(
            await relay.kind.prepare(stores, record, chosen.event)
        )

    assert relay.run(work()).verdict == "waiting"
    assert relay.chat.tried == []


def test_place_that_was_found_by_a_route_of_an_earlier_file_is_not_used(
    make: Callable[..., Relay],
) -> None:
    relay = make(route("ops", target=PlacedTarget()))
    relay.post(2)
    places: list[str] = []

    def answer(call: HttpCall) -> Reply:
        if call.body:
            return Reply(status=200)
        if not places:
            relay.kind.replace([route("ops", target=PlacedTarget())], {})
        places.append("asked")
        return Reply(status=200, body=f"room-{len(places)}".encode())

    relay.chat.answer = answer
    relay.deliver()
    assert [message["references"] for message in relay.chat.taken] == [
        {PLACE: "room-1"},
        {PLACE: "room-2"},
    ]


# Age


def test_old_messages_are_dropped_where_the_route_says_so_and_counted(
    make: Callable[..., Relay],
) -> None:
    relay = make(route("ops", drop_older_than_seconds=2 * HOUR))
    relay.post(130)
    relay.wait(2 * HOUR + 1)
    young = relay.post(2)
    relay.restart()
    relay.deliver()
    assert relay.chat.ids == young
    record = relay.record()
    assert (record.dropped, record.delivered) == (130, 2)


def test_what_is_dropped_for_its_age_is_logged_without_its_text(
    make: Callable[..., Relay], caplog: pytest.LogCaptureFixture
) -> None:
    relay = make(route("ops", drop_older_than_seconds=HOUR))
    relay.post(2)
    relay.wait(HOUR + 1)
    relay.deliver()
    assert caplog.messages == ["route ops: 2 messages were too old for it"]


def test_dropped_messages_are_counted_once_after_a_kill(
    make: Callable[..., Relay],
) -> None:
    relay = make(route("ops", drop_older_than_seconds=HOUR))
    relay.post(10)
    relay.wait(HOUR + 1)
    relay.post(1)
    assert relay.next() is not None
    relay.restart()
    relay.deliver()
    assert relay.record().dropped == 10


def test_nothing_is_dropped_for_its_age_by_default(relay: Relay) -> None:
    ids = relay.post(3)
    relay.wait(20 * DAY)
    relay.deliver()
    assert relay.chat.ids == ids


def test_message_that_is_sent_again_is_not_dropped_for_its_age(
    make: Callable[..., Relay],
) -> None:
    relay = make(route("ops", drop_older_than_seconds=HOUR))
    (sent,) = relay.post(1)
    relay.chat.answer = answering(400)
    relay.deliver()
    (shown,) = relay.deliveries()
    relay.wait(2 * DAY)
    relay.run(send_again(relay.site.operator_context(), shown.id))
    relay.wait(2 * HOUR)
    relay.chat.answer = taken
    relay.deliver()
    assert relay.chat.ids == [sent]
