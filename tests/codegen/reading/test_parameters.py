from __future__ import annotations

from codegen.reading.parameters import parameters
from tests.codegen.packages import Generate, operation, read, sent, spec


def test_swagger_lists_are_sent_joined_unless_multi(generate: Generate) -> None:
    package = generate(spec("swagger"))

    query = sent(package, "things", "get_thing", 1, csv=["a", "b"], multi=["c", "d"])
    form = sent(package, "things", "send_form", 1, note="a b", body_id=[2, 3])

    assert query.target == "/thing/1?csv=a%2Cb&multi=c&multi=d"
    assert form.content == b"note=a+b&id=2%2C3"


def test_parameters_of_an_operation_replace_those_of_its_path() -> None:
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    own = {**limit, "required": True}
    [found] = read({"parameters": [limit], "get": operation(parameters=[own])})

    assert [(each.name, each.required) for each in parameters(found)] == [
        ("limit", True)
    ]
