"""Generated packages at work: imported, called, read."""

from __future__ import annotations

import asyncio
import copy
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec
import pytest

from hipkit.api.catalog import Entry
from hipkit.api.multipart import RelatedBody
from hipkit.api.operation import Operation, RequestParts
from hipkit.client.client import AsyncHipChat, HipChat
from hipkit.transports.memory import AsyncMemoryTransport, MemoryTransport
from hipkit.transports.protocol import RawResponse, Request
from tests.codegen.packages import Generate, document, operation
from tests.codegen.test_cases import CASES

BASE_URL = "https://library.example/v1"
CASE_NAMES = [case.name for case in CASES]


def spec(name: str) -> str:
    return (
        next(case for case in CASES if case.name == name)
        .joinpath("spec.yaml")
        .read_text()
    )


def sent(
    package: ModuleType, group: str, method: str, *arguments: object, **keywords: object
) -> RequestParts:
    """Call a method, and return what its operation asks to be sent."""
    seen: list[Operation[object]] = []
    api = package.Api(seen.append)
    getattr(getattr(api, group), method)(*arguments, **keywords)
    return seen[0].call()


@pytest.mark.parametrize("name", CASE_NAMES)
def test_every_public_name_is_there(name: str, generate: Generate) -> None:
    package = generate(spec(name))

    for public in package.__all__:
        assert getattr(package, public).__name__ == public
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        package.Nothing  # noqa: B018 - looking it up is the test


@pytest.mark.parametrize("name", CASE_NAMES)
def test_msgspec_can_read_every_result_and_model(name: str, generate: Generate) -> None:
    package = generate(spec(name))

    for public in package.__all__:
        kind = getattr(package, public)
        if issubclass(kind, Operation):
            assert kind.result in (None, bytes) or msgspec.json.Decoder(kind.result)
        elif issubclass(kind, msgspec.Struct):
            assert msgspec.json.Decoder(kind)


@pytest.mark.parametrize("name", CASE_NAMES)
def test_the_catalogue_has_every_operation_and_loads_its_class(
    name: str, generate: Generate
) -> None:
    package = generate(spec(name))
    catalog = __import__(f"{package.__name__}.catalog", fromlist=["OPERATIONS"])

    entries = cast("tuple[Entry, ...]", catalog.OPERATIONS)
    for entry in entries:
        kind = catalog.load(entry.operation_id)
        assert kind.operation_id == entry.operation_id
        assert (kind.method, kind.path, kind.tag) == (
            entry.method,
            entry.path,
            entry.tag,
        )
        group = entry.module.rpartition(".")[2]
        for api in ("Api", "AsyncApi", "RawApi", "AsyncRawApi"):
            assert callable(
                getattr(getattr(getattr(package, api)(None), group), entry.operation_id)
            )
    with pytest.raises(KeyError):
        catalog.load("nothing")


def test_modules_load_when_they_are_first_used(generate: Generate) -> None:
    package = generate(spec("naming"))
    name = package.__name__
    code = (
        f"import sys, {name}; api = {name}.Api(print);"
        f"print([key for key in sys.modules if key.startswith('{name}.')]);"
        f"api.oauth_sessions; {name}.GetBook;"
        f"print(sorted(key for key in sys.modules if key.startswith('{name}.')))"
    )
    folder = Path(str(package.__file__)).parent.parent

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )

    assert done.stdout.splitlines() == [
        "[]",
        str([f"{name}.book_shelves", f"{name}.oauth_sessions"]),
    ]


def test_path_parameters_come_first_and_in_the_paths_order(generate: Generate) -> None:
    package = generate(spec("naming"))

    signature = inspect.signature(package.Api(None).book_shelves.get_book)
    call = sent(package, "book_shelves", "get_book", "top shelf", "4/2")

    assert list(signature.parameters) == ["shelf", "book_id", "page"]
    assert call == ("GET", "/book/top%20shelf/4%2F2", (), None)


def test_a_body_member_called_like_a_path_parameter_gets_its_place_before_it(
    generate: Generate,
) -> None:
    package = generate(spec("naming"))

    call = sent(
        package,
        "book_shelves",
        "put_book",
        "a",
        "1",
        from_="b",
        body_shelf="c",
        page_count=3,
    )

    assert call.content == b'{"from":"b","shelf":"c","pageCount":3}'


def test_lists_go_out_joined_or_repeated(generate: Generate) -> None:
    package = generate(spec("parameters"))

    call = sent(
        package,
        "things",
        "get_part",
        7,
        "lid",
        order="up",
        expand=["a", "b,c"],
        color=["red", "blue"],
        strict=False,
        if_none_match="x",
        plus="1+1",
    )

    assert call.target == (
        "/thing/7/part/lid?order=up&expand=a%2Cb%2Cc&color=red&color=blue&strict=false&%2B=1%2B1"
    )
    assert call.headers == (("If-None-Match", "x"),)


