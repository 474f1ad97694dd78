"""Webhooks of `hipkit.testing`: delivered when asked, or by themselves on a real port."""

from __future__ import annotations

from hipkit.testing import HipChatServer
from tests.unit.server.receiving import Answer, receiving


def test_webhooks_are_delivered_when_asked_for() -> None:
    with HipChatServer() as hipchat, receiving() as receiver:
        hipchat.client.rooms.create_webhook(
            "Room", url=receiver.url, event="room_message"
        )
        hipchat.client.rooms.send_message("Room", message="hello")
        assert receiver.all() == []

        (delivery,) = hipchat.deliver_webhooks()

        assert receiver.texts == ["hello"]
        assert (delivery.event, delivery.state) == ("room_message", "delivered")
        assert delivery.status == 204


def test_what_failed_is_tried_again_when_asked_for_again() -> None:
    with HipChatServer() as hipchat, receiving() as receiver:
        hipchat.client.rooms.create_webhook(
            "Room", url=receiver.url, event="room_message"
        )
        hipchat.client.rooms.send_message("Room", message="hello")
        receiver.answer = lambda posted: Answer(503)
        (delivery,) = hipchat.deliver_webhooks()
        assert (delivery.state, delivery.status) == ("waiting", 503)

        receiver.answer = lambda posted: Answer(204)
        (delivery,) = hipchat.deliver_webhooks()

        assert delivery.state == "delivered"
        assert receiver.texts == ["hello", "hello"]


def test_webhooks_are_delivered_by_themselves_on_a_real_port() -> None:
    with HipChatServer() as hipchat, receiving() as receiver:
        assert hipchat.url
        hipchat.client.rooms.create_webhook(
            "Room", url=receiver.url, event="room_message"
        )

        hipchat.client.rooms.send_message("Room", message="hello")

        assert receiver.next().json["item"]["message"]["message"] == "hello"
        (delivery,) = hipchat.deliver_webhooks()
        assert delivery.state == "delivered"


def test_a_test_resolves_no_names() -> None:
    with HipChatServer() as hipchat:
        hipchat.client.rooms.create_webhook(
            "Room", url="https://hooks.example.com/", event="room_message"
        )
        hipchat.client.rooms.send_message("Room", message="hello")

        (delivery,) = hipchat.deliver_webhooks()

        assert delivery.state == "waiting"
        assert "localhost" in (delivery.problem or "")
