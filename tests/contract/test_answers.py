"""Every operation's answers, as the spec describes them, through both clients to typed results."""

from __future__ import annotations

import copy
import json
import pickle
from types import UnionType
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import Model, Response, ResponseError
from hipkit.transports.protocol import RawResponse
from tests.contract import spec
from tests.contract.answers import MOMENT, NEW_VALUE, bare, full, normal, success
from tests.contract.calls import CLASSES, OPERATION_IDS, Call, calls
from tests.scripted import KINDS, answer, connect, decode, done, script_for


def model_of(operation_id: str) -> type[Model] | None:
    """Return the model that an answer's body becomes; `None` for JSON of a free form."""
    kind = CLASSES[operation_id].result
    for each in get_args(kind) if isinstance(kind, UnionType) else (kind,):
        if isinstance(each, type) and issubclass(each, Model):
            return each
    return None


ANSWERING = [
    (operation_id, status, schema)
    for operation_id in OPERATION_IDS
    for status, schema in success(spec.operations()[operation_id])
]
WITH_BODY = [
    pytest.param(operation_id, status, schema, id=operation_id)
    for operation_id, status, schema in ANSWERING
    if schema is not None
]
WITH_MODEL = [case for case in WITH_BODY if model_of(str(case.id)) is not None]
WITHOUT_BODY = [
    pytest.param(operation_id, status, id=operation_id)
    for operation_id, status, schema in ANSWERING
    if schema is None and status < 300
]


def first_call(operation_id: str) -> Call:
    return next(iter(calls(operation_id)))


def results(operation_id: str, response: RawResponse) -> list[Any]:
    """Return what both clients make of an answer; it is the same."""
    found = []
    for kind in KINDS:
        client = connect(kind, script_for(kind, response))
        found.append(done(first_call(operation_id).on(client)))
    assert found[0] == found[1]
    return found


def read(operation_id: str, status: int, body: object) -> Any:
    result, _ = results(operation_id, answer(body, status))
    return result


def as_json(result: Any) -> object:
    """Return a result as the JSON value that it stands for."""
    value: object = json.loads(msgspec.json.encode(result))
    return value


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_BODY)
def test_a_full_answer_loses_nothing(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    for choice in range(3):
        body = full(schema, choice)
        result = read(operation_id, status, body)
        assert normal(as_json(result)) == normal(body)
        check_type(operation_id, schema, result)


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_BODY)
def test_a_bare_answer_is_enough(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    body = bare(schema)
    result = read(operation_id, status, body)
    assert normal(as_json(result)) == normal(body)
    check_type(operation_id, schema, result)


def check_type(operation_id: str, schema: spec.Schema, result: Any) -> None:
    kind = model_of(operation_id)
    if kind is None:
        assert "properties" not in spec.merged(schema)
        return
    assert type(result) is kind
    name = schema["$ref"].rpartition("/")[2]
    assert kind.__name__ == "".join(word.capitalize() for word in name.split("_"))


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_MODEL)
def test_null_is_read_wherever_the_spec_allows_it(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    def nothing(value: object, schema: spec.Schema) -> object:
        return None if allows_null(schema) else value

    body = full(schema, 0, nothing)
    result = read(operation_id, status, body)
    assert normal(as_json(result)) == normal(body)


def allows_null(schema: spec.Schema) -> bool:
    return "null" in schema.get("type", ()) or {"type": "null"} in schema.get(
        "oneOf", ()
    )


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_MODEL)
def test_numbers_and_booleans_sent_as_text_mean_the_same(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    def text(value: object, schema: spec.Schema) -> object:
        if schema.get("type") in ("integer", "number", "boolean"):
            return str(value).lower()
        return value

    plain = read(operation_id, status, full(schema))
    assert read(operation_id, status, full(schema, 0, text)) == plain


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_MODEL)
def test_ids_and_labels_sent_as_numbers_mean_the_same(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    def number(value: object, schema: spec.Schema) -> object:
        is_text = schema.get("type") == "string" and "format" not in schema
        return 17 if is_text and "enum" not in schema else value

    def text(value: object, schema: spec.Schema) -> object:
        return str(number(value, schema)) if value != number(value, schema) else value

    expected = read(operation_id, status, full(schema, 0, text))
    assert read(operation_id, status, full(schema, 0, number)) == expected


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_MODEL)
def test_unknown_members_are_ignored(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    def more(value: object, schema: spec.Schema) -> object:
        if isinstance(value, dict) and schema.get("properties"):
            return {"new": {"a": [None]}, **value, "x-more": 1, "items_": [], "": ""}
        return value

    plain = read(operation_id, status, full(schema))
    with_more = read(operation_id, status, full(schema, 0, more))
    assert with_more == plain


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_BODY)
def test_values_that_came_later_are_kept(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    def later(value: object, schema: spec.Schema) -> object:
        return NEW_VALUE if "enum" in schema else value

    body = full(schema, 0, later)
    result = read(operation_id, status, body)
    assert normal(as_json(result)) == normal(body)


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_MODEL)
@pytest.mark.parametrize(
    "timestamp",
    [
        "2016-09-09T08:23:02.932694",
        "2016-09-09T10:23:02.932694+02:00",
        1473409382.932694,
    ],
)
def test_dates_of_every_form_mean_the_same(
    operation_id: str, status: int, schema: spec.Schema, timestamp: object
) -> None:
    def other(value: object, schema: spec.Schema) -> object:
        return timestamp if value == MOMENT else value

    plain = read(operation_id, status, full(schema))
    result = read(operation_id, status, full(schema, 0, other))
    assert result == plain