def test_swagger_lists_go_out_joined_unless_multi(generate: Generate) -> None:
    package = generate(spec("swagger"))

    query = sent(package, "things", "get_thing", 1, csv=["a", "b"], multi=["c", "d"])
    form = sent(package, "things", "send_form", 1, note="a b", body_id=[2, 3])

    assert query.target == "/thing/1?csv=a%2Cb&multi=c&multi=d"
    assert form.content == b"note=a+b&id=2%2C3"


def test_what_is_left_out_is_not_sent_and_null_only_where_it_counts(
    generate: Generate,
) -> None:
    package = generate(spec("bodies"))

    assert (
        sent(package, "things", "put_thing", "k", name="n").content
        == b'{"key":"k","name":"n"}'
    )
    with_null = sent(
        package, "things", "put_thing", "k", name="n", color=None, owner=None
    )
    assert with_null.content == b'{"key":"k","name":"n","owner":null}'


def test_an_optional_body_without_members_is_none(generate: Generate) -> None:
    package = generate(spec("bodies"))

    assert sent(package, "things", "change_thing", "k") == (
        "PATCH",
        "/thing/k",
        (),
        None,
    )
    assert sent(package, "things", "put_numbers").content is None
    assert (
        sent(package, "things", "change_thing", "k", name="n").content
        == b'{"name":"n"}'
    )


def test_a_body_without_known_members_is_given_whole(generate: Generate) -> None:
    package = generate(spec("bodies"))

    assert (
        sent(package, "things", "add_anything", body={"a": [1]}).content == b'{"a":[1]}'
    )
    numbers = sent(package, "things", "put_numbers", body=[1, 2])
    assert numbers.content == b"[1,2]"
    assert numbers.headers == (("Content-Type", "application/vnd.numbers+json"),)
    picture = sent(package, "things", "put_file", body=b"\x89PNG")
    assert picture.content == b"\x89PNG"
    assert picture.headers == (("Content-Type", "image/png"),)


def test_null_is_sent_as_a_body_that_has_to_be_there(generate: Generate) -> None:
    content: dict[str, object] = {"application/json": {"schema": {}}}
    package = generate(
        document(
            {
                "/thing": {
                    "put": operation(requestBody={"required": True, "content": content})
                },
                "/other": {
                    "put": operation(
                        operationId="get_other", requestBody={"content": content}
                    )
                },
            }
        )
    )

    null = sent(package, "things", "get_thing", body=None)
    assert null.content == b"null"
    assert null.headers == (("Content-Type", "application/json"),)
    assert sent(package, "things", "get_other", body=None).content is None


def test_forms_and_files_go_out_in_their_own_types(generate: Generate) -> None:
    package = generate(spec("bodies"))

    form = sent(package, "things", "send_form", grant_type="password", scope="a b")
    shared = sent(package, "things", "share_file", file=b"bytes", message="hi")

    assert form.content == b"grant_type=password&scope=a+b"
    assert form.headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    assert isinstance(shared.content, RelatedBody)
    assert b'{"message":"hi"}' in b"".join(shared.content)


def test_models_read_what_the_document_describes(generate: Generate) -> None:
    package = generate(spec("models"))
    text = (
        b'{"id":"1","parent":null,"branches":[{"id":2,"parent":{"id":1,"parent":null}}],'
        b'"byName":{"x":{"id":3,"parent":null}},"planted":"1421029691","from":"me","new":1}'
    )

    tree = package.Tree.from_json(text)

    assert tree.branches[0].parent.id == 1
    assert tree.by_name["x"].id == 3
    assert tree.planted.year == 2015
    assert tree.from_ == "me"
    assert package.Tree.from_json(tree.to_json()) == tree == copy.deepcopy(tree)
    assert package.Owner.from_json(b'{"style":"new","colors":["green"]}').style == "new"


def test_secrets_are_not_shown(generate: Generate) -> None:
    models = generate(spec("models"))
    vendor = generate(spec("vendor_fields"))

    assert repr(models.Owner(password="geheim")) == "Owner(password=***)"
    session = vendor.GetSession("geheim")
    assert repr(session) == "GetSession(token=***)"
    assert str(session) == "GET /session/{token}"


def test_what_is_called_like_a_secret_is_one_unless_the_document_says_no(
    generate: Generate,
) -> None:
    text = {"type": "string"}
    model = {
        "type": "object",
        "properties": {
            "accessToken": text,
            "oauth-secret": text,
            "API_KEY": text,
            "token_type": text,
            "secret": {"type": "boolean"},
            "password": {**text, "x-secret": False},
        },
    }
    package = generate(
        document(
            {
                "/thing/{token}/{secret}": {
                    "get": operation(
                        parameters=[
                            {
                                "name": "token",
                                "in": "path",
                                "required": True,
                                "schema": text,
                            },
                            {
                                "name": "secret",
                                "in": "path",
                                "required": True,
                                "x-secret": False,
                                "schema": text,
                            },
                            {"name": "Api-Key", "in": "query", "schema": text},
                            {
                                "name": "X-Pin",
                                "in": "header",
                                "schema": {**text, "x-secret": True},
                            },
                        ]
                    )
                }
            },
            components={"schemas": {"login": model}},
        )
    )

    call = package.GetThing("geheim", "shown", api_key="geheim", x_pin="geheim")
    login = package.Login.from_json(
        b'{"accessToken":"geheim","oauth-secret":"geheim","API_KEY":"geheim",'
        b'"token_type":"bearer","secret":true,"password":"shown"}'
    )

    assert repr(call) == "GetThing(token=***, secret='shown', api_key=***, x_pin=***)"
    assert str(call) == "GET /thing/{token}/shown"
    assert repr(login) == (
        "Login(access_token=***, oauth_secret=***, api_key=***, token_type='bearer',"
        " secret=True, password='shown')"
    )


