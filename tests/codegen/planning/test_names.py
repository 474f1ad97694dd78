from __future__ import annotations

import pytest

from codegen.planning.names import (
    MODEL_ATTRIBUTES,
    OPERATION_ATTRIBUTES,
    RESERVED_MODULES,
    argument_name,
    class_name,
    is_name,
    module_name,
    operation_name,
    options_name,
)
from hipkit.api.model import ListPage
from hipkit.api.operation import Operation
from hipkit.client.async_client import AsyncClient
from hipkit.client.client import Client


@pytest.mark.parametrize(
    ("operation_id", "summary", "name"),
    [
        ("get_room", "Something else", "get_room"),
        ("getRoom", "", "getRoom"),
        ("", "Get room", "get_room"),
        ("", "Room Addon UI update", "room_addon_ui_update"),
        ("", "Get   all  rooms ", "get_all_rooms"),
        ("", "", ""),
    ],
)
def test_a_function_is_called_by_id_or_else_by_summary(
    operation_id: str, summary: str, name: str
) -> None:
    assert operation_name(operation_id, summary) == name


@pytest.mark.parametrize(
    ("tag", "module"),
    [
        ("Rooms", "rooms"),
        ("Oauth Sessions", "oauth_sessions"),
        ("OAuth Sessions", "oauth_sessions"),
        ("OAuthSessions", "oauth_sessions"),
        ("oauth sessions", "oauth_sessions"),
        ("pet-store", "pet_store"),
        ("HTTPServer", "http_server"),
        ("Öffnungszeiten", "öffnungszeiten"),
    ],
)
def test_a_module_is_the_tag_in_snake_case(tag: str, module: str) -> None:
    assert module_name(tag) == module


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("get_room", "GetRoom"),
        ("getRoom", "GetRoom"),
        ("user_in_room_addon_ui_update", "UserInRoomAddonUiUpdate"),
        ("room_page", "RoomPage"),
        ("api-key", "ApiKey"),
        ("2fa", "Model2fa"),
        ("none", "None_"),
        ("model", "Model_"),
        ("!", ""),
    ],
)
def test_a_class_is_the_name_in_camel_case(text: str, name: str) -> None:
    assert class_name(text) == name


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("start-index", "start_index"),
        ("parentMessageId", "parent_message_id"),
        ("queryUrl", "query_url"),
        ("url@2x", "url_2x"),
        ("If-None-Match", "if_none_match"),
        ("from", "from_"),
        ("self", "self_"),
        ("path", "path_"),
        ("list", "list_"),
        ("$ref", "ref"),
        ("_links", "links"),
        ("1", "_1"),
        ("größe", "größe"),
        ("ﬁle", "file"),
        ("+", ""),
    ],
)
def test_an_argument_is_the_wire_name_in_snake_case(wire: str, name: str) -> None:
    assert argument_name(wire, OPERATION_ATTRIBUTES) == name


@pytest.mark.parametrize("text", ["", "a b", "1a", "class", "None", "a-b", "ﬁle"])
def test_what_python_does_not_take_is_no_name(text: str) -> None:
    assert not is_name(text)


def test_no_argument_can_hide_what_an_operation_needs() -> None:
    public = {name for name in dir(Operation) if not name.startswith("_")}
    declared = {name for name in Operation.__annotations__ if not name.startswith("_")}

    assert public | declared == OPERATION_ATTRIBUTES


def test_no_tag_can_hide_what_a_client_has() -> None:
    public = {
        name
        for client in (Client, AsyncClient)
        for name in dir(client)
        if not name.startswith("_")
    }

    assert public <= RESERVED_MODULES


def test_no_member_can_hide_what_a_model_needs() -> None:
    names = {name for name in dir(ListPage) if not name.startswith("_")}

    assert names == MODEL_ATTRIBUTES


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], "options"),
        (["room_id", "options"], "call_options"),
        (["options", "call_options"], "call_options_"),
        (["options", "call_options", "call_options_"], "call_options__"),
        (["call_options"], "options"),
        (["room_id", "timeout"], ""),
        (["options", "headers"], ""),
        (["time_out"], "options"),
    ],
)
def test_an_argument_that_is_called_like_an_option_stays(
    arguments: list[str], name: str
) -> None:
    assert options_name(arguments) == name
