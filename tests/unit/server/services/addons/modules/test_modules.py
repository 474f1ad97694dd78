"""What is checked about modules besides the limits of single members."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.errors import BadRequestError
from hipkit.descriptors.modules import MODULES
from hipkit.server.services.addons.modules.modules import (
    LARGEST_MODULE,
    check_module,
    declared_modules,
    module_json,
    read_module,
)
from hipkit.v2.models import AddonCapabilities, Glance
from tests.unit.server.services.addons.making import (
    ACTION,
    BODIES,
    GLANCE,
    PANEL,
    read_as,
)

every = pytest.mark.parametrize


def read(kind: str, body: dict[str, Any]) -> Any:
    return read_as(MODULES[kind], body)


def field_of(kind: str, body: dict[str, Any]) -> str | None:
    with pytest.raises(BadRequestError) as raised:
        check_module(read(kind, body))
    return raised.value.field


@every("kind", MODULES)
def test_modules_of_every_kind_are_stored_as_they_came(kind: str) -> None:
    module = read(kind, BODIES[kind])
    check_module(module)

    again = read_module(kind, module_json(module))

    assert again == module
    assert again.to_dict() == BODIES[kind]


@every(
    "address",
    [
        "",
        "a.example/x",
        "/x",
        "//a.example/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a.example/",
        "https://",
        "https://user:password@a.example/",
        "https://user@a.example/",
        "https://{message.body}/x",
        "https://a.example{message.body}/x",
        "https://a.example:{message.body}/x",
        "https://a.example/a b",
        "https://a.example:99999/",
        "https://a.example/" + 2000 * "x",
    ],
)
@every(("kind", "name"), [("glance", "queryUrl"), ("dialog", "url")])
def test_an_address_has_to_be_absolute(kind: str, name: str, address: str) -> None:
    assert field_of(kind, {**BODIES[kind], name: address}) == name


@every(
    "address",
    [
        "http://127.0.0.1:3000/x",
        "https://a.example",
        "https://a.example/{message.body}?q={message.sender.name}",
        "https://bücher.example/",
    ],
)
def test_an_address_may_have_variables_behind_its_host(address: str) -> None:
    check_module(read("externalPage", {"key": "k", "url": address}))


@every(
    ("kind", "name", "is_good"),
    [
        ("webPanel", "room_is_public", True),
        ("webPanel", "user_is_room_owner", True),
        ("webPanel", "glance_matches", False),
        ("webPanel", "message_matches", False),
        ("glance", "user_is_admin", True),
        ("glance", "glance_matches", True),
        ("glance", "card_matches", False),
        ("action", "user_is_guest", True),
        ("action", "card_matches", True),
        ("action", "message_contains_link", True),
        ("action", "message_sent_by_current_user", True),
        ("action", "glance_matches", False),
        ("action", "made_up", False),
    ],
)
def test_each_kind_has_conditions_of_its_own(
    kind: str, name: str, is_good: bool
) -> None:
    body = {**BODIES[kind], "conditions": [{"condition": name}]}
    if is_good:
        check_module(read(kind, body))
    else:
        assert field_of(kind, body) == "conditions[0].condition"


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"condition": "room_is_public"}
    for _ in range(depth):
        inner = {"type": "OR", "conditions": [inner]}
    return inner


def test_combinations_go_three_levels_deep() -> None:
    check_module(read("glance", {**GLANCE, "conditions": [nested(3)]}))

    field = field_of("glance", {**GLANCE, "conditions": [nested(4)]})

    assert field == "conditions[0].conditions[0].conditions[0].conditions[0]"


@every(
    ("condition", "field"),
    [
        ({}, "conditions[0]"),
        ({"type": "and"}, "conditions[0]"),
        ({"condition": "room_is_public", "type": "and"}, "conditions[0]"),
        ({"condition": "room_is_public", "conditions": []}, "conditions[0]"),
        ({"type": "or", "conditions": [], "invert": True}, "conditions[0].invert"),
        ({"type": "or", "conditions": [], "params": {}}, "conditions[0].params"),
        (
            {"conditions": [{"condition": "message_matches"}]},
            "conditions[0].conditions[0].condition",
        ),
    ],
)
def test_a_condition_is_one_test_or_a_combination(
    condition: dict[str, Any], field: str
) -> None:
    assert field_of("glance", {**GLANCE, "conditions": [condition]}) == field


def test_a_combination_without_type_and_empty_lists_are_accepted() -> None:
    conditions = [{"conditions": [{"condition": "room_is_public"}]}]
    check_module(read("glance", {**GLANCE, "conditions": conditions}))
    check_module(read("glance", {**GLANCE, "conditions": []}))


def test_a_module_has_a_largest_size() -> None:
    params = {"text": "x" * LARGEST_MODULE}
    conditions = [{"condition": "glance_matches", "params": params}]
    assert field_of("glance", {**GLANCE, "conditions": conditions}) is None


def test_the_modules_of_a_descriptor_are_found_by_kind() -> None:
    capabilities = read_as(
        AddonCapabilities,
        {
            "glance": [BODIES["glance"], {**GLANCE, "key": "two"}],
            "webPanel": [PANEL],
            "externalPage": [BODIES["externalPage"]],
            "dialog": [],
        },
    )

    found = declared_modules(capabilities)

    assert [(kind, module.key) for kind, module in found] == [
        ("glance", "k"),
        ("glance", "two"),
        ("webPanel", "k"),
        ("externalPage", "k"),
    ]
    assert isinstance(found[0][1], Glance)


@every(
    ("members", "field"),
    [
        ({"glance": [GLANCE, GLANCE]}, "capabilities.glance[1].key"),
        (
            {"glance": [{**GLANCE, "queryUrl": "javascript:0"}]},
            "capabilities.glance[0].queryUrl",
        ),
        ({"glance": [{**GLANCE, "key": "a b"}]}, "capabilities.glance[0].key"),
        ({"action": [{**ACTION, "key": "x" * 41}]}, "capabilities.action[0].key"),
        (
            {"webPanel": [{**PANEL, "name": {"value": "x" * 101}}]},
            "capabilities.webPanel[0].name.value",
        ),
    ],
)
def test_an_error_in_a_descriptor_names_its_place(
    members: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadRequestError) as raised:
        declared_modules(read_as(AddonCapabilities, members))

    assert raised.value.field == field
    assert field in raised.value.message
