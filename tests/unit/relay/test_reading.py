from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.relay.markup.marked_text import plain_text
from hipkit.relay.markup.tree import Mention, Text
from hipkit.relay.message import Attribute, Level, RelayFile, RelayPicture
from hipkit.relay.reading import LONGEST_CARD, read_card, read_posted
from hipkit.relay.targets.protocol import PLACE
from hipkit.server.events.posted import PostedFile, PostedMessage

SENT_US = 1_796_000_000_123_456


def posted(**fields: Any) -> PostedMessage:
    values: dict[str, Any] = {
        "id": "e9b2c3a0-0000-7000-8000-000000000001",
        "sent_us": SENT_US,
        "kind": "notification",
        "room": "Dev Ops",
        "body": "<b>disk</b> full",
        "format": "html",
        "sender": "Nagios",
    }
    return PostedMessage(**values | fields)


def test_a_notification_is_read() -> None:
    message = read_posted(
        posted(color="red", notify=True, attach_to="card-1"), link="https://r.e/m/1"
    )
    assert message.sent_at == datetime(2026, 11, 30, 0, 53, 20, 123456, tzinfo=UTC)
    assert (message.kind, message.room, message.sender) == (
        "notification",
        "Dev Ops",
        "Nagios",
    )
    assert (message.color, message.loud, message.thread) == ("red", True, "card-1")
    assert plain_text(message.body) == "disk full"
    assert message.link == "https://r.e/m/1"


def test_a_text_is_read_with_its_mentions() -> None:
    message = read_posted(
        posted(kind="message", format="text", body="<b> @ann", mentions=("ann",))
    )
    assert message.body[1] == Mention("ann")
    assert message.loud is False


def test_a_text_mentions_whom_a_route_maps_though_nobody_here_has_the_name() -> None:
    text = posted(format="text", body="@bob and @Ann", mentions=("Ann",))
    message = read_posted(text, mentions=["Bob", "ann"])
    assert message.body == (Mention("Bob"), Text(" and "), Mention("ann"))


@pytest.mark.parametrize("name", ["all", "here"])
def test_a_mention_of_everybody_is_loud(name: str) -> None:
    assert read_posted(posted(format="text", mentions=(name,))).loud


def test_templates_are_filled_in() -> None:
    message = read_posted(
        posted(color="red"), label="{from} ({room})", title="{color}: {room} {other}"
    )
    assert message.label == "Nagios (Dev Ops)"
    assert message.title == "red: Dev Ops {other}"


def test_what_is_filled_in_is_not_filled_again() -> None:
    assert read_posted(posted(sender="{room}")).label == "{room}"


def test_an_empty_label_is_the_sender() -> None:
    message = read_posted(posted(), label="{color}", title="{color}")
    assert (message.label, message.title) == ("Nagios", None)


def test_a_private_message_has_no_room() -> None:
    message = read_posted(posted(room=None), title="{room}")
    assert (message.room, message.title) == (None, "private")


@pytest.mark.parametrize(
    ("topic", "text"),
    [("/me <b>", "changed the topic to /me <b>"), ("", "cleared the topic")],
)
def test_a_topic_says_what_it_is(topic: str, text: str) -> None:
    message = read_posted(posted(kind="topic", format="text", body=topic))
    assert plain_text(message.body) == text


def test_a_file_is_read() -> None:
    file = PostedFile(key="k", name="a\n.png", size_bytes=5, content_type="image/png")
    message = read_posted(posted(file=file), file_link="https://r.e/f/1")
    assert message.files == (
        RelayFile(
            key="k",
            name="a .png",
            size_bytes=5,
            content_type="image/png",
            url="https://r.e/f/1",
        ),
    )


def test_an_unknown_color_and_address_are_left_out() -> None:
    message = read_posted(posted(color="pink", avatar_url="javascript:x"))
    assert (message.color, message.avatar_url) == (None, None)


