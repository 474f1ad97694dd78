from __future__ import annotations

import pytest

from codegen.planning.naming import Names, name_operations
from codegen.reading.document import Document, SpecError
from codegen.reading.paths import path_operations
from codegen.reading.problems import Problems
from tests.codegen.packages import Generate, document, operation


def named(paths: object, *, strict: bool = False) -> tuple[Names, Problems]:
    problems = Problems(strict=strict)
    spec = Document("spec.yaml", document(paths), {})
    return name_operations(path_operations(spec, problems), problems), problems


def rows(names: Names) -> list[tuple[str, str, str]]:
    return [
        (each.name, each.module, names.groups[each.module]) for each in names.operations
    ]


def test_names_of_the_document_are_taken_where_they_can_be() -> None:
    names, problems = named(
        {
            "/things": {"get": operation(operationId="getThings", tags=["My Things"])},
            "/thing": {"get": {"summary": "Get  a thing", "tags": ["My Things"]}},
        },
        strict=True,
    )

    assert rows(names) == [
        ("getThings", "my_things", "MyThings"),
        ("get_a_thing", "my_things", "MyThings"),
    ]
    assert list(problems.notes()) == []


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("list-data-sets", "list_data_sets"),
        ("get_x_v2026.0", "get_x_v2026_0"),
        ("find pet by id", "find_pet_by_id"),
        ("2fa", "get_2fa"),
        ("import", "import_"),
        ("__class__", "class_"),
        ("_send", "send_"),
        ("___", "call_"),
        ("!", "get"),
        ("\ufb01le", "file"),
    ],
)
def test_what_is_no_name_becomes_one(given: str, name: str) -> None:
    names, problems = named({"/thing": {"get": operation(operationId=given)}})

    assert [each.name for each in names.operations] == [name]
    assert len(list(problems.notes())) == 1
    with pytest.raises(SpecError, match="give an"):
        raise named({"/thing": {"get": operation(operationId=given)}}, strict=True)[
            1
        ].found[0]


def test_without_id_or_summary_an_operation_is_named_by_method_and_path() -> None:
    names, problems = named(
        {
            "/users/{user-id}/repos": {"get": {"tags": ["Users"]}},
            "/": {"put": {"tags": ["A"]}},
        }
    )

    assert [each.name for each in names.operations] == [
        "get_users_user_id_repos",
        "put",
    ]
    assert list(problems.notes()) == [
        "without operationId or summary, named by method and path:"
        " get_users_user_id_repos, put"
    ]


def test_a_name_that_is_taken_gets_a_number() -> None:
    same = operation(operationId="get_it")
    names, _ = named(
        {
            "/a": {"get": same},
            "/b": {"get": same},
            "/c": {"get": same},
            # Another name, of the same class.
            "/d": {"get": operation(operationId="GetIt")},
        }
    )

    assert [each.name for each in names.operations] == [
        "get_it",
        "get_it_2",
        "get_it_3",
        "GetIt_4",
    ]


def test_the_first_of_several_tags_counts_and_none_is_the_default() -> None:
    names, problems = named(
        {
            "/a": {"get": operation(operationId="a", tags=["One", "Two"])},
            "/b": {"get": operation(operationId="b", tags=[])},
        }
    )

    assert rows(names) == [("a", "one", "One"), ("b", "default", "Default")]
    assert list(problems.notes()) == [
        "several tags, so the first one names the module: a",
        "without a tag, so in the module 'default': b",
    ]


@pytest.mark.parametrize(
    ("tag", "module"),
    [
        ("2FA", "tag_2_fa"),
        ("Models", "models_"),
        ("Items", "items_"),
        ("class", "class_"),
        ("***", "tag"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_tag_that_can_be_no_module_gets_another(tag: str, module: str) -> None:
    names, problems = named({"/a": {"get": operation(tags=[tag])}})

    assert [each.module for each in names.operations] == [module]
    assert len(list(problems.notes())) == 1
    assert named({"/a": {"get": operation(tags=[tag])}}, strict=True)[1].found


def test_two_tags_of_one_module_get_a_module_each() -> None:
    names, _ = named(
        {
            "/a": {"get": operation(operationId="a", tags=["my things"])},
            "/b": {"get": operation(operationId="b", tags=["My-Things"])},
            "/c": {"get": operation(operationId="c", tags=["my things"])},
        }
    )

    assert rows(names) == [
        ("a", "my_things", "MyThings"),
        ("b", "my_things_2", "MyThings2"),
        ("c", "my_things", "MyThings"),
    ]


def test_the_class_of_a_tag_gives_way_to_that_of_an_operation() -> None:
    paths = {"/a": {"get": operation(operationId="session", tags=["Session"])}}

    names, problems = named(paths)

    assert rows(names) == [("session", "session", "SessionGroup")]
    assert len(list(problems.notes())) == 1
    assert [
        str(error).partition(": ")[2] for error in named(paths, strict=True)[1].found
    ] == [
        "#/paths/~1a/get/tags: the tag 'Session' results in the class Session, like"
        " 'session'; rename one"
    ]


def test_the_classes_of_two_tags_differ_with_their_prefixes() -> None:
    names, _ = named(
        {
            "/a": {"get": operation(operationId="a", tags=["Things"])},
            "/b": {"get": operation(operationId="b", tags=["Raw Things"])},
        }
    )

    assert rows(names) == [
        ("a", "things", "Things"),
        ("b", "raw_things", "RawThingsGroup"),
    ]


def test_arguments_and_members_of_one_name_get_numbers(generate: Generate) -> None:
    text = {"type": "string"}
    body = {
        "type": "object",
        "properties": {"user-id": text, "userId": text, "user id": text},
    }
    query = [
        {"name": name, "in": "query", "schema": text} for name in ("+1", "-1", "a.b")
    ]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/one"}}}
    package = generate(
        document(
            {
                "/a": {
                    "put": operation(
                        parameters=query,
                        responses={"200": {"description": "", "content": content}},
                    )
                }
            },
            components={"schemas": {"one": body}},
        )
    )

    call = package.GetThing(_1="x", _1_2="y", a_b="z").call()
    read = package.One.from_json(b'{"user-id":"a","userId":"b","user id":"c"}')

    assert call.target == "/a?%2B1=x&-1=y&a.b=z"
    assert (read.user_id, read.user_id_2, read.user_id_3) == ("a", "b", "c")
    assert read.to_json() == b'{"user-id":"a","userId":"b","user id":"c"}'
