from __future__ import annotations

import pytest

from codegen.planning.naming import Names, name_operations
from codegen.reading.check import check
from codegen.reading.document import Document, SpecError
from codegen.reading.problems import Problems
from tests.codegen.packages import document, operation


def read(paths: object, **rest: object) -> Document:
    return Document("spec.yaml", document(paths, **rest), {})


def checked(spec: Document, *, strict: bool = True) -> Names:
    problems = Problems(strict=strict)
    names = name_operations(check(spec, problems), problems)
    if problems.found:
        raise problems.found[0]
    return names


def test_a_document_that_can_be_generated_from_is_accepted() -> None:
    names = checked(read({"/thing": {"get": operation()}, "x-note": "ignored"}))

    assert [each.name for each in names.operations] == ["get_thing"]


@pytest.mark.parametrize("version", ["2.0.0", "4.0.0", "31"])
def test_other_versions_of_openapi_are_rejected(version: str) -> None:
    with pytest.raises(SpecError, match=r"is not supported; use 3\.0 or 3\.1"):
        checked(read({"/thing": {"get": operation()}}, openapi=version))


@pytest.mark.parametrize("path", ["thing", "/thing?x", "/{a", "/{}", "/a/../b"])
def test_a_path_that_no_request_can_have_is_rejected(path: str) -> None:
    with pytest.raises(SpecError, match=r"^spec\.yaml: #/paths/"):
        checked(read({path: {"get": operation()}}))


def test_a_path_parameter_must_be_declared_and_used() -> None:
    key = {"name": "key", "in": "path", "required": True, "schema": {}}

    with pytest.raises(SpecError, match="which no path parameter declares"):
        checked(read({"/thing/{key}": {"get": operation()}}))
    with pytest.raises(SpecError, match=r"the path has no \{key\}"):
        checked(read({"/thing": {"get": operation(parameters=[key])}}))


def test_every_operation_that_cannot_be_generated_is_a_problem() -> None:
    problems = Problems()
    paths = {
        "/a?b": {"get": operation()},
        "/good": {"get": operation()},
        "/c": {"get": operation(responce={}), "gett": operation()},
    }

    found = check(read(paths), problems)

    assert [each.path for each in found] == ["/good"]
    assert [str(each).partition(": ")[2] for each in problems.found] == [
        "#/paths/~1a?b: a path has no '?' or '#'; describe the query as parameters",
        "#/paths/~1c/gett: 'gett' is not a supported method; remove or correct it",
        "#/paths/~1c/get/responce: 'responce' is not supported here; remove it",
    ]
    assert list(problems.left_out) == ["GET /a?b", "GET /c"]
