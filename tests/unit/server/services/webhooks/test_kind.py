"""Webhooks delivered for real, to a receiver on this machine."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import jwt
import pytest

from hipkit.server.services.access.clients import delete_client
from hipkit.server.services.webhooks.management import (
    WebhookStatus,
    find_webhook,
    list_webhooks,
    resume,
    send_again,
)
from hipkit.server.storage.stores.deliveries import DeliveryRecord
from hipkit.webhooks import read_event
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor
from tests.unit.server.receiving import (
    Answer,
    Posted,
    Receiver,
    json_answer,
    receiving,
)

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    opened = make_site(webhook_networks=LOOPBACK)
    opened.add_room("Ops")
    return opened


def wait_for(
    site: Site, receiver: Receiver, event: str = "room_message", **members: Any
) -> int:
    """Make a webhook of the room and return its number."""
    token = members.pop("token", "")
    body = {"url": f"{receiver.url}/hook?a=b%20c", "event": event, **members}
    reply = site.post("/v2/room/Ops/webhook", body, token=token)
    assert reply.status == 201, reply.body
    number: int = reply.json["id"]
    return number


def say(site: Site, text: str, **options: Any) -> None:
    assert site.post("/v2/room/Ops/message", {"message": text}, **options).status == 201


def deliveries(site: Site, webhook_id: int) -> list[DeliveryRecord]:
    stores = site.server.database.stores
    return asyncio.run(stores.deliveries.of_subscription(webhook_id, 100))


def test_a_message_is_posted_as_the_reference_has_it(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = wait_for(site, receiver)

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


def test_a_webhook_without_anything_to_wait_for_writes_no_event(
    site: Site, receiver: Receiver
) -> None:
    wait_for(site, receiver, "room_archived")

    say(site, "nobody listens")

    assert newest_event(site) == 0


def newest_event(site: Site) -> int:
    return asyncio.run(site.server.database.stores.events.newest())


def test_one_event_is_stored_however_many_wait_for_it(
    site: Site, receiver: Receiver
) -> None:
    for _ in range(5):
        wait_for(site, receiver)

    say(site, "once")
    assert newest_event(site) == 1
    site.deliver()

    assert receiver.texts == ["once"] * 5


def test_what_happened_before_is_not_sent(site: Site, receiver: Receiver) -> None:
    wait_for(site, receiver)
    say(site, "before")
    late = wait_for(site, receiver)
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
    wait_for(site, receiver, pattern=r"(?i)^/deploy(\s|$)|ticket \d+")

    for text in ("/deploy", "/DEPLOY now", "deploy", "see ticket 7!", "/deployed"):
        say(site, text)
    site.deliver()

    assert receiver.texts == ["/deploy", "/DEPLOY now", "see ticket 7!"]


def test_a_pattern_that_takes_too_long_counts_as_not_found_and_is_told(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = wait_for(site, receiver, pattern=r"^(a|a|aa)+$")

    say(site, "a" * 3_000 + "!")
    say(site, "aaa")
    site.deliver()

    assert receiver.texts == ["aaa"]
    told = [(one.state, one.problem) for one in deliveries(site, webhook_id)]
    assert told == [
        ("delivered", None),
        ("skipped", "the pattern took too long for this text"),
    ]


def test_a_pattern_that_keeps_taking_too_long_pauses_its_webhook(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = wait_for(site, receiver, pattern=r"^(a|a|aa)+$")

    for _ in range(7):
        say(site, "a" * 3_000 + "!")
    site.deliver()

    assert len(deliveries(site, webhook_id)) == 5
    assert seen(site, webhook_id).state == "paused"


def seen(site: Site, webhook_id: int) -> WebhookStatus:
    return asyncio.run(find_webhook(site.operator_context(), webhook_id))


def test_events_arrive_in_order_although_the_first_was_refused_for_a_while(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = wait_for(site, receiver)
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
    wait_for(site, receiver)
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
def test_what_a_receiver_refuses_is_not_sent_again(
    site: Site, receiver: Receiver, status: int
) -> None:
    webhook_id = wait_for(site, receiver)
    location = (("Location", f"{receiver.url}/elsewhere"),)
    receiver.answer = lambda posted: Answer(status, headers=location)

    say(site, "no")
    say(site, "still no")
    site.deliver()

    assert [posted.path for posted in receiver.all()] == ["/hook?a=b%20c"] * 2
    told = [(one.state, one.status) for one in deliveries(site, webhook_id)]
    assert told == [("refused", status)] * 2


def test_a_receiver_that_fails_for_a_day_is_paused_and_can_be_resumed(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = wait_for(site, receiver)
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
    webhook_id = wait_for(site, receiver)
    receiver.answer = lambda posted: Answer(500)
    say(site, "x")
    site.deliver()
    site.clock[0] += 25 * 60 * 60
    site.deliver()

    receiver.answer = lambda posted: Answer(204)
    site.clock[0] += 16 * 60 * 60
    site.deliver()

    assert seen(site, webhook_id).state == "working"


def test_what_waits_for_too_long_is_dropped_and_that_is_told(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = wait_for(site, receiver)
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


def test_an_answer_is_posted_as_a_notification_of_whoever_made_the_webhook(
    site: Site, receiver: Receiver
) -> None:
    token = site.client_token(["admin_room"], name="Echo")
    webhook_id = wait_for(site, receiver, token=token)
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
def test_any_other_answer_is_none(
    site: Site, receiver: Receiver, answer: Answer
) -> None:
    webhook_id = wait_for(site, receiver)
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
def test_an_answer_that_breaks_the_rules_is_not_posted_and_that_is_told(
    site: Site, receiver: Receiver, answer: dict[str, object]
) -> None:
    webhook_id = wait_for(site, receiver)
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
    webhook_id = wait_for(site, receiver)
    receiver.answer = lambda posted: json_answer({"message": "x" * 200_000})

    say(site, "x")
    site.deliver()

    (delivery,) = deliveries(site, webhook_id)
    assert delivery.state == "delivered"
    assert delivery.problem == "the answer is too long to be read"
    assert len(site.messages("Ops")) == 1


def test_a_webhook_is_not_told_of_its_own_answer(
    site: Site, receiver: Receiver
) -> None:
    wait_for(site, receiver, "room_notification")
    receiver.answer = lambda posted: json_answer({"message": "again!"})

    site.post("/v2/room/Ops/notification", {"message": "first"})
    site.deliver()

    assert receiver.texts == ["first"]
    assert [one["message"] for one in site.messages("Ops")] == ["first", "again!"]


def test_answers_to_answers_are_sent_and_not_posted(
    site: Site, receiver: Receiver
) -> None:
    one = wait_for(site, receiver, "room_notification")
    other = wait_for(site, receiver, "room_notification")
    receiver.answer = lambda posted: json_answer({"message": "echo"})

    site.post("/v2/room/Ops/notification", {"message": "first"})
    site.deliver()

    said = [message["message"] for message in site.messages("Ops")]
    assert said == ["first", "echo", "echo"]
    problems = [
        delivery.problem for hook in (one, other) for delivery in deliveries(site, hook)
    ]
    told = "not posted: this event is an answer itself"
    assert sorted(map(str, problems)) == ["None", "None", told, told]


def test_what_was_sent_and_not_stored_is_sent_again_and_answered_once(
    site: Site, receiver: Receiver
) -> None:
    wait_for(site, receiver)
    receiver.answer = lambda posted: json_answer({"message": "got it"})
    say(site, "x")

    send_and_forget(site)
    site.deliver()

    first, second = receiver.all()
    assert first.body == second.body
    assert [one["message"] for one in site.messages("Ops")] == ["x", "got it"]


def send_and_forget(site: Site) -> None:
    """Send what waits as a server does that is killed just then."""

    async def work() -> None:
        sender = site.server.make_sender()
        source, poster = sender._source, sender._poster
        for due in await source.woken():
            delivery = await source.next_delivery(due.kind, due.id)
            assert delivery is not None
            await poster.post(delivery)
        await sender.close()

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
            wait_for(site, slow)
        wait_for(site, receiver)
        say(site, "x")
        delivering = threading.Thread(target=site.deliver)
        delivering.start()
        try:
            assert receiver.next().json["item"]["message"]["message"] == "x"
        finally:
            release.set()
            delivering.join()
        assert len(slow.all()) == 20


def test_events_are_signed_for_the_client_that_wants_it(
    site: Site, receiver: Receiver
) -> None:
    client = site.add_client(["admin_room"])
    token = site.token_of(client)
    person = {"name": "Ann Lee", "email": "a@example.com", "timezone": "Europe/Berlin"}
    user_id = site.post("/v2/user", person).json["id"]
    wait_for(site, receiver, token=token, authentication="jwt")

    say(site, "x", token=site.add_token(user=user_id))
    site.post("/v2/room/Ops/notification", {"message": "not waited for"})
    site.deliver()

    (posted,) = receiver.all()
    scheme, _, signed = posted.headers["Authorization"].partition(" ")
    assert scheme == "JWT"
    assert signed.startswith("eyJhbGciOiAiSFMyNTYiLCAi")
    claims = jwt.decode(
        signed,
        client.secret,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == client.id == posted.json["oauth_client_id"]
    assert claims["sub"] == str(user_id)
    assert claims["exp"] - claims["iat"] == 3600
    assert len(claims["jti"]) == 20
    room_id = posted.json["item"]["room"]["id"]
    assert claims["context"] == {"room_id": room_id, "user_tz": "Europe/Berlin"}
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(signed, "another" * 6, algorithms=["HS256"])


@pytest.mark.parametrize("path", ["/hook", "/hook?a=b%20c", "/hook?a=b#part", ""])
def test_the_address_is_signed_too_where_that_is_wanted(
    make_site: Callable[..., Site], receiver: Receiver, path: str
) -> None:
    site = signing_site(make_site)
    client = site.add_client(["admin_room"])
    hook = {"url": receiver.url + path, "event": "room_message"}
    for authentication, token in (("jwt", site.token_of(client)), ("none", "")):
        body = {**hook, "authentication": authentication}
        assert site.post("/v2/room/Ops/webhook", body, token=token).status == 201

    say(site, "x")
    site.deliver()

    signed, plain = sorted(receiver.all(), key=lambda each: -len(each.path))
    before, _, token = signed.path.partition("signed_request=")
    assert before[:-1] == plain.path
    assert before[-1] == ("&" if "?" in plain.path else "?")
    claims = [
        jwt.decode(
            each,
            client.secret,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False},
        )
        for each in (token, signed.headers["Authorization"].removeprefix("JWT "))
    ]
    assert [each["exp"] - each["iat"] for each in claims] == [300, 3600]
    assert claims[0]["iss"] == client.id
    assert claims[0]["jti"] != claims[1]["jti"]


def test_addresses_are_not_signed_unless_that_is_wanted(
    site: Site, receiver: Receiver
) -> None:
    client = site.add_client(["admin_room"])
    wait_for(site, receiver, token=site.token_of(client), authentication="jwt")

    say(site, "x")
    site.deliver()

    (posted,) = receiver.all()
    assert "signed_request" not in posted.path


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("part", ["whole", "signature", "cut"])
def test_a_signature_that_a_receiver_repeats_is_shown_nowhere(
    make_site: Callable[..., Site],
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    status: int,
    part: str,
) -> None:
    caplog.set_level("DEBUG")
    site = signing_site(make_site)
    client = site.add_client(["admin_room"])
    webhook_id = wait_for(
        site, receiver, token=site.token_of(client), authentication="jwt"
    )
    sent: list[str] = []

    def repeat(posted: Posted) -> Answer:
        tokens = [posted.path.partition("signed_request=")[2]]
        tokens.append(posted.headers["Authorization"].removeprefix("JWT "))
        sent.extend(tokens)
        told = {
            "whole": f"Cannot POST {posted.path} {tokens[1]}",
            "signature": " ".join(each.rpartition(".")[2] for each in tokens),
            "cut": " ".join(each.rpartition(".")[0] for each in tokens),
        }[part]
        return json_answer({"message": told}, status)

    receiver.answer = repeat
    say(site, "x")
    site.deliver()

    (delivery,) = deliveries(site, webhook_id)
    visitor = Visitor(site)
    visitor.take_session("Administrator")
    page = visitor.client.get(f"/webhooks/{webhook_id}").text
    assert "***" in page
    shown = "".join(
        (
            page,
            caplog.text,
            repr(delivery),
            str(delivery.answer),
            str(delivery.problem),
            str(site.messages("Ops")),
            repr(asyncio.run(list_webhooks(site.operator_context()))),
        )
    )
    assert len(sent) == 2
    for token in sent:
        for secret in (token, *token.rpartition(".")[::2]):
            assert secret not in shown


def signing_site(make_site: Callable[..., Site]) -> Site:
    opened = make_site(webhook_networks=LOOPBACK, webhook_signed_request=True)
    opened.add_room("Ops")
    return opened


def test_a_maker_who_may_not_see_the_room_any_more_gets_nothing(
    site: Site, receiver: Receiver
) -> None:
    ann = site.add_user("Ann Lee")
    room_id = site.add_room("Secret", is_private=True)
    site.put(f"/v2/room/{room_id}/member/{ann}", {"room_roles": ["room_admin"]})
    body = {"url": receiver.url, "event": "room_message"}
    token = site.add_token(user=ann)
    reply = site.post(f"/v2/room/{room_id}/webhook", body, token=token)
    site.post(f"/v2/room/{room_id}/message", {"message": "one"})
    site.deliver()
    assert receiver.texts == ["one"]

    site.delete(f"/v2/room/{room_id}/member/{ann}")
    site.post(f"/v2/room/{room_id}/message", {"message": "two"})
    site.deliver()

    assert receiver.all() == []
    newest = deliveries(site, reply.json["id"])[0]
    assert newest.state == "skipped"
    assert newest.problem == "its owner may not see the room any more"


def test_an_event_can_be_sent_again(site: Site, receiver: Receiver) -> None:
    webhook_id = wait_for(site, receiver, pattern="x")
    wait_for(site, receiver)
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
    webhook_id = wait_for(site, receiver)
    say(site, "x")
    assert site.delete(f"/v2/room/Ops/webhook/{webhook_id}").status == 204

    site.deliver()

    assert receiver.all() == []


def test_the_webhooks_of_a_client_go_with_it(site: Site, receiver: Receiver) -> None:
    client = site.add_client(["admin_room"])
    wait_for(site, receiver, token=site.token_of(client))
    say(site, "x")
    asyncio.run(delete_client(site.operator_context(), client.id))

    site.deliver()

    assert receiver.all() == []


def test_the_webhooks_of_a_deleted_person_go_with_them(
    site: Site, receiver: Receiver
) -> None:
    ann = site.add_user("Ann Lee", is_group_admin=True)
    wait_for(site, receiver, token=site.add_token(user=ann))
    say(site, "x")
    assert site.delete(f"/v2/user/{ann}").status == 204

    site.deliver()

    assert receiver.all() == []


def test_what_everybody_got_leaves_the_outbox_once_nobody_looks_at_it(
    site: Site, receiver: Receiver
) -> None:
    webhook_id = wait_for(site, receiver)
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
    with closing(sqlite3.connect(site.server.settings.database)) as connection:
        row = connection.execute("SELECT COUNT(*) FROM events").fetchone()
    return int(row[0])


def test_nothing_that_was_sent_stands_in_the_log(
    site: Site, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client = site.add_client(["admin_room"])
    wait_for(site, receiver, token=site.token_of(client), authentication="jwt")
    receiver.answer = lambda posted: Answer(500, b"secret-answer")

    say(site, "secret-text")
    site.deliver()

    said = caplog.text
    assert "webhook 1: 500" in said
    for secret in ("secret-text", "secret-answer", client.secret, "eyJ", "a=b"):
        assert secret not in said