CARD = {
    "id": "card-1",
    "style": "application",
    "format": "medium",
    "url": "https://ci.example.com/17",
    "title": "Build 17",
    "description": {"value": "<b>failed</b>", "format": "html"},
    "icon": {"url": "https://ci.example.com/i.png", "url@2x": "https://ci.example.com/i2.png"},
    "thumbnail": {"url": "https://ci.example.com/t.png", "width": 100, "height": 50.5},
    "activity": {"html": "<i>Ann</i> broke it"},
    "attributes": [
        {"label": "state", "value": {"label": "red", "style": "lozenge-error", "url": "https://x.y"}},
        {"value": {"label": "alone"}},
    ],
}  # fmt: skip


def encoded(card: object) -> str:
    return msgspec.json.encode(card).decode()


def test_a_card_is_read() -> None:
    card = read_card(encoded(CARD))
    assert card is not None
    assert (card.id, card.style, card.title) == ("card-1", "application", "Build 17")
    assert card.url == "https://ci.example.com/17"
    assert plain_text(card.description) == "failed"
    assert plain_text(card.activity) == "Ann broke it"
    assert card.icon == RelayPicture(
        url="https://ci.example.com/i.png", url_2x="https://ci.example.com/i2.png"
    )
    assert card.thumbnail == RelayPicture(
        url="https://ci.example.com/t.png", width=100, height=50
    )
    assert card.attributes == (
        Attribute(label="state", value="red", url="https://x.y", level="failure"),
        Attribute(label="", value="alone"),
    )


def test_a_card_may_be_encoded_twice() -> None:
    assert read_card(encoded(encoded(CARD))) == read_card(encoded(CARD))


def test_a_description_may_be_text() -> None:
    card = read_card('{"title": "a", "description": "<b>"}')
    assert card is not None
    assert plain_text(card.description) == "<b>"


def test_the_picture_of_an_image_is_its_address() -> None:
    card = read_card('{"style": "image", "url": "https://x.y/z.png"}')
    assert card is not None
    assert card.thumbnail == RelayPicture(url="https://x.y/z.png")


@pytest.mark.parametrize(
    ("style", "level"),
    [
        ("lozenge", "quiet"),
        ("lozenge-success", "success"),
        ("lozenge-current", "warning"),
        ("lozenge-complete", "accent"),
        ("lozenge-unheard-of", None),
    ],
)
def test_a_lozenge_has_a_level(style: str, level: Level | None) -> None:
    value = {"label": "x", "style": style}
    card = read_card(encoded({"attributes": [{"label": "a", "value": value}]}))
    assert card is not None
    assert card.attributes[0].level == level


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '"{"', '{"title": null}', '{"style": "link", "id": "x"}',
     "[" * 50_000, '{"title": "' + "x" * LONGEST_CARD + '"}'],
)  # fmt: skip
def test_without_a_card_to_show_the_message_is(text: str) -> None:
    message = read_posted(posted(card=text))
    assert message.card is None
    assert plain_text(message.body) == "disk full"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(CARD, JSON)))
def test_no_type_of_a_member_fails(members: dict[str, object]) -> None:
    read_card(encoded(CARD | members))


@given(st.text())
def test_no_text_fails(text: str) -> None:
    read_posted(posted(body=text, sender=text, card=text, room=text), title="{room}")


def test_no_id_of_a_sender_is_the_key_of_a_place() -> None:
    card = {"id": PLACE, "style": "link", "title": "Build"}

    message = read_posted(
        posted(attach_to=PLACE, card=msgspec.json.encode(card).decode())
    )

    assert message.card is not None
    assert PLACE not in {message.thread, message.card.id}
    assert message.thread == message.card.id


def test_links_of_a_card_that_read_as_another_address_show_their_host() -> None:
    shown, url = "https://bank.example", "https://evil.example/x"
    attribute = {"label": "see", "value": {"label": shown, "url": url}}
    content = {"title": shown, "url": url, "attributes": [attribute]}

    card = read_card(msgspec.json.encode(content).decode())

    assert card is not None
    assert card.title == "https://bank.example (evil.example)"
    assert card.attributes[0].value == "https://bank.example (evil.example)"
