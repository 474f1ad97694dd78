"""Models of generated packages: what is sent, and what is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal, get_type_hints

import pytest

from hipkit.api.errors import ResponseError
from hipkit.client.client import Client
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse
from tests.codegen.packages import Generate, document, operation, sent, spec

BASE_URL = "https://library.example/v1"


def answered(
    package: ModuleType, body: object, call: Callable[[Any], object], status: int = 200
) -> Any:
    """Return what a call returns that is answered with a JSON body."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = RawResponse(status, {"content-type": "application/json"}, text)
    name = package.__name__.title().replace("_", "")
    kind: type[Client] = getattr(package, name)
    transport = MemoryTransport(lambda _: answer)
    with kind(base_url=BASE_URL, transport=transport) as client:
        return call(client)


def content(package: ModuleType, group: str, method: str, **keywords: object) -> object:
    """Return the JSON body that a call sends."""
    body = sent(package, group, method, **keywords).content
    assert isinstance(body, bytes)
    return json.loads(body)


def test_a_call_needs_no_value_that_the_server_invents(generate: Generate) -> None:
    package = generate(spec("directions"))
    customer = package.CustomerInput(name="Ada", pin="1234")
    order = package.OrderInput(item="tea", customer=customer)

    assert content(package, "orders", "add_order", item="tea", customer=customer) == {
        "item": "tea",
        "customer": {"name": "Ada", "pin": "1234"},
    }
    assert content(package, "orders", "replace_orders", body=[order]) == [
        {"item": "tea", "customer": {"name": "Ada", "pin": "1234"}}
    ]
    address = package.Address(street="Main")
    sender = package.Sender(name="Ada")
    assert content(
        package, "orders", "set_address", address=address, sender=sender
    ) == {
        "address": {"street": "Main"},
        "sender": {"name": "Ada"},
    }


def test_an_answer_has_what_the_server_invents_and_needs_no_secret(
    generate: Generate,
) -> None:
    package = generate(spec("directions"))
    customer = {"number": 7, "name": "Ada"}
    order = {"id": 1, "item": "tea", "customer": customer}

    [read] = answered(package, [order], lambda client: client.orders.get_orders())

    assert (read.id, read.customer.number) == (1, 7)
    assert not hasattr(read.customer, "pin")
    del order["id"]
    with pytest.raises(ResponseError, match="missing required field `id`"):
        answered(package, [order], lambda client: client.orders.get_orders())


def test_null_is_sent_at_every_depth(generate: Generate) -> None:
    package = generate(spec("directions"))
    address = package.Address(street="Main", flat=None)
    customer = package.CustomerInput(name="Ada", pin="1", nick=None, address=address)

    assert content(package, "orders", "add_order", item="tea", customer=customer) == {
        "item": "tea",
        "customer": {
            "name": "Ada",
            "pin": "1",
            "nick": None,
            "address": {"street": "Main", "flat": None},
        },
    }


@pytest.mark.parametrize("text", ['{"street":"Main"}', '{"street":"Main","flat":null}'])
def test_an_answer_can_be_sent_back_as_it_came(generate: Generate, text: str) -> None:
    package = generate(spec("directions"))
    new = package.Address(street="x")

    address = answered(
        package, text.encode(), lambda client: client.orders.set_address(address=new)
    )

    assert content(package, "orders", "set_address", address=address) == {
        "address": json.loads(text)
    }


def test_an_error_with_a_success_status_is_no_empty_model(generate: Generate) -> None:
    text = spec("directions").replace("required: [street]", "required: []")
    package = generate(text)
    new = package.Address()

    with pytest.raises(ResponseError, match="the body reports an error: broken"):
        answered(
            package,
            {"error": {"message": "broken"}},
            lambda client: client.orders.set_address(address=new),
        )


SIGNS = {"type": "string", "enum": ["red", "green"]}


def test_a_value_that_is_not_listed_is_read_as_text(generate: Generate) -> None:
    answer = {"type": "object", "properties": {"sign": SIGNS, "all": {"items": SIGNS}}}
    parameter = {"name": "sign", "in": "query", "schema": SIGNS}
    media = {"application/json": {"schema": answer}}
    responses = {"200": {"description": "", "content": media}}
    package = generate(
        document(
            {"/sign": {"get": operation(parameters=[parameter], responses=responses)}}
        )
    )

    read = answered(
        package,
        {"sign": "blue", "all": ["red", "blue"]},
        lambda client: client.things.get_thing(),
    )

    known = Literal["red", "green"]
    hints = get_type_hints(type(read))
    assert (read.sign, read.all) == ("blue", ["red", "blue"])
    assert hints["sign"] == known | str | None
    assert hints["all"] == list[known | str] | None
    # What is sent stays a closed choice.
    assert get_type_hints(package.GetThing)["sign"] == known | None


def test_a_long_enumeration_is_text(generate: Generate) -> None:
    values = {"type": "string", "enum": [f"value {number}" for number in range(200)]}
    parameter = {"name": "sign", "in": "query", "schema": values}
    package = generate(document({"/sign": {"get": operation(parameters=[parameter])}}))

    assert get_type_hints(package.GetThing)["sign"] == str | None
