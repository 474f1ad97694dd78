"""What a shell shows of the classes with methods."""

from __future__ import annotations

from unittest import mock

import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.api.groups import OperationGroup, completed_names
from hipkit.v2 import GetRoom, Room

ADDRESS = "https://chat.example.com/v2"


@pytest.mark.parametrize("kind", [HipChat, AsyncHipChat])
def test_a_group_is_shown_with_its_client_and_without_a_token(
    kind: type[HipChat] | type[AsyncHipChat],
) -> None:
    client = kind("s3cret", base_url=ADDRESS)
    prefix = "Async" if kind is AsyncHipChat else ""
    owner = f"{prefix}HipChat(base_url='{ADDRESS}')"

    assert repr(client.rooms) == f"<{prefix}Rooms of {owner}>"
    assert repr(client.raw) == f"<{prefix}RawApi of {owner}>"
    assert repr(client.raw.rooms) == f"<{prefix}RawRooms of {owner}>"


def test_a_group_on_a_plain_function_is_shown_as_well() -> None:
    assert repr(OperationGroup(lambda operation: operation)) == "<OperationGroup>"


@pytest.mark.parametrize("kind", [HipChat, AsyncHipChat])
def test_completion_offers_what_is_public_and_nothing_else(
    kind: type[HipChat] | type[AsyncHipChat],
) -> None:
    client = kind("s3cret", base_url=ADDRESS)

    for value in (client, client.rooms, client.raw, Room(id=1), GetRoom("ops")):
        names = dir(value)
        assert [name for name in names if name.startswith(("_", "__struct"))] == [
            name for name in names if name.startswith("__") and name.endswith("__")
        ]
        assert not [name for name in names if name.startswith("__struct")]
        assert all(hasattr(value, name) for name in names)
    assert {"rooms", "send", "with_options", "limits"} <= {*dir(client)}
    assert "get_room" in dir(client.rooms)


def test_a_model_offers_its_members_and_what_can_be_done_with_it() -> None:
    offered = {name for name in dir(Room(id=1)) if not name.startswith("_")}

    methods = {"check", "from_json", "to_dict", "to_json"}
    assert offered == {*Room.__struct_fields__} | methods


def test_a_client_can_be_replaced_by_a_mock() -> None:
    client = mock.create_autospec(HipChat("s3cret", base_url=ADDRESS))

    with client:
        client.rooms.get_room("ops")
    with pytest.raises(TypeError):
        client.rooms.get_room()


def test_names_of_protocols_stay() -> None:
    names = ["_x", "__struct_fields__", "__enter__", "room"]
    assert completed_names(names) == ["__enter__", "room"]
