"""Generated packages: imported, called, read."""

from __future__ import annotations

import asyncio
import copy
import subprocess
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec
import pytest

from hipkit.api.calling import Hooks
from hipkit.api.catalog import Entry
from hipkit.api.errors import ApiError
from hipkit.api.operation import Operation
from hipkit.client.async_client import AsyncClient
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.client import Client
from hipkit.client.hipchat import HipChat
from hipkit.testing import AsyncMemoryTransport, MemoryTransport
from hipkit.transports.protocol import RawResponse, Request
from tests.codegen.packages import Generate, spec
from tests.codegen.test_cases import CASES

BASE_URL = "https://library.example/v1"


CASE_NAMES = [case.name for case in CASES]


@pytest.mark.parametrize("name", CASE_NAMES)
def test_every_public_name_can_be_imported(name: str, generate: Generate) -> None:
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
def test_the_catalog_loads_the_class_of_each_operation(
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


def test_modules_are_imported_on_first_use(generate: Generate) -> None:
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


def test_models_read_and_write_the_documents_objects(generate: Generate) -> None:
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


def test_secrets_are_hidden_in_repr_and_str(generate: Generate) -> None:
    models = generate(spec("models"))
    vendor = generate(spec("vendor_fields"))

    assert repr(models.Owner(password="geheim")) == "Owner(password=***)"
    session = vendor.GetSession("geheim")
    assert repr(session) == "GetSession(token=***)"
    assert str(session) == "GET /session/{token}"


def test_operations_can_be_sent_by_both_clients(generate: Generate) -> None:
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


PETS = """
openapi: 3.1.0
info: {title: Pets, version: "1"}
servers: [{url: 'https://pets.example.com/v1'}]
security: [{bearer: []}]
paths:
  /pets:
    get: {operationId: get_pets, tags: [Pets], responses: {'204': {description: Done.}}}
  /open:
    get:
      operationId: get_open
      tags: [Pets]
      security: []
      responses: {'204': {description: Done.}}
  /maybe:
    get:
      operationId: get_maybe
      tags: [Pets]
      security: [{}, {bearer: []}]
      responses: {'204': {description: Done.}}
  /header:
    get:
      operationId: get_by_header
      tags: [Pets]
      security: [{header: []}]
      responses: {'204': {description: Done.}}
  /query:
    get:
      operationId: get_by_query
      tags: [Pets]
      parameters: [{name: page, in: query, schema: {type: integer}}]
      security: [{query: []}]
      responses: {'204': {description: Done.}}
  /cookie:
    get:
      operationId: get_by_cookie
      tags: [Pets]
      security: [{cookie: []}]
      responses: {'204': {description: Done.}}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
    header: {type: apiKey, in: header, name: X-Key}
    query: {type: apiKey, in: query, name: key}
    cookie: {type: apiKey, in: cookie, name: session}
"""
NAMED = ("Authorization", "X-Key", "Cookie")


def clients_of(package: ModuleType) -> tuple[type[Client], type[AsyncClient], str]:
    """Return the classes of a package's clients, and what their variables begin with."""
    name = package.__name__.title().replace("_", "")
    return (
        getattr(package, name),
        getattr(package, f"Async{name}"),
        package.__name__.upper(),
    )


@pytest.mark.parametrize(
    ("method", "target", "header"),
    [
        ("get_pets", "/v1/pets", ("Authorization", "Bearer geh+eim")),
        ("get_maybe", "/v1/maybe", ("Authorization", "Bearer geh+eim")),
        ("get_open", "/v1/open", None),
        ("get_by_header", "/v1/header", ("X-Key", "geh+eim")),
        ("get_by_query", "/v1/query?key=geh%2Beim", None),
        ("get_by_cookie", "/v1/cookie", ("Cookie", "session=geh+eim")),
    ],
)
@pytest.mark.parametrize("kind", ["token", "variable", "provider", "async"])
def test_a_token_goes_where_the_document_says(
    generate: Generate,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    target: str,
    header: tuple[str, str] | None,
    kind: str,
) -> None:
    package = generate(PETS)
    blocking, asynchronous, prefix = clients_of(package)
    token: object = "geh+eim"
    if kind == "variable":
        monkeypatch.setenv(f"{prefix}_TOKEN", "geh+eim")
        token = None
    sent: list[Request] = []

    def answer(request: Request) -> RawResponse:
        sent.append(request)
        return RawResponse(204, {}, b"")

    async def call_async() -> None:
        transport = AsyncMemoryTransport(answer)
        async with asynchronous("geh+eim", transport=transport) as client:
            await getattr(client.pets, method)()  # type: ignore[attr-defined]

    if kind == "async":
        asyncio.run(call_async())
    else:
        given = (lambda: "geh+eim") if kind == "provider" else token
        with blocking(given, transport=MemoryTransport(answer)) as client:  # type: ignore[arg-type]
            getattr(client.pets, method)()  # type: ignore[attr-defined]

    [request] = sent
    assert request.target == target
    assert (request.scheme, request.host) == ("https", "pets.example.com")
    assert [pair for pair in request.headers if pair[0] in NAMED] == (
        [] if header is None else [header]
    )


def test_the_token_of_hipchat_never_goes_to_another_api(
    generate: Generate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIPCHAT_TOKEN", "of HipChat")
    monkeypatch.setenv("HIPCHAT_BASE_URL", "https://chat.example.com/v2")
    package = generate(PETS)
    blocking, _, prefix = clients_of(package)
    sent: list[Request] = []

    def answer(request: Request) -> RawResponse:
        sent.append(request)
        return RawResponse(204, {}, b"")

    with blocking(transport=MemoryTransport(answer)) as client:
        for name in ("get_open", "get_maybe"):
            getattr(client.pets, name)()  # type: ignore[attr-defined]
        for name in ("get_pets", "get_by_header", "get_by_query", "get_by_cookie"):
            with pytest.raises(ValueError, match=f"set {prefix}_TOKEN"):
                getattr(client.pets, name)()  # type: ignore[attr-defined]

    assert {request.host for request in sent} == {"pets.example.com"}
    assert not [pair for each in sent for pair in each.headers if pair[0] in NAMED]


@pytest.mark.parametrize("method", ["get_by_header", "get_by_query", "get_by_cookie"])
def test_a_key_is_shown_nowhere(
    generate: Generate, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    package = generate(PETS)
    blocking, _, _ = clients_of(package)
    shown: list[object] = []

    def answer(request: Request) -> RawResponse:
        body = f"no access for {request.target} {dict(request.headers)}"
        return RawResponse(403, {}, body.encode())

    with (
        caplog.at_level("DEBUG"),
        blocking(
            "geheim",
            transport=MemoryTransport(answer),
            hooks=Hooks(before=shown.append),
        ) as client,
    ):
        shown.append(client)
        raw = getattr(client.raw.pets, method)()  # type: ignore[attr-defined]
        shown.append(raw.request)
        with pytest.raises(ApiError) as raised:
            getattr(client.pets, method)()  # type: ignore[attr-defined]

    assert "geheim" not in repr([*shown, raised.value, str(raised.value), caplog.text])
    assert "geheim" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=latin-1", b"caf\xe9", "caf\u00e9"),
        ("text/plain", "caf\u00e9".encode(), "caf\u00e9"),
        ("text/plain; charset=nonsense", b'"a"', '"a"'),
        ("", b"\xff", "\ufffd"),
    ],
)
def test_plain_text_is_read_as_it_is(
    generate: Generate, content_type: str, body: bytes, text: str
) -> None:
    package = generate(spec("forms"))

    def answer(_: Request) -> RawResponse:
        return RawResponse(200, {"content-type": content_type}, body)

    with HipChat(
        "token", base_url=BASE_URL, transport=MemoryTransport(answer)
    ) as client:
        assert client.send(package.AddPhoto("k", photo=b"x")) == text
