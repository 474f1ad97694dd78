"""What others read never leads to a host that a caller named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import pytest

from hipkit.server.services.representations.urls import with_root
from hipkit.server.services.webhooks.management import list_all_deliveries, send_again
from tests.unit.server.asgi import Site
from tests.unit.server.receiving import Answer, Receiver, json_answer, receiving
from tests.unit.server.services.rooms.test_publishing import ACTS, Act, upload

EVIL = "evil.example:81"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def open_site(make_site: Callable[..., Site]) -> Callable[..., Site]:
    def make(**settings: object) -> Site:
        opened = make_site(webhook_networks=("127.0.0.0/8",), **settings)
        opened.add_room("Ops")
        opened.add_room("Dev")
        return opened

    return make


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


def watch(
    site: Site, receiver: Receiver, event: str, *, host: str, room: str = "Ops"
) -> None:
    site.host = host
    site.put(
        f"/v2/room/{room}/extension/webhook/{event}",
        {"key": event, "url": receiver.url, "event": event},
    )


def watch_group(site: Site, receiver: Receiver, event: str, *, host: str) -> None:
    site.host = host
    reply = site.put(
        f"/v2/extension/webhook/{event}",
        {"key": event, "url": receiver.url, "event": event},
        token=site.client_token(["admin_group"]),
    )
    assert reply.status == 201, reply.body


def send_everything_again(site: Site) -> None:
    context = site.operator_context()

    async def work() -> None:
        for webhook, delivery in await list_all_deliveries(context):
            assert webhook.user_id is not None
            await send_again(context, delivery.id)

    asyncio.run(work())


def links_in(value: object) -> list[str]:
    """Return every link of ours in a body: what stands in `links`, and addresses of files."""
    if isinstance(value, list):
        return [link for one in value for link in links_in(one)]
    if not isinstance(value, dict):
        return []
    found = [link for link in value.get("links", {}).values() if link is not None]
    found += [value[name] for name in ("url", "thumb_url") if name in value]
    inner = [one for name, one in value.items() if name != "message_links"]
    return found + [link for one in inner for link in links_in(one)]


@pytest.mark.parametrize(("event", "act"), ACTS.values(), ids=ACTS.keys())
def test_a_callers_host_is_in_no_webhooks_body(
    site: Site, receiver: Receiver, event: str, act: Act
) -> None:
    watch_group(site, receiver, event, host="set.example")

    site.host = EVIL
    act(site)
    site.deliver()

    for posted in receiver.all():
        links = links_in(posted.json["item"])
        assert links
        assert all(link.startswith("http://set.example/") for link in links)
        text = json.dumps(posted.json)
        assert "evil" not in text
        assert "invalid" not in text


def test_each_webhook_gets_the_host_that_it_was_set_under(
    site: Site, receiver: Receiver
) -> None:
    watch(site, receiver, "room_message", host="one.example")
    watch_group(site, receiver, "room_message", host="two.example:8070")

    site.host = EVIL
    site.post("/v2/room/Ops/message", {"message": "hello"})
    site.deliver()

    found = {posted.json["item"]["room"]["links"]["self"] for posted in receiver.all()}
    assert found == {
        "http://one.example/v2/room/1",
        "http://two.example:8070/v2/room/1",
    }


def test_a_webhook_that_is_created_again_gets_the_newer_host(
    site: Site, receiver: Receiver
) -> None:
    watch(site, receiver, "room_message", host="one.example")
    site.post("/v2/room/Ops/message", {"message": "waits while it is set anew"})
    watch(site, receiver, "room_message", host="two.example")
    site.deliver()

    (posted,) = receiver.all()
    assert posted.json["item"]["room"]["links"]["self"].startswith(
        "http://two.example/"
    )


def test_the_public_address_goes_before_every_host(
    open_site: Callable[..., Site], receiver: Receiver
) -> None:
    site = open_site(public_url="https://chat.example.com/hip/")
    watch(site, receiver, "room_message", host="set.example")

    site.host = EVIL
    upload(site)
    site.deliver()

    (posted,) = receiver.all()
    links = links_in(posted.json["item"])
    assert len(links) > 2
    assert all(link.startswith("https://chat.example.com/hip/") for link in links)


def test_a_webhook_of_an_older_server_gets_the_listeners_address(
    site: Site, receiver: Receiver
) -> None:
    watch(site, receiver, "room_message", host="set.example")
    site.sql("UPDATE webhooks SET root = NULL")
    site.server.own_root = "http://machine:8070"

    site.host = EVIL
    site.post("/v2/room/Ops/message", {"message": "hello"})
    site.deliver()

    (posted,) = receiver.all()
    assert posted.json["item"]["room"]["links"]["self"] == (
        "http://machine:8070/v2/room/1"
    )


def test_an_answers_event_leads_to_the_other_webhooks_host(
    site: Site, receiver: Receiver
) -> None:
    watch(site, receiver, "room_message", host="one.example")
    watch(site, receiver, "room_notification", host="two.example")
    receiver.answer = lambda posted: (
        json_answer({"message": "an answer"})
        if posted.json["event"] == "room_message"
        else Answer()
    )

    site.host = EVIL
    site.post("/v2/room/Ops/message", {"message": "hello"})
    site.deliver()

    _, posted = receiver.all()
    assert posted.json["event"] == "room_notification"
    links = links_in(posted.json["item"])
    assert all(link.startswith("http://two.example/") for link in links)


def test_an_event_that_is_sent_again_has_the_same_links(
    site: Site, receiver: Receiver
) -> None:
    watch(site, receiver, "room_message", host="one.example")
    site.host = EVIL
    site.post("/v2/room/Ops/message", {"message": "hello"})
    site.deliver()
    send_everything_again(site)
    site.deliver()

    first, second = receiver.all()
    assert first.json["item"] == second.json["item"]


@pytest.mark.parametrize("text", ["http://chat.test/v2/room/1", "http://evil.example"])
def test_the_text_of_messages_is_sent_unchanged(
    site: Site, receiver: Receiver, text: str
) -> None:
    watch(site, receiver, "room_message", host="set.example")
    site.host = "chat.test"
    site.post("/v2/room/Ops/message", {"message": text})
    site.deliver()

    (posted,) = receiver.all()
    assert posted.json["item"]["message"]["message"] == text


def test_json_stays_json_whatever_the_root() -> None:
    placeholder = "https://ab12.placeholder.invalid"
    item = json.dumps({"self": f"{placeholder}/v2/room/1", "jid": "1@x.example"})

    found = json.loads(with_root(item, placeholder, 'http://a"b\\c'))

    assert found == {"self": 'http://a"b\\c/v2/room/1', "jid": "1@x.example"}


def test_only_placeholders_are_replaced() -> None:
    item = '{"self": "http://old.example/v2/room/1"}'

    assert with_root(item, "http://old.example", "http://new.example") == item
    assert with_root(item, "", "http://new.example") == item
