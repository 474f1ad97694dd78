"""The spec keeps the rules that spec/README.md gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

Tree = dict[str, Any]  # YAML as it comes: every test looks at another shape of it.

METHODS = {"get", "put", "post", "delete"}
SECTION_SIZES = {
    "Capabilities": 2,
    "Emoticons": 2,
    "Extensions": 18,
    "Files": 1,
    "Groups": 5,
    "Integrations": 8,
    "Invites": 1,
    "Oauth Sessions": 3,
    "Rooms": 45,
    "Users": 15,
}
LISTS = {
    "get_all_emoticons",
    "get_all_members",
    "get_all_participants",
    "get_all_rooms",
    "get_all_users",
    "get_all_webhooks",
    "get_auto_join_rooms",
    "get_privatechat_history",
    "get_recent_privatechat_history",
    "get_recent_room_history",
    "get_room_history",
}
SCOPES = {
    "admin_group",
    "admin_room",
    "import_data",
    "manage_rooms",
    "send_message",
    "send_notification",
    "view_group",
    "view_messages",
    "view_room",
}
TOKEN_TYPES = {"group client", "room client", "user", "room notification"}
SURENESS = {"high", "medium", "low"}
EVERYWHERE = {"405", "500", "503"}
KNOWN_EXTENSIONS = {
    "x-after-redirect",
    "x-aliases",
    "x-any-token",
    "x-auth",
    "x-confidence",
    "x-credential",
    "x-decorates",
    "x-documents",
    "x-empty-is-none",
    "x-enum-varnames",
    "x-error-attributes",
    "x-from-path",
    "x-known-values",
    "x-larger-max-length",
    "x-lenient-max-length",
    "x-null-keeps",
    "x-official-name",
    "x-page",
    "x-redirect-member",
    "x-quirks",
    "x-same-as",
    "x-required-when",
    "x-scopes",
    "x-scopes-confidence",
    "x-secret",
    "x-sources",
    "x-superseded-by",
    "x-text-enums",
    "x-token-types",
    "x-true-is-one",
    "x-undocumented",
    "x-unplaced-operations",
}

ONLY_IN_V1 = {"x-lenient-max-length", "x-true-is-one"}


class Described(NamedTuple):
    """An operation with where it stands."""

    path: str
    method: str
    node: Tree

    @property
    def name(self) -> str:
        return str(self.node["operationId"])


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "spec"


def described(spec: Tree) -> list[Described]:
    return [
        Described(path, method, node)
        for path, item in spec["paths"].items()
        for method, node in item.items()
        if "x-same-as" not in node
    ]


@pytest.fixture(scope="module")
def spec(folder: Path) -> Tree:
    loaded: Tree = yaml.safe_load((folder / "hipchat-v2.yaml").read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def operations(spec: Tree) -> list[Described]:
    return described(spec)


def follow(spec: Tree, node: Tree) -> Tree:
    while "$ref" in node:
        target: Any = spec
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def parameters(spec: Tree, operation: Described) -> list[Tree]:
    return [follow(spec, node) for node in operation.node.get("parameters", [])]


def walk(node: object, place: str = "#") -> Iterator[tuple[str, Tree]]:
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            yield from walk(value, f"{place}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{place}/{index}")


def schemas_with_members(spec: Tree) -> Iterator[tuple[str, Tree]]:
    for place, node in walk({"paths": spec["paths"], "components": spec["components"]}):
        if isinstance(node.get("properties"), dict) and not place.endswith(
            "/properties"
        ):
            yield place, node


def test_the_document_is_valid_openapi_3_1(spec: Tree) -> None:
    assert spec["openapi"].startswith("3.1.")
    document: dict[Hashable, Any] = {}
    document.update(spec)
    OpenAPIV31SpecValidator(document).validate()


def test_there_are_99_documented_operations_one_more_and_103_names(
    spec: Tree, operations: list[Described]
) -> None:
    undocumented = [
        operation.name
        for operation in operations
        if operation.node.get("x-undocumented")
    ]
    assert undocumented == ["get_file"]
    placed = [
        operation.name for operation in operations if operation.name not in undocumented
    ]
    unplaced = [node["operationId"] for node in spec["x-unplaced-operations"]]
    assert len(placed) == 99
    assert len(unplaced) == 4
    assert len({*placed, *unplaced}) == 103


def test_only_known_methods_stand_on_a_path(operations: list[Described]) -> None:
    assert {operation.method for operation in operations} <= METHODS


def test_every_name_is_an_identifier_in_snake_case(operations: list[Described]) -> None:
    assert all(
        re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", operation.name) for operation in operations
    )


def test_every_operation_has_one_tag_spelled_as_the_list_of_tags_has_it(
    spec: Tree, operations: list[Described]
) -> None:
    assert [tag["name"] for tag in spec["tags"]] == list(SECTION_SIZES)
    assert all(len(operation.node["tags"]) == 1 for operation in operations)
    assert (
        Counter(operation.node["tags"][0] for operation in operations) == SECTION_SIZES
    )


def test_operations_of_a_tag_stand_together_in_the_order_of_the_tags(
    operations: list[Described],
) -> None:
    tags = [operation.node["tags"][0] for operation in operations]
    assert tags == sorted(tags, key=list(SECTION_SIZES).index)


def test_every_operation_says_what_it_is_and_how_sure_that_is(
    operations: list[Described],
) -> None:
    for name, node in ((operation.name, operation.node) for operation in operations):
        assert node["summary"], name
        assert node["description"].strip(), name
        assert node["description"] != node["summary"], name
        assert not node["summary"].endswith("."), name
        assert ("x-official-name" in node) != ("x-undocumented" in node), name
        assert node["x-auth"] in {"bearer", "basic", "none"}, name
        assert set(node["x-scopes"]) <= SCOPES, name
        assert set(node["x-token-types"]) <= TOKEN_TYPES, name
        assert node["x-confidence"] in SURENESS, name
        assert node["x-sources"], name
        assert bool(node["x-scopes"]) == ("x-scopes-confidence" in node), name
        assert node.get("x-scopes-confidence", "high") in SURENESS, name


def test_security_agrees_with_the_kind_of_authentication(
    operations: list[Described],
) -> None:
    expected: dict[str, object] = {
        "bearer": None,
        "none": [],
        "basic": [{"client": []}, {"bearer": []}],
    }
    for operation in operations:
        security = operation.node.get("security")
        assert security == expected[operation.node["x-auth"]], operation.name


def test_every_operation_has_a_success_and_its_errors(
    spec: Tree, operations: list[Described]
) -> None:
    for operation in operations:
        statuses = set(operation.node["responses"])
        errors = {status for status in statuses if status >= "400"}
        assert any(status.startswith("2") for status in statuses), operation.name
        assert errors >= EVERYWHERE, operation.name
        if operation.node["x-auth"] == "bearer":
            assert errors >= {"401", "429"}, operation.name
        for status in errors:
            answer = follow(spec, operation.node["responses"][status])
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/error_envelope"}, (
                operation.name
            )


def test_path_parameters_are_those_of_the_template_in_its_order(
    spec: Tree, operations: list[Described]
) -> None:
    for operation in operations:
        nodes = parameters(spec, operation)
        names = [node["name"] for node in nodes if node["in"] == "path"]
        assert names == re.findall(r"{(\w+)}", operation.path), operation.name
        assert nodes[: len(names)] == [node for node in nodes if node["in"] == "path"]


def test_five_path_parameters_are_secrets(
    spec: Tree, operations: list[Described]
) -> None:
    secret = [
        (operation.name, node["name"])
        for operation in operations
        for node in parameters(spec, operation)
        if node.get("x-secret")
    ]
    assert secret == [
        ("get_integration_installable_data", "token"),
        ("invoke_integration_link", "token"),
        ("delete_integration_link", "token"),
        ("get_session", "access_token"),
        ("delete_session", "access_token"),
    ]


@pytest.mark.parametrize(
    ("schema", "members"),
    [
        ("token", {"access_token", "refresh_token"}),
        ("session", {"access_token", "refresh_token"}),
        ("installation", {"oauthSecret"}),
        ("integration_link", {"token"}),
        ("created_user", {"password"}),
        ("message", {"message", "card"}),
        ("notification", {"message"}),
        ("message_file", {"url", "thumb_url"}),
        ("file_urls", {"temp_url", "temp_download_url"}),
        ("room", {"guest_access_url"}),
        ("error_detail", {"value"}),
    ],
)
def test_what_must_never_be_shown_is_marked(
    spec: Tree, schema: str, members: set[str]
) -> None:
    properties = spec["components"]["schemas"][schema]["properties"]
    assert {
        name for name, node in properties.items() if node.get("x-secret")
    } == members


def test_every_text_that_a_body_sends_as_a_message_is_marked(
    spec: Tree, operations: list[Described]
) -> None:
    seen = 0
    for operation in operations:
        body = follow(spec, operation.node.get("requestBody", {}))
        for media in body.get("content", {}).values():
            for name, node in (
                follow(spec, media["schema"]).get("properties", {}).items()
            ):
                if name in {"message", "password", "code", "refresh_token"}:
                    seen += 1
                    assert node.get("x-secret") is True, f"{operation.name}: {name}"
    assert seen == 13


def test_lists_answer_with_a_page_of_something(
    spec: Tree, operations: list[Described]
) -> None:
    marked = [operation for operation in operations if operation.node.get("x-page")]
    assert {operation.name for operation in marked} == LISTS
    for operation in marked:
        media = operation.node["responses"]["200"]["content"]["application/json"]
        envelope, own = follow(spec, media["schema"])["allOf"]
        assert envelope == {"$ref": "#/components/schemas/page_envelope"}, (
            operation.name
        )
        assert "$ref" in own["properties"]["items"]["items"], operation.name


def test_replaced_operations_name_one_that_exists(operations: list[Described]) -> None:
    replaced = {
        operation.name: operation.node.get("x-superseded-by")
        for operation in operations
        if operation.node.get("deprecated") or "x-superseded-by" in operation.node
    }
    assert replaced == {
        "create_webhook": "create_room_webhook",
        "get_webhook": "get_room_webhook",
        "delete_webhook": "delete_room_webhook",
    }
    assert set(replaced.values()) <= {operation.name for operation in operations}


def test_files_are_sent_as_multipart_related_and_tokens_asked_for_by_form(
    spec: Tree, operations: list[Described]
) -> None:
    kinds = {
        operation.name: list(follow(spec, operation.node["requestBody"])["content"])
        for operation in operations
        if "requestBody" in operation.node
    }
    unusual = {
        name: kind for name, kind in kinds.items() if kind != ["application/json"]
    }
    assert unusual == {
        "generate_token": ["application/x-www-form-urlencoded"],
        "share_file_with_room": ["multipart/related"],
        "share_file_with_user": ["multipart/related"],
    }


def test_ten_webhooks_carry_an_envelope_with_their_own_event(spec: Tree) -> None:
    events = spec["components"]["schemas"]["webhook_event"]["enum"]
    assert list(spec["webhooks"]) == events
    assert len(events) == 10
    for event, item in spec["webhooks"].items():
        assert item["post"]["operationId"] == f"receive_{event}"
        assert item["post"]["x-confidence"] in SURENESS
        schema = follow(
            spec, item["post"]["requestBody"]["content"]["application/json"]["schema"]
        )
        envelope, own = schema["allOf"]
        assert envelope == {"$ref": "#/components/schemas/event_envelope"}
        assert own["properties"]["event"]["const"] == event
        assert "properties" in follow(spec, own["properties"]["item"])


def test_required_members_exist(spec: Tree) -> None:
    for place, node in schemas_with_members(spec):
        assert set(node.get("required", [])) <= set(node["properties"]), place


def test_every_model_and_member_is_described(spec: Tree) -> None:
    for place, node in schemas_with_members(spec):
        for name, member in node["properties"].items():
            described = follow(spec, member) if "description" not in member else member
            assert described.get("description"), f"{place}: {name}"
    for name, schema in spec["components"]["schemas"].items():
        assert schema.get("description"), name


def test_every_parameter_is_described(spec: Tree, operations: list[Described]) -> None:
    for operation in operations:
        for node in parameters(spec, operation):
            assert node.get("description"), f"{operation.name}: {node['name']}"


def test_what_follows_a_redirect_stands_beside_it(
    spec: Tree, operations: list[Described]
) -> None:
    redirecting = {
        operation.name
        for operation in operations
        if "302" in operation.node["responses"]
    }
    followed = {
        operation.name
        for operation in operations
        for status, node in operation.node["responses"].items()
        if follow(spec, node).get("x-after-redirect") and status == "200"
    }
    assert redirecting == followed
    assert followed == {
        "get_group_avatar",
        "get_room_avatar",
        "get_photo",
        "invoke_integration_link",
    }


def test_a_single_value_is_a_constant_and_no_enumeration(spec: Tree) -> None:
    for place, node in walk(spec):
        if isinstance(values := node.get("enum"), list):
            assert len(values) > 1, place


def test_every_value_that_has_a_name_of_its_own_has_another(spec: Tree) -> None:
    named = [node for _, node in walk(spec) if "x-enum-varnames" in node]
    assert named
    for node in named:
        names = node["x-enum-varnames"]
        assert len({*names}) == len(names) == len(node["enum"])


def test_enumerations_that_allow_null_list_it(spec: Tree) -> None:
    for place, node in walk(spec):
        if isinstance(node.get("enum"), list) and isinstance(node.get("type"), list):
            assert (None in node["enum"]) == ("null" in node["type"]), place


def test_every_component_is_used(spec: Tree) -> None:
    used = {node["$ref"] for _, node in walk(spec) if isinstance(node.get("$ref"), str)}
    for kind, components in spec["components"].items():
        if kind != "securitySchemes":
            assert {f"#/components/{kind}/{name}" for name in components} <= used


def test_components_are_named_in_snake_case(spec: Tree) -> None:
    for components in spec["components"].values():
        assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name) for name in components)


def test_every_extension_of_openapi_is_explained(spec: Tree, folder: Path) -> None:
    used = {
        key
        for place, node in walk(spec)
        for key in node
        if key.startswith("x-") and not place.endswith("/properties")
    }
    assert used == KNOWN_EXTENSIONS - ONLY_IN_V1
    readme = (folder / "README.md").read_text("utf-8")
    assert {name for name in used if f"`{name}`" not in readme} == set()


def test_a_second_method_takes_and_answers_the_same(spec: Tree) -> None:
    words = ("tags", "summary", "parameters", "requestBody", "responses")
    found = [
        (node, item)
        for item in spec["paths"].values()
        for node in item.values()
        if "x-same-as" in node
    ]
    assert len(found) == 2
    for node, item in found:
        (meant,) = (
            each for each in item.values() if each["operationId"] == node["x-same-as"]
        )
        assert [node.get(word) for word in words] == [meant.get(word) for word in words]


def test_every_source_is_explained(
    spec: Tree, operations: list[Described], folder: Path
) -> None:
    nodes = [operation.node for operation in operations] + spec["x-unplaced-operations"]
    used = {source for node in nodes for source in node["x-sources"]}
    readme = (folder / "README.md").read_text("utf-8")
    own, _, _ = readme.partition("## API v1")
    assert set(re.findall(r"^\| ([A-Z]{2}) \|", own, re.MULTILINE)) == used


def test_no_default_points_at_a_service_that_is_gone(spec: Tree) -> None:
    (server,) = spec["servers"]
    assert server["url"] == "https://{host}/v2"
    assert server["variables"]["host"]["default"].endswith(".example.com")


def test_nothing_links_to_pages_that_are_gone(folder: Path) -> None:
    for file in folder.iterdir():
        assert not re.search(r"(hipchat|atlassian)\.com", file.read_text("utf-8")), (
            file.name
        )
