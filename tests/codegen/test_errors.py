"""Errors of other APIs than HipChat's: typed, and shown without what is secret."""

from __future__ import annotations

import pickle
from types import ModuleType
from typing import Any

import pytest

from hipkit.api.errors import ApiError
from hipkit.client.client import Client
from hipkit.client.error_bodies import Problem
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse
from tests.codegen.packages import Generate, spec

JSON = "application/json"
PROBLEM = "application/problem+json; charset=utf-8"


def error_of(
    package: ModuleType,
    status: int,
    body: str,
    content_type: str = JSON,
    method: str = "get_thing",
    **arguments: object,
) -> ApiError:
    """Return the error of a call that is answered so."""
    answer = RawResponse(status, {"content-type": content_type}, body.encode())
    name = package.__name__.title().replace("_", "")
    kind: type[Client] = getattr(package, name)
    transport = MemoryTransport(lambda _: answer)
    with kind(base_url="https://a.example", transport=transport) as client:
        things: Any = client.things  # type: ignore[attr-defined]
        with pytest.raises(ApiError) as raised:
            getattr(things, method)(**arguments, retries=0)
    return raised.value


def test_an_error_has_the_model_of_its_status(generate: Generate) -> None:
    package = generate(spec("errors"))

    problem = error_of(
        package,
        404,
        '{"type":"about:blank","title":"Gone","detail":"It left.","balance":3}',
        PROBLEM,
    )

    assert str(problem) == "GET /thing: 404, Gone: It left."
    assert problem.message == "Gone: It left."
    assert problem.model == package.Problem(
        type="about:blank", title="Gone", detail="It left.", balance=3
    )
    conflict = error_of(package, 409, '{"now":{"name":"x"}}')
    assert conflict.model == package.GetThingError(now=package.Thing(name="x"))
    wrong = error_of(package, 418, '[{"code":1},{"code":2}]')
    assert wrong.model == [package.Fault(code=1), package.Fault(code=2)]


@pytest.mark.parametrize("status", [500, 503])
def test_the_default_is_for_every_other_status(generate: Generate, status: int) -> None:
    package = generate(spec("errors"))

    error = error_of(package, status, '{"code":7,"text":"broken"}')

    assert error.model == package.Fault(code=7, text="broken")


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (500, "<html>", "text/html"),
        (500, '{"code":[]}', JSON),
        (500, "", JSON),
        (409, '{"error":"other"}', JSON),
    ],
)
def test_a_body_of_another_form_has_no_model(
    generate: Generate, status: int, body: str, content_type: str
) -> None:
    package = generate(spec("errors"))

    assert error_of(package, status, body, content_type).model is None


def test_problem_details_are_read_where_the_document_has_none(
    generate: Generate,
) -> None:
    package = generate(spec("errors"))
    body = '{"title":"Gone","status":"404","detail":"It left.","extra":1}'

    error = error_of(package, 404, body, PROBLEM, "set_thing", name="x")

    assert error.model == Problem(title="Gone", status=404, detail="It left.")
    plain = error_of(package, 404, body, JSON, "set_thing", name="x")
    assert plain.model is None
    assert plain.message == "Gone: It left."


def test_what_was_sent_is_not_shown_and_the_model_not_stored(
    generate: Generate,
) -> None:
    package = generate(spec("errors"))
    body = '{"title":"Wrong","detail":"hunter2hunter2 is no password"}'

    error = error_of(
        package, 400, body, PROBLEM, "set_thing", password="hunter2hunter2"
    )

    assert str(error) == "PUT /thing: 400, Wrong: *** is no password"
    assert error.model is not None
    assert pickle.loads(pickle.dumps(error)).model is None


def test_hipchats_errors_have_attributes_and_no_model(generate: Generate) -> None:
    package = generate(spec("errors"))
    body = '{"error":{"code":400,"type":"Bad Request","message":"no"}}'

    error = error_of(package, 400, body, JSON, "set_thing", name="x")

    assert (error.type, error.message, error.model) == ("Bad Request", "no", None)