def test_tokens_are_needed_unless_the_document_says_otherwise(
    generate: Generate,
) -> None:
    package = generate(spec("vendor_fields"))

    kinds = (package.GetSession, package.GetToken, package.GetPublicKey)
    assert [kind.auth for kind in kinds] == ["bearer", "basic", "none"]


def test_an_event_is_found_by_its_name(generate: Generate) -> None:
    package = generate(spec("events"))
    webhooks = __import__(f"{package.__name__}.webhooks", fromlist=["EVENTS"])

    event = webhooks.EVENTS["thing_made"].from_json(
        b'{"event":"thing_made","item":{"thing":{"name":"x"}}}'
    )

    assert event.item.thing == package.Thing(name="x")
    assert set(webhooks.EVENTS) == {"thing_made", "thing_lost"}


def test_yaml_words_stay_text(generate: Generate) -> None:
    package = generate(
        """
        openapi: 3.1.0
        paths:
          /switch:
            get:
              operationId: get_switch
              tags: [Switches]
              parameters:
              - {name: on, in: query, schema: {enum: [on, off, yes, no, 2013-01-01, 1:30]}}
              responses: {204: {description: Done.}}
        """
    )
    signature = inspect.signature(package.Api(None).switches.get_switch)
    texts = ("on", "off", "yes", "no", "2013-01-01", "1:30")
    literals = ", ".join(map(repr, texts))
    assert signature.parameters["on"].annotation == f"Literal[{literals}] | None"


def test_json_documents_and_merge_keys_are_read(generate: Generate) -> None:
    json = generate(
        '{\t"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "get_a", "tags": ["A"]}}}}'
    )
    merged = generate(
        """
        openapi: 3.1.0
        x-shared: &shared {tags: [Things], deprecated: true}
        paths:
          /a:
            get: {<<: *shared, operationId: get_a, deprecated: false}
            put: {operationId: put_a, <<: *shared}
        """
    )

    assert json.GetA().call().target == "/a"
    catalog = __import__(f"{merged.__name__}.catalog", fromlist=["OPERATIONS"])
    assert [(entry.tag, entry.deprecated) for entry in catalog.OPERATIONS] == [
        ("Things", False),
        ("Things", True),
    ]


def test_a_schema_may_be_named_from_anywhere(generate: Generate) -> None:
    thing = {
        "type": "object",
        "properties": {"part": {"type": "object", "properties": {"a": {}}}},
    }
    part = {"$ref": "#/components/schemas/thing/properties/part"}
    content = {"application/json": {"schema": part}}
    package = generate(
        document(
            {
                "/part": {
                    "get": operation(
                        responses={"200": {"description": "", "content": content}}
                    )
                }
            },
            components={"schemas": {"thing": thing}},
        )
    )

    assert package.GetThing.result is package.ThingPart


def test_types_that_would_explode_become_object(generate: Generate) -> None:
    schemas: dict[str, object] = {
        f"a{number}": {
            "anyOf": [
                {
                    "type": "array",
                    "items": {"$ref": f"#/components/schemas/a{number + 1}"},
                },
                {
                    "type": "object",
                    "additionalProperties": {
                        "$ref": f"#/components/schemas/a{number + 1}"
                    },
                },
            ]
        }
        for number in range(16)
    }
    schemas["a16"] = {"type": "string"}
    package = generate(
        document({"/thing": {"get": operation()}}, components={"schemas": schemas})
    )

    assert package.GetThing().call().target == "/thing"


def test_operations_run_with_the_clients(generate: Generate) -> None:
    package = generate(spec("answers"))

    def answer(request: Request) -> RawResponse:
        bodies = {"/v1/thing": b'{"name":"x","new":1}', "/v1/picture": b"\x89PNG"}
        return RawResponse(
            200, {"content-type": "application/json"}, bodies[request.target]
        )

    async def run() -> object:
        transport = AsyncMemoryTransport(answer)
        async with AsyncHipChat(
            "token", base_url=BASE_URL, transport=transport
        ) as client:
            return await package.AsyncApi(client.send).things.get_thing()

    with HipChat(
        "token", base_url=BASE_URL, transport=MemoryTransport(answer)
    ) as client:
        assert client.send(package.GetThing()) == package.Thing(name="x")
        assert package.Api(client.send).things.get_thing() == package.Thing(name="x")
        assert client.send(package.DrawPicture()) == b"\x89PNG"
        assert client.send(package.ForgetPicture()) is None
    assert asyncio.run(run()) == package.Thing(name="x")
