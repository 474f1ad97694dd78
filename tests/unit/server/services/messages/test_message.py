from __future__ import annotations

import json
import uuid

from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.services.messages.message import new_message_id
from tests.unit.server.asgi import Site

NOW_US = 1_700_000_000_000_000

PLAIN = {"date", "from", "id", "mentions", "message", "type"}
CARD = {
    "style": "application",
    "id": "c1",
    "title": "Build 7",
    "description": {"value": "passed", "format": "text"},
    "attributes": [{"label": "branch", "value": {"label": "main"}}],
}


def test_a_notification_has_the_recorded_members(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(["send_notification"], name="Build bot")
    parent = site.post("/v2/room/Ops/message", {"message": "deploy"}).json["id"]

    body = {
        "message": "done",
        "color": "green",
        "message_format": "text",
        "notify": True,
        "from": "CI",
        "attach_to": parent,
        "card": CARD,
    }
    assert site.post("/v2/room/Ops/notification", body, token=token).status == 204

    message = site.messages("Ops")[-1]
    assert set(message) == PLAIN | {
        "color", "message_format", "attach_to", "card", "notification_sender",
    }  # fmt: skip
    assert message["from"] == "CI"
    assert message["color"] == "green"
    assert message["attach_to"] == parent
    assert json.loads(message["card"]) == CARD
    assert set(message["notification_sender"]) == {"type", "id", "client_id"}


def test_html_is_stored_unchanged_and_has_no_mentions_or_links(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Ops")
    html = "<script>alert('@Ann http://example.com')</script>"

    site.post("/v2/room/Ops/notification", {"message": html})

    (message,) = site.messages("Ops")
    assert message["message"] == html
    assert message["mentions"] == []
    assert "message_links" not in message


def test_a_text_has_mentions_and_links(site: Site) -> None:
    ann = site.add_user("Ann")
    site.add_room("Ops")
    text = "@ann @all see http://example.com/a and (http://example.com/b.png)!"

    site.post("/v2/room/Ops/message", {"message": text})

    (message,) = site.messages("Ops")
    assert [user["id"] for user in message["mentions"]] == [ann]
    assert set(message["mentions"][0]) == {
        "id", "name", "mention_name", "version", "links",
    }  # fmt: skip
    (link,) = message["message_links"]
    assert link == {
        "type": "image",
        "url": "http://example.com/b.png",
        "image": {"image": "http://example.com/b.png", "name": "b.png"},
    }


def test_messages_keep_their_order_when_the_clock_goes_back(site: Site) -> None:
    site.add_room("Ops")
    site.clock[0] = 1_700_000_100.0
    for number in range(5):
        site.clock[0] = 1_700_000_100.0 - number  # The clock runs backwards.
        site.post("/v2/room/Ops/message", {"message": str(number)})

    items = site.messages("Ops")

    assert [item["message"] for item in items] == ["0", "1", "2", "3", "4"]
    assert len({item["date"] for item in items}) == 5


@given(st.integers(0, 2**48 * 1000 - 1))
def test_a_message_id_is_a_uuid_of_version_7_that_begins_with_the_time(
    now_us: int,
) -> None:
    message_id = uuid.UUID(new_message_id(now_us))

    assert message_id.version == 7
    assert message_id.variant == uuid.RFC_4122
    assert message_id.int >> 80 == now_us // 1000


def test_later_messages_have_greater_ids() -> None:
    ids = [new_message_id(NOW_US + number * 1000) for number in range(100)]

    assert ids == sorted(ids)
    assert new_message_id(NOW_US) != new_message_id(NOW_US)
