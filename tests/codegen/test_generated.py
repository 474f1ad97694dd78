"""Generated packages: imported, called, read."""

from __future__ import annotations

import asyncio
import copy
import subprocess
import sys
from pathlib import Path
from typing import cast

import msgspec
import pytest

from hipkit.api.catalog import Entry
from hipkit.api.operation import Operation
from hipkit.client.async_client import AsyncHipChat
from hipkit.client.client import HipChat
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