@pytest.mark.parametrize(("operation_id", "status", "schema"), WITH_BODY)
def test_a_result_survives_json_pickle_and_copy(
    operation_id: str, status: int, schema: spec.Schema
) -> None:
    for body in (bare(schema), full(schema, 1)):
        result = read(operation_id, status, body)
        assert pickle.loads(pickle.dumps(result)) == result
        assert copy.copy(result) == copy.deepcopy(result) == result
        if isinstance(result, Model):
            assert type(result).from_json(result.to_json()) == result
            assert type(result).from_json(result.to_json().decode()) == result


@pytest.mark.parametrize(("operation_id", "status"), WITHOUT_BODY)
def test_an_answer_without_a_body_is_none(operation_id: str, status: int) -> None:
    assert results(operation_id, answer(None, status)) == [None, None]


@pytest.mark.parametrize(("operation_id", "status"), WITHOUT_BODY)
def test_any_success_will_do_where_no_body_is_needed(
    operation_id: str, status: int
) -> None:
    for other in {200, 201, 202, 204} - {status}:
        assert results(operation_id, answer(None, other)) == [None, None]


@pytest.mark.parametrize(
    "operation_id",
    [
        each
        for each in OPERATION_IDS
        if CLASSES[each].result is None and not CLASSES[each].redirect
    ],
)
def test_an_undocumented_body_is_ignored(operation_id: str) -> None:
    for body in (b"ok", b"<html>", b"{", b"\xff", b'{"id": 1}'):
        assert results(operation_id, answer(body, 200)) == [None, None]


REDIRECTS = [each for each in OPERATION_IDS if CLASSES[each].redirect]


@pytest.mark.parametrize("operation_id", REDIRECTS)
@pytest.mark.parametrize(
    ("location", "target"),
    [
        (
            "https://s3.example.com/p/1.png?a=b%2F",
            "https://s3.example.com/p/1.png?a=b%2F",
        ),
        ("/files/1.png", "https://chat.example.com/files/1.png"),
        ("//cdn.example.com/1.png", "https://cdn.example.com/1.png"),
    ],
)
def test_a_redirect_returns_its_target(
    operation_id: str, location: str, target: str
) -> None:
    assert results(operation_id, answer(None, 302, location=location)) == [target] * 2


def test_an_old_servers_redirect_is_the_address_of_a_file() -> None:
    response = answer(None, 302, location="/files/1.png?a=b%2F")

    found, same = results("get_file", response)

    assert found == same
    assert found.temp_url == "https://chat.example.com/files/1.png?a=b%2F"
    assert found.temp_download_url is None


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
        st.sampled_from(
            [
                "",
                "None",
                "17",
                "1e999",
                "nan",
                "true",
                "2014-13-45T99:99:99",
                "0001-01-01T00:00:00",
                "2014-09-26",
                "9999-12-31T23:59:59.999999+00:00",
                "10:44:04",
                "253402300800",
                "-62135596801",
            ]
        ),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(case=st.sampled_from(WITH_MODEL), data=st.data())
def test_an_answer_of_any_shape_is_read_or_refused_with_its_place(
    case: Any, data: st.DataObject
) -> None:
    operation_id, status, schema = case.values
    body = full(schema, 1)
    for _ in range(data.draw(st.integers(1, 3))):
        body = with_another_value(body, data)
    operation = first_call(operation_id).operation
    try:
        result = decode(operation, answer(body, status))
    except ResponseError as error:
        refused = (error.operation, error.status, error.body)
        assert refused == (operation, status, answer(body).body)
    else:
        assert isinstance(result, Model | None)
        assert result is None or type(result).from_json(result.to_json()) == result


def with_another_value(value: Any, data: st.DataObject) -> Any:
    """Put any JSON in the place of a part of a JSON value, however deep."""
    names = list(value) if isinstance(value, dict) else []
    if isinstance(value, list):
        names = list(range(len(value)))
    if not names or data.draw(st.integers(0, 4)) == 0:
        return data.draw(json_values)
    name = data.draw(st.sampled_from(names))
    value[name] = with_another_value(value[name], data)
    return value


def test_the_redirects_are_those_of_the_spec() -> None:
    documented = [each for each, status, _ in ANSWERING if 300 <= status < 400]
    assert documented == REDIRECTS


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
def test_raw_returns_every_response_unchanged(operation_id: str) -> None:
    for kind in KINDS:
        for scripted in (answer(b"\xffgarbage", 200, x_a="1"), answer({"a": 1}, 418)):
            client = connect(kind, script_for(kind, scripted))
            response = done(first_call(operation_id).on(client.raw))
            assert isinstance(response, Response)
            assert response.status == scripted.status
            assert response.headers == scripted.headers
            assert response.body == scripted.body
            assert response.request.method == CLASSES[operation_id].method
