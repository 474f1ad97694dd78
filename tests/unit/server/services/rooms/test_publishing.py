"""The ten events, each from what really happens, read by the client's own reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hipkit.v2.models import Sender
from hipkit.v2.webhooks import EVENTS
from hipkit.webhooks import read_event
from tests.unit.server.asgi import Site
from tests.unit.server.receiving import Receiver, receiving

Act = Callable[[Site], Any]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    opened = make_site(webhook_networks=("127.0.0.0/8",))
    opened.add_room("Ops")
    opened.token_of_group = opened.client_token(["admin_group"])  # type: ignore[attr-defined]  # made once for all tests
    return opened


def watch(site: Site, receiver: Receiver, event: str) -> None:
    """Wait for an event anywhere in the group."""
    reply = site.put(
        f"/v2/extension/webhook/{event}",
        {"key": event, "url": receiver.url, "event": event},
        token=site.token_of_group,  # type: ignore[attr-defined]  # see above
    )
    assert reply.status == 201, reply.body


def room_settings(site: Site, **changes: object) -> dict[str, object]:
    return {
        "name": "Ops",
        "privacy": "public",
        "is_archived": False,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": "1"},
        **changes,
    }


def upload(site: Site) -> None:
    boundary = "b"
    body = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n"
        'Content-Disposition: attachment; name="metadata"\r\n\r\n{"message": "see"}\r\n'
        f"--{boundary}\r\nContent-Type: image/png\r\n"
        'Content-Disposition: attachment; name="file"; filename="a.png"\r\n\r\nPNG\r\n'
        f"--{boundary}--"
    ).encode()
    kind = ("Content-Type", f"multipart/related; boundary={boundary}")
    reply = site.send("POST", "/v2/room/Ops/share/file", body=body, headers=[kind])
    assert reply.status == 204, reply.body


def remove_ann(site: Site) -> None:
    ann = site.add_user("Ann Lee")
    room_id = site.add_room("Secret", is_private=True)
    site.put(f"/v2/room/{room_id}/member/{ann}", {"room_roles": ["room_member"]})
    site.post(
        f"/v2/room/{room_id}/message",
        {"message": "hello"},
        token=site.add_token(user=ann),
    )
    assert site.delete(f"/v2/room/{room_id}/member/{ann}").status == 204


def delete_ann(site: Site) -> None:
    ann = site.add_user("Ann Lee")
    token = site.add_token(user=ann)
    site.post("/v2/room/Ops/message", {"message": "hello"}, token=token)
    assert site.delete(f"/v2/user/{ann}").status == 204


def archive(site: Site) -> None:
    settings = room_settings(site, is_archived=True)
    assert site.put("/v2/room/Ops", settings).status == 204


def unarchive(site: Site) -> None:
    archive(site)
    assert site.put("/v2/room/Ops", room_settings(site)).status == 204


def retitle(site: Site) -> None:
    assert site.put("/v2/room/Ops", room_settings(site, topic="new")).status == 204


ACTS: dict[str, tuple[str, Act]] = {
    "message": (
        "room_message",
        lambda site: site.post("/v2/room/Ops/message", {"message": "x"}),
    ),
    "reply": (
        "room_message",
        lambda site: site.post(
            "/v2/room/Ops/reply",
            {
                "message": "y",
                "parentMessageId": site.post(
                    "/v2/room/Ops/notification", {"message": "n"}
                )
                and site.messages("Ops")[0]["id"],
            },
        ),
    ),
    "link": (
        "room_message",
        lambda site: site.post(
            "/v2/room/Ops/share/link", {"link": "https://example.com/"}
        ),
    ),
    "file as message": ("room_message", upload),
    "file": ("room_file_upload", upload),
    "notification": (
        "room_notification",
        lambda site: site.post("/v2/room/Ops/notification", {"message": "x"}),
    ),
    "topic": (
        "room_topic_change",
        lambda site: site.put("/v2/room/Ops/topic", {"topic": "new"}),
    ),
    "topic in settings": ("room_topic_change", retitle),
    "speaking": (
        "room_enter",
        lambda site: site.post(
            "/v2/room/Ops/message",
            {"message": "x"},
            token=site.add_token(user=site.add_user("Ann Lee")),
        ),
    ),
    "removed": ("room_exit", remove_ann),
    "deleted person": ("room_exit", delete_ann),
    "archived": ("room_archived", archive),
    "unarchived": ("room_unarchived", unarchive),
    "created": ("room_created", lambda site: site.post("/v2/room", {"name": "New"})),
    "deleted": ("room_deleted", lambda site: site.delete("/v2/room/Ops")),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_happens_is_published_once(
    site: Site, receiver: Receiver, name: str
) -> None:
    event, act = ACTS[name]
    watch(site, receiver, event)

    act(site)
    site.deliver()

    (posted,) = receiver.all()
    read = read_event(posted.body)
    assert isinstance(read, EVENTS[event])
    assert posted.json["item"]["room"]["name"] in ("Ops", "Secret", "New")
    sender = getattr(read.item, "sender", None)
    if event not in ("room_message", "room_notification"):
        assert isinstance(sender, Sender)
        assert sender.mention_name


def test_the_acts_cause_all_ten_events() -> None:
    assert {event for event, _ in ACTS.values()} == set(EVENTS)


def test_a_second_message_does_not_enter_again(site: Site, receiver: Receiver) -> None:
    watch(site, receiver, "room_enter")

    site.post("/v2/room/Ops/message", {"message": "one"})
    site.post("/v2/room/Ops/message", {"message": "two"})
    site.deliver()

    assert receiver.all() == []


def test_entering_comes_before_what_is_said(site: Site, receiver: Receiver) -> None:
    order: list[str] = []
    watch(site, receiver, "room_message")
    watch(site, receiver, "room_enter")
    token = site.add_token(user=site.add_user("Ann Lee"))

    site.post("/v2/room/Ops/message", {"message": "one"}, token=token)
    site.deliver()

    order = sorted(posted.json["event"] for posted in receiver.all())
    assert order == ["room_enter", "room_message"]


def test_a_notification_is_published_with_its_own_members(
    site: Site, receiver: Receiver
) -> None:
    watch(site, receiver, "room_notification")

    site.post("/v2/room/Ops/notification", {"message": "<b>x</b>", "from": "CI"})
    site.deliver()

    (posted,) = receiver.all()
    message = posted.json["item"]["message"]
    assert message["from"] == "CI"
    assert (message["color"], message["message_format"]) == ("yellow", "html")
    assert message["type"] == "notification"


def test_a_file_is_published_with_its_url(site: Site, receiver: Receiver) -> None:
    watch(site, receiver, "room_file_upload")

    upload(site)
    site.deliver()

    (posted,) = receiver.all()
    file = posted.json["item"]["file"]
    assert (file["name"], file["size"]) == ("a.png", 3)
    assert file["url"].startswith("http://chat.test/files/")


def test_a_topic_is_published_with_its_sender(site: Site, receiver: Receiver) -> None:
    watch(site, receiver, "room_topic_change")

    site.put("/v2/room/Ops/topic", {"topic": "one"})
    token = site.client_token(["admin_room"], name="Bot")
    site.put("/v2/room/Ops/topic", {"topic": "two"}, token=token)
    site.deliver()

    first, second = receiver.all()
    assert first.json["item"]["topic"] == "one"
    assert first.json["item"]["sender"]["mention_name"]
    sender = second.json["item"]["sender"]
    assert sender["name"] == "Bot"
    assert sender["allowed_scopes"] == ["admin_room"]
    versions = [posted.json["item"]["room"]["version"] for posted in (first, second)]
    assert versions[0] != versions[1]


def test_events_of_private_rooms_reach_webhooks_of_the_group(
    site: Site, receiver: Receiver
) -> None:
    # Only an add-on of the whole group makes such a webhook, and it may see private rooms.
    watch(site, receiver, "room_message")
    room_id = site.add_room("Secret", is_private=True)

    site.post(f"/v2/room/{room_id}/message", {"message": "x"})
    site.deliver()

    assert receiver.texts == ["x"]


def test_private_chats_have_no_events(site: Site, receiver: Receiver) -> None:
    watch(site, receiver, "room_message")
    ann = site.add_user("Ann Lee")

    assert site.post(f"/v2/user/{ann}/message", {"message": "psst"}).status == 204
    site.deliver()

    assert receiver.all() == []


def test_the_webhooks_of_a_room_get_what_happened_in_it_and_its_end(
    site: Site, receiver: Receiver
) -> None:
    for event in ("room_message", "room_deleted"):
        body = {"url": receiver.url, "event": event}
        assert site.post("/v2/room/Ops/webhook", body).status == 201

    site.post("/v2/room/Ops/message", {"message": "last words"})
    assert site.delete("/v2/room/Ops").status == 204
    site.deliver()

    shown = {posted.json["event"] for posted in receiver.all()}
    assert shown == {"room_message", "room_deleted"}


def test_what_the_operator_does_is_published_without_a_sender(
    site: Site, receiver: Receiver
) -> None:
    watch(site, receiver, "room_created")

    room_id = site.add_room("By hand")
    site.deliver()

    (posted,) = receiver.all()
    assert "sender" not in posted.json["item"]
    links = posted.json["item"]["room"]["links"]
    assert links["self"] == f"http://chat.test/v2/room/{room_id}"
