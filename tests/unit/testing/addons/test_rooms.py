"""A room of a host: what people do in it reaches add-ons."""

from __future__ import annotations

import pytest

from hipkit.addon import AddOn, FileUpload, RoomNotification, TopicChange
from hipkit.testing.addons import AddOnHost


def test_what_people_do_arrives(addon_host: AddOnHost) -> None:
    addon = AddOn(key="ears", name="Ears", scopes=["send_notification"])

    @addon.on_topic_change
    async def topic(event: TopicChange) -> str:
        return f"{event.sender.name} changed it to {event.topic}"

    @addon.on_file_upload
    async def file(event: FileUpload) -> str:
        return f"file {event.file.name}"

    @addon.on_notification
    async def notified(event: RoomNotification) -> str:
        return f"notice {event.text}"

    addon_host.install(addon)
    jane, ops = addon_host.user("Jane Doe"), addon_host.room("ops")

    ops.set_topic("Peace")
    ops.notify("built", user=jane)
    ops.share_file(__file__, user=jane)

    assert addon_host.user("Jane Doe") is jane
    assert ops.replies == [
        "Administrator changed it to Peace",
        "notice built",
        "file test_rooms.py",
    ]


@pytest.mark.parametrize("name", ["Room", "12345", "a/b", "Dev Ops & Co"])
def test_a_room_of_any_name_is_created_once(addon_host: AddOnHost, name: str) -> None:
    room = addon_host.room(name)
    room.say("hi")
    again = addon_host.room(name)
    assert again.id == room.id
    assert [each.message for each in again.messages] == ["hi"]


def test_rooms_of_the_server_are_found(addon_host: AddOnHost) -> None:
    secret = addon_host.server.add_room("Secret", is_private=True)
    assert addon_host.room("Secret").id == secret
