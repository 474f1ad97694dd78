from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.cli.addon.scopes import USED_SCOPES
from tests.unit.cli.conftest import Hipkit

SOURCE = r'''
from hipkit import AsyncHipChat, HipChat
from hipkit.addon import AddOn, Message
from hipkit.v2.rooms import CreateRoom, GetRoom

addon = AddOn(key="com.example.karma", name="Karma", scopes=[{scopes}])


@addon.on_message("^/topic")
async def topic(message: Message, hipchat: AsyncHipChat) -> None:
    await hipchat.rooms.set_topic("ops", topic="new")
    await hipchat.capabilities.get_capabilities()


@addon.on_message("^/people")
def people(message: Message, client: HipChat) -> None:
    client.raw.rooms.get_all_participants("ops")
    client.send(GetRoom("ops"))
    other = object()
    other.users.get_user("x")


async def find_owner(client: AsyncHipChat) -> None:
    await client.users.get_user("@bob")
    await find_owner(client)


@addon.on_message("^/owner")
async def owner(message: Message, client: AsyncHipChat) -> None:
    await find_owner(client)


@addon.on_message("^/push")
async def push(message: Message, client: AsyncHipChat) -> None:
    await addon.push_glance(client, "count", "1")
    await addon.push_glance(client, "count", "1", room="ops")


@addon.on_message("^/nothing")
async def nothing(message: Message) -> None:
    """Call nothing."""
'''


def faults(hipkit: Hipkit, *scopes: str) -> list[str]:
    names = ", ".join(f'"{scope}"' for scope in scopes)
    Path("calls_of_an_addon.py").write_text(SOURCE.replace("{scopes}", names))
    lines = hipkit("addon", "check", "calls_of_an_addon:addon").out.splitlines()
    return [line.removeprefix("warning: ") for line in lines[:-1]]


PLACE = "capabilities.hipchatApiConsumer.scopes"


def test_a_call_without_a_sufficient_scope_is_a_warning(
    hipkit: Hipkit, folder: Path
) -> None:
    assert faults(hipkit, "send_notification") == [
        f"{PLACE} lack what set_topic needs, which topic calls. Add admin_room.",
        f"{PLACE} lack what get_all_participants needs, which people calls."
        " Add view_room.",
        f"{PLACE} lack what get_room needs, which people calls."
        " Add view_group or view_room.",
        f"{PLACE} lack what get_user needs, which owner calls. Add view_group.",
        f"{PLACE} lack what addon_ui_update needs, which push calls. Add view_group.",
        f"{PLACE} lack what room_addon_ui_update needs, which push calls."
        " Add view_room.",
    ]


def test_one_of_the_scopes_of_a_call_is_sufficient(
    hipkit: Hipkit, folder: Path
) -> None:
    assert faults(hipkit, "admin_room", "view_group", "view_room") == []


def test_a_scope_that_no_test_used_is_a_warning(hipkit: Hipkit, folder: Path) -> None:
    USED_SCOPES.parent.mkdir(parents=True)
    USED_SCOPES.write_text('{"com.example.karma": ["admin_room", "view_group"]}')
    assert faults(hipkit, "admin_room", "view_group", "view_room") == [
        f"{PLACE}[2] is view_room, which no test used."
        " Remove it, or test what needs it."
    ]


@pytest.mark.parametrize(
    "recorded",
    [
        "",
        "[]",
        '{"other": []}',
        '{"com.example.karma": 1}',
        '{"com.example.karma": [[]]}',
    ],
)
def test_a_record_that_says_nothing_is_passed_over(
    hipkit: Hipkit, folder: Path, recorded: str
) -> None:
    USED_SCOPES.parent.mkdir(parents=True)
    USED_SCOPES.write_text(recorded)
    scopes = ("admin_room", "view_group", "view_room")
    assert len(faults(hipkit, *scopes)) == 3 * ("[[]]" in recorded)
