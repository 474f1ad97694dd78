"""Webhooks delivered for real, to a receiver on this machine."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hipkit.server.services.access.clients import delete_client
from hipkit.server.services.webhooks.management import (
    WebhookStatus,
    find_webhook,
    resume,
    send_again,
)
from hipkit.webhooks import read_event
from tests.unit.server.asgi import Site
from tests.unit.server.receiving import (
    Answer,
    Receiver,
    json_answer,
    receiving,
)
from tests.unit.server.services.webhooks.delivering import (
    create_webhook,
    deliveries,
    say,
)


@pytest.fixture
def site(receiving_site: Site) -> Site:
    return receiving_site


def test_a_message_is_posted_as_the_reference_has_it(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver)

    say(site, "hello @all")
    site.deliver()

    (posted,) = receiver.all()
    assert posted.path == "/hook?a=b%20c"
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["User-Agent"] == "HipChat.com"
    assert posted.headers["Host"] == receiver.url.removeprefix("http://")
    assert "Authorization" not in posted.headers
    assert set(posted.json) == {"event", "item", "webhook_id"}
    assert posted.json["webhook_id"] == webhook_id
    assert posted.json["item"]["message"] == site.messages("Ops")[0]
    room = posted.json["item"]["room"]
    assert set(room) == {"id", "name", "privacy", "is_archived", "version", "links"}
    assert room["links"]["self"].startswith("http://chat.test/v2/room/")
    assert read_event(posted.body).event == "room_message"


def test_nothing_is_written_without_a_webhook_for_the_event(
    site: Site, receiver: Receiver
) -> None:
    create_webhook(site, receiver, "room_archived")

    say(site, "nobody listens")

    assert newest_event(site) == 0


def newest_event(site: Site) -> int:
    return asyncio.run(site.server.database.stores.events.newest())


def test_one_event_is_stored_however_many_webhooks_wait(
    site: Site, receiver: Receiver
) -> None:
    for _ in range(5):
        create_webhook(site, receiver)

    say(site, "once")
    assert newest_event(site) == 1
    site.deliver()

    assert receiver.texts == ["once"] * 5


def test_what_happened_before_is_not_sent(site: Site, receiver: Receiver) -> None:
    create_webhook(site, receiver)
    say(site, "before")
    late = create_webhook(site, receiver)
    say(site, "after")
    site.deliver()

    got = [
        posted.json["item"]["message"]["message"]
        for posted in receiver.all()
        if posted.json["webhook_id"] == late
    ]
    assert got == ["after"]


def test_a_pattern_is_searched_for_and_not_matched_whole(
    site: Site, receiver: Receiver
) -> None:
    create_webhook(site, receiver, pattern=r"(?i)^/deploy(\s|$)|ticket \d+")

    for text in ("/deploy", "/DEPLOY now", "deploy", "see ticket 7!", "/deployed"):
        say(site, text)
    site.deliver()

    assert receiver.texts == ["/deploy", "/DEPLOY now", "see ticket 7!"]


def test_a_pattern_that_takes_too_long_counts_as_not_found_and_is_shown(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver, pattern=r"^(a|a|aa)+$")

    say(site, "a" * 3_000 + "!")
    say(site, "aaa")
    site.deliver()

    assert receiver.texts == ["aaa"]
    shown = [(one.state, one.problem) for one in deliveries(site, webhook_id)]
    assert shown == [
        ("delivered", None),
        ("skipped", "the pattern took too long for this text"),
    ]


def test_a_pattern_that_keeps_taking_too_long_pauses_its_webhook(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver, pattern=r"^(a|a|aa)+$")

    for _ in range(7):
        say(site, "a" * 3_000 + "!")
    site.deliver()

    assert len(deliveries(site, webhook_id)) == 5
    assert seen(site, webhook_id).state == "paused"


def seen(site: Site, webhook_id: int) -> WebhookStatus:
    return asyncio.run(find_webhook(site.operator_context(), webhook_id))


def test_events_arrive_in_order_although_the_first_failed_for_a_while(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver)
    receiver.answer = lambda posted: Answer(503)
    for number in range(3):
        say(site, str(number))
    site.deliver()
    assert receiver.texts == ["0"]
    assert seen(site, webhook_id).state == "failing"
    assert seen(site, webhook_id).waiting == 3

    receiver.answer = lambda posted: Answer(204)
    site.deliver()
    assert receiver.texts == []
    site.clock[0] += 10
    site.deliver()

    assert receiver.texts == ["0", "1", "2"]
    assert seen(site, webhook_id).state == "working"
    assert [one.tries for one in deliveries(site, webhook_id)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("600", 600),
        ("600.5", 600),
        ("Tue, 14 Nov 2023 22:23:20 GMT", 600),
        ("9" * 400, 3600),
    ],
)
def test_a_receiver_that_asks_for_time_gets_it_up_to_an_hour(
    site: Site, receiver: Receiver, asked: str, seconds: int
) -> None:
    create_webhook(site, receiver)
    receiver.answer = lambda posted: Answer(429, headers=(("Retry-After", asked),))
    say(site, "x")
    site.deliver()

    site.clock[0] += seconds - 10
    site.deliver()
    assert len(receiver.all()) == 1
    site.clock[0] += 20
    site.deliver()
    assert len(receiver.all()) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301, 307])
def test_what_a_receiver_rejects_is_not_sent_again(
    site: Site, receiver: Receiver, status: int
) -> None:
    webhook_id = create_webhook(site, receiver)
    location = (("Location", f"{receiver.url}/elsewhere"),)
    receiver.answer = lambda posted: Answer(status, headers=location)

    say(site, "no")
    say(site, "still no")
    site.deliver()

    assert [posted.path for posted in receiver.all()] == ["/hook?a=b%20c"] * 2
    shown = [(one.state, one.status) for one in deliveries(site, webhook_id)]
    assert shown == [("refused", status)] * 2


def test_a_receiver_that_fails_for_a_day_is_paused_and_can_be_resumed(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver)
    receiver.answer = lambda posted: Answer(500)
    say(site, "x")
    site.deliver()
    site.clock[0] += 25 * 60 * 60
    site.deliver()
    assert seen(site, webhook_id).state == "paused"
    receiver.all()

    receiver.answer = lambda posted: Answer(204)
    site.clock[0] += 60 * 60
    site.deliver()
    assert receiver.all() == []
    asyncio.run(resume(site.operator_context(), webhook_id))
    site.deliver()

    assert receiver.texts == ["x"]
    assert seen(site, webhook_id).state == "working"


def test_a_paused_webhook_is_probed_after_a_while(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver)
    receiver.answer = lambda posted: Answer(500)
    say(site, "x")
    site.deliver()
    site.clock[0] += 25 * 60 * 60
    site.deliver()

    receiver.answer = lambda posted: Answer(204)
    site.clock[0] += 16 * 60 * 60
    site.deliver()

    assert seen(site, webhook_id).state == "working"


def test_what_waits_for_too_long_is_dropped_and_that_is_shown(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver)
    receiver.answer = lambda posted: Answer(500)
    say(site, "old")
    site.deliver()
    site.clock[0] += 4 * 24 * 60 * 60
    say(site, "new")
    asyncio.run(site.server.sweep())
    receiver.all()

    receiver.answer = lambda posted: Answer(204)
    site.clock[0] += 24 * 60 * 60
    site.deliver()

    assert receiver.texts == ["new"]
    assert seen(site, webhook_id).record.dropped_us is not None


def test_an_answer_is_posted_as_a_notification_of_the_webhooks_owner(
    site: Site, receiver: Receiver
) -> None:
    token = site.client_token(["admin_room"], name="Echo")
    webhook_id = create_webhook(site, receiver, token=token)
    receiver.answer = lambda posted: json_answer(
        {"message": "<b>done</b>", "color": "green", "notify": "true"}
    )

    say(site, "do it")
    site.deliver()
    site.deliver()

    said, answered = site.messages("Ops")
    assert said["message"] == "do it"
    assert answered["type"] == "notification"
    assert (answered["message"], answered["color"]) == ("<b>done</b>", "green")
    assert answered["from"] == "Echo"
    (delivery,) = deliveries(site, webhook_id)
    assert delivery.posted_id == answered["id"]
    (posted,) = receiver.all()
    assert posted.json["oauth_client_id"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"ok"),
        Answer(200, b'{"status": "ok"}'),
        Answer(200, b'["message"]'),
        Answer(200, b"{" * 50_000),
        Answer(200, b'{"message": "\xff"}'),
        Answer(200, b""),
    ],
)
def test_any_other_answer_is_not_posted(
    site: Site, receiver: Receiver, answer: Answer
) -> None:
    webhook_id = create_webhook(site, receiver)
    receiver.answer = lambda posted: answer

    say(site, "x")
    site.deliver()

    assert len(site.messages("Ops")) == 1
    (delivery,) = deliveries(site, webhook_id)
    assert (delivery.state, delivery.problem) == ("delivered", None)


@pytest.mark.parametrize(
    "answer",
    [
        {"message": ""},
        {"message": "x", "color": "blue"},
        {"message": "x" * 10_001},
        {"message": "x", "card": {"style": "none"}},
        {"message": "x", "attach_to": "nothing"},
    ],
)
def test_an_answer_that_breaks_the_rules_is_not_posted_and_that_is_shown(
    site: Site, receiver: Receiver, answer: dict[str, object]
) -> None:
    webhook_id = create_webhook(site, receiver)
    receiver.answer = lambda posted: json_answer(answer)

    say(site, "x")
    site.deliver()

    assert len(site.messages("Ops")) == 1
    (delivery,) = deliveries(site, webhook_id)
    assert delivery.state == "delivered"
    assert (delivery.problem or "").startswith("the answer was not posted: ")


def test_an_answer_that_is_too_long_is_not_read_to_its_end(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver)
    receiver.answer = lambda posted: json_answer({"message": "x" * 200_000})

    say(site, "x")
    site.deliver()

    (delivery,) = deliveries(site, webhook_id)
    assert delivery.state == "delivered"
    assert delivery.problem == "the answer is too long to be read"
    assert len(site.messages("Ops")) == 1


def test_a_webhook_does_not_get_its_own_answer(site: Site, receiver: Receiver) -> None:
    create_webhook(site, receiver, "room_notification")
    receiver.answer = lambda posted: json_answer({"message": "again!"})

    site.post("/v2/room/Ops/notification", {"message": "first"})
    site.deliver()

    assert receiver.texts == ["first"]
    assert [one["message"] for one in site.messages("Ops")] == ["first", "again!"]


def test_answers_to_answers_are_sent_and_not_posted(
    site: Site, receiver: Receiver
) -> None:
    one = create_webhook(site, receiver, "room_notification")
    other = create_webhook(site, receiver, "room_notification")
    receiver.answer = lambda posted: json_answer({"message": "echo"})

    site.post("/v2/room/Ops/notification", {"message": "first"})
    site.deliver()

    said = [message["message"] for message in site.messages("Ops")]
    assert said == ["first", "echo", "echo"]
    problems = [
        delivery.problem for hook in (one, other) for delivery in deliveries(site, hook)
    ]
    shown = "not posted: this event is an answer itself"
    assert sorted(map(str, problems)) == ["None", "None", shown, shown]


def test_what_was_sent_and_not_settled_is_sent_again_and_answered_once(
    site: Site, receiver: Receiver
) -> None:
    create_webhook(site, receiver)
    receiver.answer = lambda posted: json_answer({"message": "got it"})
    say(site, "x")

    send_and_forget(site)
    site.deliver()

    first, second = receiver.all()
    assert first.body == second.body
    assert first.headers[NAME] == second.headers[NAME]
    assert [one["message"] for one in site.messages("Ops")] == ["x", "got it"]


NAME = "X-Hipkit-Delivery"


def test_every_delivery_has_a_name_which_is_the_same_at_its_retries(
    site: Site, receiver: Receiver
) -> None:
    for _ in range(2):
        create_webhook(site, receiver)
    receiver.answer = lambda posted: Answer(500)
    say(site, "x")
    site.deliver()
    first = [posted.headers[NAME] for posted in receiver.all()]
    receiver.answer = lambda posted: Answer()
    site.clock[0] += 10
    say(site, "y")
    site.deliver()

    tried = [posted.headers[NAME] for posted in receiver.all()]
    assert len(set(first)) == 2, "each webhook's are its own"
    assert len(tried) == 4
    assert set(first) < set(tried)
    assert len(set(tried)) == 4


def send_and_forget(site: Site) -> None:
    """Send what waits as a server does that is killed just then."""

    async def work() -> None:
        sender = site.server.create_sender()
        source = sender._source
        for due in await source.woken():
            delivery = await source.next_delivery(due.kind, due.id)
            assert delivery is not None
            await source.post(delivery)
        sender.close()
        await site.server.runtime.close_outgoing()

    asyncio.run(work())


def test_a_slow_receiver_does_not_hold_up_another(
    site: Site, receiver: Receiver
) -> None:
    release = threading.Event()
    with receiving() as slow:

        def wait(posted: object) -> Answer:
            release.wait(30)
            return Answer()

        slow.answer = wait
        for _ in range(20):
            create_webhook(site, slow)
        create_webhook(site, receiver)
        say(site, "x")
        delivering = threading.Thread(target=site.deliver)
        delivering.start()
        try:
            assert receiver.next().json["item"]["message"]["message"] == "x"
        finally:
            release.set()
            delivering.join()
        assert len(slow.all()) == 20


def test_an_event_can_be_sent_again(site: Site, receiver: Receiver) -> None:
    webhook_id = create_webhook(site, receiver, pattern="x")
    create_webhook(site, receiver)
    say(site, "x")
    site.deliver()
    receiver.all()
    (delivery,) = deliveries(site, webhook_id)

    asyncio.run(send_again(site.operator_context(), delivery.id))
    site.deliver()

    (posted,) = receiver.all()
    assert posted.json["webhook_id"] == webhook_id
    assert posted.json["item"]["message"]["message"] == "x"
    assert len(deliveries(site, webhook_id)) == 2


def test_a_deleted_webhook_gets_nothing_more(site: Site, receiver: Receiver) -> None:
    webhook_id = create_webhook(site, receiver)
    say(site, "x")
    assert site.delete(f"/v2/room/Ops/webhook/{webhook_id}").status == 204

    site.deliver()

    assert receiver.all() == []


def test_the_webhooks_of_a_deleted_client_are_deleted(
    site: Site, receiver: Receiver
) -> None:
    client = site.add_client(["admin_room"])
    create_webhook(site, receiver, token=site.token_of(client))
    say(site, "x")
    asyncio.run(delete_client(site.operator_context(), client.id))

    site.deliver()

    assert receiver.all() == []


def test_the_webhooks_of_a_deleted_user_are_deleted(
    site: Site, receiver: Receiver
) -> None:
    ann = site.add_user("Ann Lee", is_group_admin=True)
    create_webhook(site, receiver, token=site.add_token(user=ann))
    say(site, "x")
    assert site.delete(f"/v2/user/{ann}").status == 204

    site.deliver()

    assert receiver.all() == []


def test_delivered_events_are_removed_unless_deliveries_show_them(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = create_webhook(site, receiver)
    for number in range(120):
        say(site, str(number))
    site.deliver()

    asyncio.run(site.server.sweep())

    kept = deliveries(site, webhook_id)
    assert len(kept) == 100
    assert all(one.item is not None for one in kept)
    assert count_events(site) == 100
    site.delete(f"/v2/room/Ops/webhook/{webhook_id}")
    asyncio.run(site.server.sweep())
    assert count_events(site) == 0


def count_events(site: Site) -> int:
    return len(site.sql("SELECT id FROM events"))


def test_logs_hold_nothing_that_was_sent(
    site: Site, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client = site.add_client(["admin_room"])
    create_webhook(site, receiver, token=site.token_of(client), authentication="jwt")
    receiver.answer = lambda posted: Answer(500, b"secret-answer")

    say(site, "secret-text")
    site.deliver()

    said = caplog.text
    assert "webhook 1: 500" in said
    for secret in ("secret-text", "secret-answer", client.secret, "eyJ", "a=b"):
        assert secret not in said
