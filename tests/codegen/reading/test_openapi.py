from __future__ import annotations

import pytest

from codegen.reading.document import Document, SpecError
from codegen.reading.openapi import (
    PathOperation,
    body,
    parameters,
    path_operations,
    second_methods,
)
from codegen.reading.problems import Problems
from tests.codegen.packages import Generate, document, operation, sent, spec


def test_swagger_lists_are_sent_joined_unless_multi(generate: Generate) -> None:
    package = generate(spec("swagger"))

    query = sent(package, "things", "get_thing", 1, csv=["a", "b"], multi=["c", "d"])
    form = sent(package, "things", "send_form", 1, note="a b", body_id=[2, 3])

    assert query.target == "/thing/1?csv=a%2Cb&multi=c&multi=d"
    assert form.content == b"note=a+b&id=2%2C3"


def read(path_item: object) -> list[PathOperation]:
    spec = Document("spec.yaml", document({"/thing": path_item}), {})
    problems = Problems()
    found = list(path_operations(spec, problems))
    if problems.found:
        raise problems.found[0]
    return found


def test_parameters_of_an_operation_replace_those_of_its_path() -> None:
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    own = {**limit, "required": True}
    [found] = read({"parameters": [limit], "get": operation(parameters=[own])})

    assert [(each.name, each.required) for each in parameters(found)] == [
        ("limit", True)
    ]


def test_a_second_method_is_part_of_the_operation_that_it_names() -> None:
    [found] = read({"post": operation(), "put": {"x-same-as": "get_thing"}})

    assert (found.method, second_methods(found)) == ("POST", ("PUT",))


def test_a_second_method_must_name_an_operation_of_its_path() -> None:
    with pytest.raises(SpecError, match="the path has no operation 'nothing'"):
        read({"put": {"x-same-as": "nothing"}})


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("application/json; charset=utf-8", "json"),
        ("application/vnd.thing+json", "json"),
        ("application/x-www-form-urlencoded", "form"),
        ("multipart/related", "related"),
        ("multipart/form-data", "multipart"),
        ("text/json", "json"),
        ("image/png", "bytes"),
    ],
)
def test_the_kind_of_a_body_follows_from_its_media_type(
    media_type: str, kind: str
) -> None:
    [found] = read({"put": operation(requestBody={"content": {media_type: {}}})})

    content = body(found)

    assert content is not None
    assert content.kind == kind


@pytest.mark.parametrize("media_type", ["multipart/mixed", "text/xml"])
def test_a_body_that_cannot_be_sent_is_an_error(media_type: str) -> None:
    [found] = read({"put": operation(requestBody={"content": {media_type: {}}})})

    with pytest.raises(SpecError, match=f"no body of type {media_type} can be sent"):
        body(found)
