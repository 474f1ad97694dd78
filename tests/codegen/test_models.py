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


def test_an_object_is_read_as_the_kind_that_its_tag_names(generate: Generate) -> None:
    package = generate(spec("unions"))
    dog = {"petType": "dog", "chip": "x7", "toy": None}
    kitten = {"petType": "kitten", "nap": "2026-01-02T03:04:05Z", "friends": [dog]}
    bird = {"petType": "bird", "wings": 2}

    read = answered(package, [kitten, dog, bird], lambda client: client.pets.get_pets())

    assert [type(each) for each in read] == [package.Cat, package.Dog, dict]
    assert read[0].friends == [package.Dog(chip="x7")]
    assert (read[0].pet_type, read[0].nap.year) == ("kitten", 2026)
    assert read[2] == bird
    assert json.loads(read[1].to_json()) == dog


def test_a_misfit_in_a_union_names_its_place(generate: Generate) -> None:
    package = generate(spec("unions"))

    for pet, fault in (
        ({"petType": "dog"}, "Object missing required field `chip`"),
        ({"petType": "dog", "chip": []}, r"\$.chip: Expected `str`"),
        ("dog", "Expected `object`, got `str`"),
    ):
        cat = {"petType": "cat", "friends": [pet]}
        with pytest.raises(ResponseError, match=fault) as raised:
            answered(package, [cat], lambda client: client.pets.get_pets())
        assert raised.value.where.startswith("$[0]")


def test_what_is_read_tolerantly_is_so_in_a_union(generate: Generate) -> None:
    package = generate(spec("unions"))
    cat = {"petType": "cat", "nap": "2026-01-02T03:04:05"}

    [read] = answered(package, [cat], lambda client: client.pets.get_pets())

    assert read.nap.utcoffset().seconds == 0


def test_a_tag_that_only_one_value_can_be_is_sent_by_itself(
    generate: Generate,
) -> None:
    package = generate(spec("unions"))

    for pet, body in (
        (package.DogInput(toy=None), {"petType": "dog", "toy": None}),
        (package.CatInput(pet_type="kitten"), {"petType": "kitten"}),
        ({"petType": "bird", "wings": 2}, {"petType": "bird", "wings": 2}),
    ):
        assert content(package, "pets", "add_pet", body=pet) == body
    with pytest.raises(TypeError, match="pet_type"):
        package.CatInput()
    assert content(package, "pets", "set_home", guest=package.Hen(eggs=1)) == {
        "guest": {"kind": "hen", "eggs": 1}
    }


def test_a_union_is_told_apart_by_its_discriminator_only(generate: Generate) -> None:
    package = generate(spec("unions"))
    hen = {"kind": "hen", "eggs": 1}
    home = {"guest": hen, "either": hen, "text": hen}

    read = answered(package, home, lambda client: client.pets.set_home())

    assert read.guest == read.text == package.Hen(eggs=1)
    assert read.either == hen
    assert json.loads(read.to_json()) == home
    assert package.Home.from_json('{"guest": null}').guest is None


def test_an_event_has_unions_of_its_own(generate: Generate) -> None:
    package = generate(spec("unions"))
    text = '{"who":{"petType":"dog","chip":"x"},"where":{"at":"lake","depth":3}}'

    event = package.MovedEvent.from_json(text)

    assert event.who == package.Dog(chip="x")
    assert event.where == package.MovedEventWhereLake(depth=3)


@pytest.mark.parametrize(
    "branches",
    [
        # Two kinds with one tag, and one without any.
        [{"const": "a"}, {"const": "a"}],
        [{"const": "a"}, {"type": "string"}],
    ],
)
def test_a_discriminator_that_tells_nothing_apart_gives_the_raw_object(
    generate: Generate, branches: list[object]
) -> None:
    union = {
        "discriminator": {"propertyName": "kind"},
        "oneOf": [
            {"type": "object", "properties": {"kind": each}} for each in branches
        ],
    }
    media = {"application/json": {"schema": {"type": "array", "items": union}}}
    responses = {"200": {"description": "", "content": media}}
    package = generate(document({"/thing": {"get": operation(responses=responses)}}))

    assert package.GetThing.result == list[object]


LABEL = {
    "name": "a",
    "x": 1,
    "y": 2,
    "parent": {"name": "b", "z": 3},
    "seen": {"at": None, "by": {"who": None}},
}


def test_members_beside_the_known_ones_are_kept(generate: Generate) -> None:
    package = generate(spec("further_members"))

    read = answered(package, LABEL, lambda client: client.labels.set_label(name="a"))

    assert read.extra_2 == {"x": 1, "y": 2}
    assert read.parent.extra_2 == {"z": 3}
    assert read.seen.extra == {"by": {"who": None}}
    assert read.to_dict() == LABEL
    assert package.Label.from_json(read.to_json()) == read
    assert read != package.Label.from_json(json.dumps({**LABEL, "x": 2}))


def test_they_are_sent_at_every_depth(generate: Generate) -> None:
    package = generate(spec("further_members"))
    label = package.Label.from_json(json.dumps(LABEL))
    made = package.Label(name="c", extra_2={"w": 4, "name": 5})

    assert content(
        package,
        "labels",
        "set_label",
        name="a",
        parent=label,
        seen=package.LabelSeen(at=None, extra={"on": True}),
        extra_2={"x": 1},
    ) == {
        "name": "a",
        "parent": LABEL,
        "seen": {"at": None, "on": True},
        "x": 1,
    }
    # A known member goes first.
    assert content(package, "labels", "set_grid", body=[[label], [made]]) == [
        [LABEL],
        [{"name": "c", "w": 4}],
    ]


def test_they_are_read_in_lists_and_mappings(generate: Generate) -> None:
    package = generate(spec("further_members"))

    found = answered(
        package, {"all": [LABEL]}, lambda client: client.labels.find_labels()
    )
    grid = answered(package, [[LABEL]], lambda client: client.labels.set_grid(body=[]))

    assert found["all"][0].extra_2 == grid[0][0].extra_2 == {"x": 1, "y": 2}


def test_one_of_another_type_is_read_tolerantly_or_named(generate: Generate) -> None:
    package = generate(spec("further_members"))

    def read(label: object) -> Any:
        return answered(
            package, {"all": [label]}, lambda client: client.labels.find_labels()
        )

    assert read({"name": "a", "x": "7"})["all"][0].extra_2 == {"x": 7}
    with pytest.raises(ResponseError, match="Expected `int`, got `array`") as raised:
        read({"name": "a", "parent": {"name": "b", "x": []}})
    assert raised.value.where == "$.all[0].parent[...]"


def test_forms_and_queries_have_them_by_their_names(generate: Generate) -> None:
    package = generate(spec("further_members"))

    form = sent(package, "labels", "send_form", name="a", extra={"b c": "d&e"})
    query = sent(
        package,
        "labels",
        "find_labels",
        any={"k&": ["1", "2"], "l": ["3"]},
        deep={"x": 1},
        name="n",
        stickers={"s t": "u"},
    )

    assert form.content == b"name=a&b+c=d%26e"
    assert query.target == (
        "/labels?name=n&k%26=1&k%26=2&l=3&deep%5Bx%5D=1&stickers%5Bs%20t%5D=u"
    )
    assert sent(package, "labels", "find_labels").target == "/labels"
