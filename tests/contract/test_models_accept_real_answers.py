"""Answers in the shapes that real servers gave over the years, read by both clients.

What is odd about each was recorded or told by several libraries; names and texts are made up.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hipkit import HistoryPosition, Model, Operation
from hipkit.v2 import (
    AddMember,
    Card,
    CardDescription,
    GenerateToken,
    GetAllEmoticons,
    GetAllMembers,
    GetAllRooms,
    GetAllUsers,
    GetAllWebhooks,
    GetCapabilities,
    GetGroup,
    GetRoom,
    GetRoomHistory,
    GetRoomMessage,
    GetRoomStatistics,
    GetRoomWebhook,
    GetSession,
    GetUser,
    GetWebhook,
    Message,
    Sender,
    SendMessage,
    SendPrivatechatMessage,
    User,
)
from hipkit.v2.webhooks import (
    RoomEnterEvent,
    RoomFileUploadEvent,
    RoomMessageEvent,
    RoomNotificationEvent,
    RoomTopicChangeEvent,
)
from tests.scripted import KINDS, answer, connect, done, script_for

MOMENT = datetime(2014, 9, 26, 10, 44, 4, tzinfo=UTC)
MESSAGE_ID = "0f8a4f2e-43b0-4d0b-a3a7-8f6f4e0b2a11"


def read(operation: Operation[Any], body: object, status: int = 200) -> Any:
    """Have both clients read an answer; what they make of it is the same."""
    found = []
    for kind in KINDS:
        client = connect(kind, script_for(kind, answer(body, status)))
        found.append(done(client.send(operation)))
    assert found[0] == found[1]
    return found[0]


def read_message(**members: object) -> Message:
    """Read one message out of a history."""
    body = {"id": MESSAGE_ID, "date": "2016-09-09T08:23:02.932694+00:00", **members}
    page = read(GetRoomHistory("ops"), {"items": [body], "links": {"self": "x"}})
    (message,) = page.items
    assert isinstance(message, Message)
    return message


PERSON = {
    "id": 1234,
    "name": "Jane Roe",
    "mention_name": "jane",
    "links": {"self": "https://chat.example.com/v2/user/1234"},
}


@pytest.mark.parametrize(
    "last_active",
    ["1411728244", 1411728244, "2014-09-26T10:44:04+00:00", "2014-09-26T10:44:04"],
    ids=repr,
)
def test_a_users_last_activity_is_a_timestamp_in_each_format(
    last_active: object,
) -> None:
    user = read(GetUser("@jane"), {**PERSON, "last_active": last_active})
    assert user.last_active == MOMENT
    assert user.last_active.utcoffset() is not None


def test_a_list_may_mix_the_forms_of_last_activity() -> None:
    forms = ["1411728244", 1411728244, None, "2014-09-26T10:44:04", "", "1411728244"]
    body = {
        "items": [
            {**PERSON, "id": number, "last_active": form}
            for number, form in enumerate(forms)
        ]
    }
    page = read(GetAllUsers(expand=["items"]), body)
    assert [user.last_active for user in page.items] == [
        MOMENT,
        MOMENT,
        None,
        MOMENT,
        None,
        MOMENT,
    ]


def test_a_room_of_2014_has_dates_without_offset_meaning_utc() -> None:
    room = read(
        GetRoom(7),
        {
            "id": 7,
            "name": "Ops",
            "created": "2014-09-26T10:44:04",
            "last_active": "2014-09-26T10:44:04",
            "owner": {**PERSON, "created": "2014-09-26T10:44:04"},
            "guest_access_url": None,
            "xmpp_jid": "1_ops@conf.chat.example.com",
            "statistics": {
                "links": {"self": "https://chat.example.com/v2/room/7/statistics"}
            },
        },
    )
    assert room.created == room.last_active == room.owner.created == MOMENT


def test_a_room_never_used_has_no_last_activity() -> None:
    assert read(GetRoom(7), {"id": 7, "last_active": None}).last_active is None
    statistics = read(GetRoomStatistics(7), {"messages_sent": 0, "last_active": None})
    assert statistics.last_active is None
    assert statistics.messages_sent == 0


def test_timestamps_of_statistics_are_iso_or_unix() -> None:
    for form in ("2014-09-26T10:44:04+00:00", 1411728244, "1411728244"):
        body = {"messages_sent": "170", "last_active": form}
        statistics = read(GetRoomStatistics(7), body)
        assert (statistics.messages_sent, statistics.last_active) == (170, MOMENT)


def test_ids_and_flags_come_as_text_too() -> None:
    room = read(
        GetRoom("ops"),
        {"id": "7", "is_archived": "false", "is_guest_accessible": 1, "version": 99},
    )
    assert (room.id, room.is_archived) == (7, False)
    assert (room.is_guest_accessible, room.version) == (True, "99")


def test_a_person_who_speaks_is_a_short_user() -> None:
    message = read_message(
        **{"from": {**PERSON, "version": "ABCD1234"}},
        mentions=[{**PERSON, "id": "77"}],
        message="@jane hello",
        type="message",
    )
    assert isinstance(message.from_, Sender)
    assert (message.from_.id, message.from_.version) == (1234, "ABCD1234")
    assert message.mentions is not None
    assert isinstance(message.mentions[0], User)
    assert message.mentions[0].id == 77
    assert message.date == datetime(2016, 9, 9, 8, 23, 2, 932694, UTC)


def test_a_notification_comes_from_a_label() -> None:
    message = read_message(
        **{"from": "Jenkins"},
        color="green",
        message_format="html",
        mentions=[],
        message="<b>ok</b>",
        notification_sender={"type": "addon", "id": "jenkins", "client_id": "c-1"},
        type="notification",
        attach_to=None,
        card=None,
    )
    assert message.from_ == "Jenkins"
    assert message.notification_sender is not None
    assert message.notification_sender.client_id == "c-1"


def test_a_message_may_have_no_sender_or_a_guest_without_id() -> None:
    assert read_message(**{"from": None}).from_ is None
    assert read_message().from_ is None
    assert read_message(**{"from": {"name": "Guest"}}).from_ == Sender(name="Guest")


def test_a_label_that_is_a_number_stays_a_label() -> None:
    assert read_message(**{"from": "2014"}).from_ == "2014"


def test_colour_and_format_may_be_null_as_in_2014() -> None:
    message = read_message(color=None, message_format=None, type=None, file=None)
    assert (message.color, message.message_format, message.file) == (None, None, None)


def test_a_deleted_message_has_no_text() -> None:
    assert read_message(**{"from": PERSON}, type="message").message is None
    assert read_message(**{"from": PERSON}, message="").message == ""


def test_a_type_of_a_later_server_is_kept() -> None:
    assert read_message(type="video_call").type == "video_call"


def test_a_card_in_history_is_json_text_with_what_the_server_added() -> None:
    sent = {
        "style": "link",
        "id": "c1",
        "title": "Grüße",
        "description": {"value": "<b>x</b>", "format": "html"},
        "icon": "https://example.com/i.png",
        "thumbnail": {"url": "t", "url@2x": "t2", "width": "64", "height": 48.5},
        "attributes": [{"value": {"label": "a", "style": "lozenge-new-one"}}],
    }
    added = {
        "type": "link",
        "author": {"name": "x"},
        "site": {"name": "y"},
        "images": [],
        "validation": {"safehtmls": [1], "safeurls": {}},
    }
    message = read_message(**{"from": "CI"}, card=json.dumps({**sent, **added}))
    assert message.card is not None
    card = Card.from_json(message.card)
    assert card.description == CardDescription(value="<b>x</b>", format="html")
    assert card.thumbnail is not None
    assert (card.thumbnail.width, card.thumbnail.url_2x) == (64, "t2")
    assert card.author == {"name": "x"}
    assert json.loads(card.to_json())["site"] == {"name": "y"}
    plain = Card.from_json(
        '{"style": "file", "id": "1", "title": "t", "description": "d"}'
    )
    assert plain.description == "d"


def test_a_shared_file_comes_beside_the_text() -> None:
    file = {"name": "a b.png", "size": "2048", "url": "https://files.example.com/x"}
    message = read_message(file=file, message="look")
    assert message.file is not None
    assert (message.file.size, message.file.thumb_url) == (2048, None)
    message = read_message(file={**file, "thumb_url": "https://files.example.com/t"})
    assert message.file is not None
    assert message.file.thumb_url == "https://files.example.com/t"


def test_a_protected_file_comes_without_an_address() -> None:
    message = read_message(authenticated_file={"id": "f-1", "name": "a", "size": 1})
    assert message.authenticated_file is not None
    assert message.authenticated_file.id == "f-1"
    assert message.file is None


def test_links_in_a_message_are_described_by_kind() -> None:
    message = read_message(
        message_links=[
            {
                "type": "link",
                "url": "https://example.com",
                "link": {"title": "E", "headerText": "h", "fullUrl": "f"},
            },
            {"type": "image", "url": "u", "image": {"image": "i", "name": "n"}},
            {"type": "video", "url": "u", "video": {"views": "12", "title": "t"}},
            {"type": "hologram", "url": "u", "hologram": {"size": 3}},
        ]
    )
    assert message.message_links is not None
    link, image, video, hologram = message.message_links
    assert link.link is not None
    assert link.link.header_text == "h"
    assert image.image is not None
    assert video.video is not None
    assert video.video.views == 12
    assert hologram.type == "hologram"


def test_a_single_message_is_wrapped() -> None:
    body = {"message": {"id": MESSAGE_ID, "date": "2014-09-26T10:44:04", "from": None}}
    envelope = read(GetRoomMessage("ops", MESSAGE_ID), body)
    assert envelope.message.date == MOMENT


def test_a_page_echoes_its_size_and_links_may_be_relative() -> None:
    page = read(
        GetAllEmoticons(),
        {
            "items": [{"id": "1", "shortcut": "boom", "audio_path": None}],
            "startIndex": "100",
            "maxResults": 100,
            "links": {
                "self": "/v2/emoticon?start-index=100",
                "prev": "/v2/emoticon",
                "next": "/v2/emoticon?start-index=200",
            },
        },
    )
    assert (page.start_index, page.max_results) == (100, 100)
    assert page.links.next == "/v2/emoticon?start-index=200"
    assert page.links.prev == "/v2/emoticon"


def test_a_room_in_a_list_is_short() -> None:
    page = read(
        GetAllRooms(),
        {
            "items": [
                {"id": 1, "name": "2014", "links": {"self": "x", "webhooks": "y"}},
                {
                    "id": 2,
                    "name": "2017",
                    "privacy": "private",
                    "is_archived": False,
                    "version": "ABCD",
                    "links": {"self": "x", "webhooks": "y", "members": "z"},
                },
            ],
            "startIndex": 0,
            "maxResults": 100,
            "links": {"self": "s"},
        },
    )
    old, new = page.items
    assert (old.privacy, old.links.members) == (None, None)
    assert (new.privacy, new.links.members) == ("private", "z")


def test_members_of_a_room_have_their_roles() -> None:
    body = {"items": [{**PERSON, "room_roles": ["room_admin", "room_guru"]}]}
    page = read(GetAllMembers("ops"), body)
    assert page.items[0].room_roles == ["room_admin", "room_guru"]


def test_presence_has_every_degree_of_emptiness() -> None:
    for presence in (
        None,
        {"is_online": False},
        {"is_online": True, "status": None, "show": None, "idle": None, "client": None},
        {
            "is_online": True,
            "status": "",
            "show": "xa",
            "idle": "3600",
            "client": {"version": 1.5, "type": "http://hipchat.com/client/mac"},
        },
        {"is_online": True, "show": "sleeping"},
    ):
        user = read(GetUser(1), {**PERSON, "presence": presence})
        assert (user.presence is None) == (presence is None)
    assert user.presence.show == "sleeping"


def test_a_user_of_any_age_is_read() -> None:
    old = {**PERSON, "group": {"id": 1, "name": "g", "links": {"self": "x"}}}
    assert read(GetUser(1), old).group.id == 1
    new = {
        **PERSON,
        "email": None,
        "title": "",
        "photo_url": None,
        "roles": ["user", "delegated administrator"],
        "atlassian_id": None,
        "is_deleted": False,
    }
    assert read(GetUser(1), new).roles == ["user", "delegated administrator"]


def test_a_plan_of_unknown_or_misspelt_kind_is_passed_on() -> None:
    assert read(GetGroup(1), {"id": 1, "plan": {"type": "trail"}}).plan.type == "trail"
    assert read(GetGroup(1), {"id": 1, "domain": None}).domain is None


def test_a_webhook_was_made_by_a_person_or_by_an_add_on() -> None:
    person = read(GetRoomWebhook("ops", "k"), {"id": 3, "creator": PERSON})
    assert person.creator.id == 1234
    addon = {"id": "4f1a-add-on", "name": "CI", "allowed_scopes": ["view_room"]}
    made = read(
        GetRoomWebhook("ops", "k"),
        {"id": "3", "creator": addon, "pattern": None, "room": None, "key": None},
    )
    assert made.creator == Sender(
        id="4f1a-add-on", name="CI", allowed_scopes=["view_room"]
    )


def test_capabilities_are_read_from_either_product() -> None:
    document = read(
        GetCapabilities(),
        {
            "name": "HipChat",
            "key": "hipchat",
            "vendor": {"url": "http://example.com", "name": "A"},
            "links": {
                "self": "s",
                "api": "https://chat.example.com/v2",
                "homepage": "h",
            },
            "capabilities": {
                "hipchatApiProvider": {
                    "url": "https://chat.example.com/v2/",
                    "availableScopes": {
                        "view_group": {
                            "id": "view_group",
                            "name": "V",
                            "description": "",
                        }
                    },
                },
                "oauth2Provider": {"tokenUrl": "t", "authorizationUrl": "a"},
                "adminPage": {"url": "x"},
            },
            "connect_server_api_version": "1",
        },
    )
    assert document.capabilities.hipchat_api_provider.url.endswith("/")
    scopes = document.capabilities.hipchat_api_provider.available_scopes
    assert scopes["view_group"].name == "V"


def test_a_token_of_an_add_on_has_no_refresh_token() -> None:
    body = {
        "access_token": "a" * 40,
        "expires_in": "3599",
        "group_id": 1,
        "group_name": "G",
        "scope": "send_notification",
        "token_type": "bearer",
    }
    token = read(GenerateToken(grant_type="client_credentials"), body)
    assert (token.expires_in, token.refresh_token) == (3599, None)


@pytest.mark.parametrize("room", [{}, {"room": None}], ids=repr)
def test_the_client_of_a_session_may_be_bound_to_no_room(
    room: dict[str, object],
) -> None:
    session = read(
        GetSession("t"),
        {
            "access_token": "t",
            "expires_in": 12,
            "scopes": ["view_room"],
            "owner_type": "client",
            "owner": None,
            "client": {"id": "c", "name": "n", "allowed_scopes": [], **room},
        },
    )
    assert session.client.room is None
    assert session.client.allowed_scopes == []


@pytest.mark.parametrize("known", [{}, {"id": None}], ids=repr)
def test_a_webhook_may_come_without_its_number(known: dict[str, object]) -> None:
    body = {"url": "https://example.com/x", "event": "room_message", **known}
    webhook = read(GetWebhook("ops", 3), body)
    assert (webhook.id, webhook.event) == (None, "room_message")
    page = read(GetAllWebhooks("ops"), {"items": [body]})
    assert page.items[0].id is None


@pytest.mark.parametrize("known", [{}, {"access_token": None}], ids=repr)
def test_a_session_may_come_without_its_token(known: dict[str, object]) -> None:
    session = read(GetSession("t"), {"scopes": ["view_room"], **known})
    assert (session.access_token, session.scopes) == (None, ["view_room"])


def test_a_private_message_is_answered_with_or_without_its_id() -> None:
    operation = SendPrivatechatMessage("@jane", message="hi")
    assert read(operation, None, 204) is None
    sent = {"id": MESSAGE_ID, "timestamp": "2014-09-26T10:44:04"}
    assert read(operation, sent, 201).timestamp == MOMENT


def test_the_response_to_a_room_message_has_id_and_timestamp() -> None:
    sent = {"id": MESSAGE_ID, "timestamp": "2014-09-26T10:44:04.000000+00:00"}
    assert read(SendMessage("ops", message="hi"), sent, 201).timestamp == MOMENT


def test_a_success_with_any_status_and_any_body_is_none_where_none_is_promised() -> (
    None
):
    for status, body in ((200, {"ok": True}), (202, None), (204, None), (201, b"")):
        assert read(AddMember("ops", "@jane"), body, status) is None


ROOM = {"id": 7, "name": "Ops", "links": {"self": "https://chat.example.com/v2/room/7"}}
EVENTS: list[tuple[type[Model], dict[str, object]]] = [
    (
        RoomMessageEvent,
        {
            "message": {
                "id": MESSAGE_ID,
                "date": "2015-01-20T22:45:06.662545+00:00",
                "from": PERSON,
                "mentions": [],
                "message": "/deploy",
                "type": "message",
            },
            "room": ROOM,
        },
    ),
    (
        RoomNotificationEvent,
        {
            "message": {
                "id": MESSAGE_ID,
                "date": "2015-01-20T22:45:06.662545+00:00",
                "from": "CI",
                "color": "red",
                "message_format": "html",
                "message": "<b>no</b>",
                "type": "notification",
            },
            "room": {**ROOM, "privacy": "public", "is_archived": False, "version": "A"},
        },
    ),
    (RoomEnterEvent, {"room": ROOM, "sender": PERSON}),
    (RoomTopicChangeEvent, {"room": ROOM, "sender": {"name": "G"}, "topic": "new"}),
    (
        RoomTopicChangeEvent,
        {
            "room": ROOM,
            "sender": {"id": "c-1", "name": "CI", "allowed_scopes": [], "room": ROOM},
            "topic": "",
        },
    ),
    (
        RoomFileUploadEvent,
        {
            "file": {"name": "a", "size": "1", "url": "u"},
            "room": ROOM,
            "sender": PERSON,
        },
    ),
]


@pytest.mark.parametrize(("kind", "item"), EVENTS)
@pytest.mark.parametrize("webhook_id", [17775373, "17775373"], ids=repr)
def test_events_are_read_as_they_were_sent(
    kind: type[Model], item: dict[str, object], webhook_id: object
) -> None:
    body: dict[str, object] = {"event": "x", "item": item, "webhook_id": webhook_id}
    event = kind.from_json(json.dumps(body))
    assert kind.from_json(event.to_json()) == event
    body["oauth_client_id"] = "c-1"
    assert kind.from_json(json.dumps(body)) != event


def test_a_position_in_a_history_survives_as_json() -> None:
    position = HistoryPosition(MOMENT, frozenset({"a", "ü"}))
    assert HistoryPosition.from_json(position.to_json()) == position
