from __future__ import annotations

import pytest

from codegen.reading.document import Document, SpecError
from codegen.reading.paths import path_operations
from codegen.reading.problems import Problems
from codegen.reading.servers import server_prefix
from tests.codegen.packages import document, operation


def prefix(
    root: list[str], own: list[str], *, on_path: bool = False, **variables: str
) -> str:
    """Return the prefix of an operation with these servers."""

    def servers(urls: list[str]) -> list[dict[str, object]]:
        known = {name: {"default": value} for name, value in variables.items()}
        return [{"url": url, "variables": known} for url in urls]

    item: dict[str, object] = {"get": operation()}
    if on_path:
        item["servers"] = servers(own)
    else:
        item["get"] = operation(servers=servers(own))
    rest = {"servers": servers(root)} if root else {}
    spec = Document("spec.yaml", document({"/thing": item}, **rest), {})
    [found] = path_operations(spec, Problems())
    return server_prefix(found)


ROOT = "https://api.example.com/v1"


@pytest.mark.parametrize("on_path", [False, True])
@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([ROOT], ""),
        ([f"{ROOT}/"], ""),
        ([f"{ROOT}/special"], "/special"),
        (["/v1/special"], "/special"),
        (["https://elsewhere.example.com", ROOT], ""),
    ],
)
def test_servers_below_the_base_url_are_a_part_of_the_path(
    own: list[str], expected: str, on_path: bool
) -> None:
    assert prefix([ROOT], own, on_path=on_path) == expected


@pytest.mark.parametrize(
    "own",
    [
        ["https://other.example.com/v1"],
        ["https://api.example.com/"],
        ["https://api.example.com/v10"],
        ["https://api.example.com.evil.example/v1"],
        ["/"],
        ["//other.example.com/v1"],
    ],
)
def test_servers_elsewhere_are_a_problem(own: list[str]) -> None:
    with pytest.raises(SpecError, match="the client has one base URL"):
        prefix([ROOT], own)


def test_variables_have_their_defaults() -> None:
    assert (
        prefix(
            ["https://{host}/v1"],
            ["https://api.example.com/v1/x"],
            host="api.example.com",
        )
        == "/x"
    )


def test_without_servers_of_the_document_a_relative_one_is_below_the_base_url() -> None:
    assert prefix([], ["/admin"]) == "/admin"
    assert prefix(["/api"], ["/api/v2"]) == "/v2"
