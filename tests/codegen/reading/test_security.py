from __future__ import annotations

import pytest

from codegen.reading.document import Document, SpecError
from codegen.reading.paths import path_operations
from codegen.reading.problems import Problems
from codegen.reading.security import Access, access_of
from tests.codegen.packages import document, operation

SCHEMES = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "oauth": {"type": "oauth2", "flows": {}},
    "openid": {"type": "openIdConnect", "openIdConnectUrl": "/"},
    "basic": {"type": "http", "scheme": "basic"},
    "digest": {"type": "http", "scheme": "digest"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
    "tls": {"type": "mutualTLS"},
}


def access(
    own: object = None, *, root: object = None, default: str = "none", **rest: object
) -> Access:
    item = operation(**({} if own is None else {"security": own}), **rest)
    spec = document(
        {"/thing": {"get": item}},
        components={"securitySchemes": SCHEMES},
        **({} if root is None else {"security": root}),
    )
    [found] = path_operations(Document("spec.yaml", spec, {}), Problems())
    return access_of(found.node, default)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bearer", Access("bearer")),
        ("oauth", Access("bearer")),
        ("openid", Access("bearer")),
        ("basic", Access("basic")),
        ("header", Access("key", ("header", "X-Key"))),
        ("query", Access("key", ("query", "key"))),
        ("cookie", Access("key", ("cookie", "session"))),
    ],
)
def test_a_scheme_says_what_an_operation_needs(name: str, expected: Access) -> None:
    assert access([{name: []}]) == expected
    assert access(root=[{name: ["read"]}]) == expected


def test_without_security_nothing_is_needed_unless_the_command_says_so() -> None:
    assert access() == Access("none")
    assert access(default="bearer") == Access("bearer")
    assert access([], root=[{"bearer": []}], default="bearer") == Access("none")


def test_an_empty_alternative_makes_the_rest_optional() -> None:
    assert access([{}, {"bearer": []}]) == Access("bearer", is_optional=True)
    assert access([{"query": []}, {}]).is_optional
    assert access([{}]) == Access("none")


def test_a_token_is_preferred_where_there_is_a_choice() -> None:
    assert access([{"query": []}, {"bearer": []}]) == Access("bearer")
    assert access([{"tls": []}, {"query": []}]) == Access("key", ("query", "key"))


def test_vendor_fields_go_before_security() -> None:
    assert access([{"bearer": []}], **{"x-auth": "basic"}) == Access("basic")


@pytest.mark.parametrize(
    ("security", "fault"),
    [
        ([{"header": [], "query": []}], "several credentials at once"),
        ([{"digest": []}], "the scheme 'digest' is not supported"),
        ([{"tls": []}], "security of the type 'mutualTLS' is not supported"),
        ([{"nothing": []}], "no security scheme is called 'nothing'"),
    ],
)
def test_what_cannot_be_sent_is_a_problem(security: object, fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        access(security)
