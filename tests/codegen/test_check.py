from __future__ import annotations

import pytest

from codegen.check import check
from codegen.document import Document, SpecError
from tests.codegen.packages import document, operation


def read(paths: object, **rest: object) -> Document:
    return Document("spec.yaml", document(paths, **rest), {})


def test_a_document_that_can_be_generated_from_is_accepted() -> None:
    check(read({"/thing": {"get": operation()}, "x-note": "ignored"}))


@pytest.mark.parametrize("version", ["2.0.0", "3.2.0", "31"])
def test_other_versions_of_openapi_are_rejected(version: str) -> None:
    with pytest.raises(SpecError, match=r"is not supported; use 3\.0 or 3\.1"):
        check(read({"/thing": {"get": operation()}}, openapi=version))


@pytest.mark.parametrize("path", ["thing", "/thing?x", "/{a", "/{}", "/a/../b"])
def test_a_path_that_no_request_can_have_is_rejected(path: str) -> None:
    with pytest.raises(SpecError, match=r"^spec\.yaml: #/paths/"):
        check(read({path: {"get": operation()}}))


def test_a_path_parameter_must_be_declared_and_used() -> None:
    key = {"name": "key", "in": "path", "required": True, "schema": {}}

    with pytest.raises(SpecError, match="which no path parameter declares"):
        check(read({"/thing/{key}": {"get": operation()}}))
    with pytest.raises(SpecError, match=r"the path has no \{key\}"):
        check(read({"/thing": {"get": operation(parameters=[key])}}))


def test_two_operations_need_names_of_different_classes() -> None:
    other = operation(operationId="GetThing")

    with pytest.raises(
        SpecError, match="results in the class GetThing, like 'get_thing'"
    ):
        check(read({"/thing": {"get": operation(), "put": other}}))


@pytest.mark.parametrize("tags", [[], ["A", "B"]])
def test_an_operation_needs_exactly_one_tag(tags: list[str]) -> None:
    with pytest.raises(SpecError, match="give it exactly one"):
        check(read({"/thing": {"get": operation(tags=tags)}}))


@pytest.mark.parametrize("tag", ["Help", "Models", "Raw"])
def test_a_tag_must_not_have_the_name_of_a_shared_module(tag: str) -> None:
    with pytest.raises(SpecError, match="which is reserved; rename it"):
        check(read({"/thing": {"get": operation(tags=[tag])}}))


def test_servers_of_an_operation_are_rejected() -> None:
    with pytest.raises(SpecError, match="the client has one base URL"):
        check(read({"/thing": {"get": operation(servers=[])}}))
