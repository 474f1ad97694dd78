"""`AddOnHost`: a server that installs add-ons, for their tests."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.addon import (
    AddOn,
    Installation,
    Message,
    RoomNotification,
)
from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.testing.addons import AddOnHost


def karma(seen: list[str] | None = None) -> AddOn:
    addon = AddOn(
        key="com.example.karma",
        name="Karma",
        scopes=["send_notification", "view_room", "view_group"],
    )
    heard = [] if seen is None else seen

    @addon.on_message(r"^/karma (?P<name>@\w+)")
    async def karma(message: Message, name: str) -> str:
        return f"{name} has one more"

    @addon.on_message(r"^/push")
    async def push(message: Message, client: AsyncHipChat) -> None:
        await addon.push_glance(client, "karma", "3 < 4", room=message.room.id)

    @addon.on_message(r"^/room")
    def look(message: Message, client: HipChat) -> str | None:
        return client.rooms.get_room(message.room.id).name

    @addon.glance("karma", name="Karma")
    async def glance(request: object) -> str:
        return "0"

    @addon.on_install
    def installed(installation: Installation) -> None:
        heard.append("installed")

    @addon.on_update
    def updated(installation: Installation) -> None:
        heard.append("updated")

    @addon.on_remove
    async def removed(installation: Installation) -> None:
        await asyncio.sleep(0)
        heard.append("removed")

    return addon


def test_an_add_on_is_installed_and_answers(addon_host: AddOnHost) -> None:
    installation = addon_host.install(karma())
    ops = addon_host.room("ops")

    ops.say("/karma @bob")
    ops.say("nothing to do")

    assert ops.replies == ["@bob has one more"]
    assert [each.message for each in ops.messages][::2] == [
        "/karma @bob",
        "nothing to do",
    ]
    assert addon_host.room("other").replies == []
    assert installation.scopes == {"send_notification", "view_room", "view_group"}


async def test_an_async_test_uses_it_in_the_same_way(addon_host: AddOnHost) -> None:
    addon_host.install(karma())
    addon_host.room("ops").say("/karma @bob")
    assert addon_host.room("ops").replies == ["@bob has one more"]


def test_an_add_on_of_one_room_hears_no_other(addon_host: AddOnHost) -> None:
    addon_host.install(karma(), room="ops")

    for name in ("ops", "dev"):
        addon_host.room(name).say("/karma @bob")

    assert addon_host.room("ops").replies == ["@bob has one more"]
    assert addon_host.room("dev").replies == []


def test_an_add_on_of_a_room_named_by_digits_is_removed(addon_host: AddOnHost) -> None:
    addon = karma()
    first, second = (addon_host.install(addon, room=name) for name in ("12", "34"))
    addon_host.remove(addon, room="34")
    assert first.scopes
    assert not second.scopes


def test_several_add_ons_hear_each_other(addon_host: AddOnHost) -> None:
    echo = AddOn(key="echo", name="Echo", scopes=["send_notification"])

    @echo.on_notification
    async def repeat(event: RoomNotification) -> str:
        return f"I heard: {event.text}"

    addon_host.install(karma())
    addon_host.install(echo)

    addon_host.room("ops").say("/karma @bob")

    assert addon_host.room("ops").replies == [
        "@bob has one more",
        "I heard: @bob has one more",
    ]


def test_several_servers_install_one_add_on(addon_host: AddOnHost) -> None:
    addon = karma()
    other = addon_host.another("chat.example.com")
    first, second = addon_host.install(addon), other.install(addon)

    other.room("ops").say("/karma @bob")

    assert other.room("ops").replies == ["@bob has one more"]
    assert addon_host.room("ops").replies == []
    assert (len(first.calls), len(second.calls)) == (0, 1)
    with pytest.raises(ValueError, match="already"):
        addon_host.another("chat.example.com")


def test_it_runs_through_installation_update_and_removal(
    addon_host: AddOnHost,
) -> None:
    seen: list[str] = []
    installation = addon_host.install(karma(seen))
    newer = AddOn(
        key="com.example.karma",
        name="Karma",
        scopes=["send_notification", "view_messages"],
    )

    @newer.on_update
    def updated(installation: Installation) -> None:
        seen.append("updated to a newer one")

    @newer.on_message("^hi")
    async def hi(message: Message) -> str:
        return "hi yourself"

    assert addon_host.update(newer).id == installation.id
    addon_host.room("ops").say("hi")
    addon_host.room("ops").say("/karma @bob")

    assert addon_host.room("ops").replies == ["hi yourself"]
    assert installation.scopes == {"send_notification", "view_messages"}
    addon_host.remove(newer)
    assert installation.scopes == set()
    addon_host.room("ops").say("hi")
    assert addon_host.room("ops").replies == ["hi yourself"]
    assert seen == ["installed", "updated to a newer one"]
    with pytest.raises(NotFoundError):
        addon_host.remove(newer)


def test_a_removal_is_done_when_the_add_on_is_done_with_it(
    addon_host: AddOnHost,
) -> None:
    seen: list[str] = []
    addon = karma(seen)
    addon_host.install(addon)
    addon_host.remove(addon)
    assert seen == ["installed", "removed"]


def test_calls_and_pushes_can_be_asserted(addon_host: AddOnHost) -> None:
    installation = addon_host.install(karma())
    ops = addon_host.room("ops")

    ops.say("/push")

    (call,) = installation.calls
    assert (call.operation, call.status) == ("room_addon_ui_update", 204)
    assert call.scopes == ("view_room",)
    (push,) = addon_host.pushes
    assert (push.key, push.label, push.room) == ("karma", "3 &lt; 4", str(ops.id))
    tokens = [one for one in addon_host.calls if one.operation == "generate_token"]
    assert [one.installation_id for one in tokens] == [None]


def test_clients_of_handlers_in_threads_work(addon_host: AddOnHost) -> None:
    addon_host.install(karma())
    addon_host.room("ops").say("/room")
    assert addon_host.room("ops").replies == ["ops"]


def test_the_clock_makes_tokens_expire(addon_host: AddOnHost) -> None:
    addon_host.install(karma())
    addon_host.room("ops").say("/karma @bob")
    addon_host.advance(timedelta(hours=9))
    addon_host.room("ops").say("/karma @bob")

    made = [one.operation for one in addon_host.calls]
    assert made.count("generate_token") == 2
    assert len(addon_host.room("ops").replies) == 2
    first, *_, last = addon_host.room("ops").messages
    assert timedelta(hours=9) < last.date - first.date < timedelta(hours=10)


def test_an_installation_that_is_refused_says_why(addon_host: AddOnHost) -> None:
    with pytest.raises(BadRequestError, match="does not work with"):
        addon_host.install(karma(), allowed_hosts=["https://chat.example.com"])


def test_a_second_add_on_with_the_same_key_is_an_update(addon_host: AddOnHost) -> None:
    addon_host.install(karma())
    with pytest.raises(ValueError, match="use update"):
        addon_host.install(karma())


def test_add_ons_that_answer_each_other_without_end_are_reported(
    addon_host: AddOnHost,
) -> None:
    for name in ("ping", "pong"):
        addon = AddOn(key=name, name=name, scopes=["send_notification"])

        @addon.on_notification
        async def answer(event: RoomNotification) -> str:
            return event.text

        addon_host.install(addon)

    with pytest.raises(RuntimeError, match="without end"):
        addon_host.room("ops").notify("ping")


def test_a_handler_cannot_use_the_host(addon_host: AddOnHost) -> None:
    addon = AddOn(key="loop", name="Loop", scopes=["send_notification"])

    @addon.on_message
    async def loop(message: Message) -> str:
        with pytest.raises(RuntimeError, match="handler"):
            addon_host.deliver()
        return "refused"

    addon_host.install(addon)
    addon_host.room("ops").say("hi")
    assert addon_host.room("ops").replies == ["refused"]


def test_closing_twice_does_nothing() -> None:
    host = AddOnHost()
    host.install(karma())
    host.close()
    host.close()
