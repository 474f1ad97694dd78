"""The comparison of generators counts what is there."""

from __future__ import annotations

import pytest

from scripts.compare_generators import main

GOOD = """
openapi: 3.0.3
info: {title: Books, version: "1"}
paths:
  /books:
    get:
      operationId: list_books
      tags: [Books]
      responses:
        '200':
          description: All.
          content:
            application/json: {schema: {type: array, items: {type: string}}}
    put:
      operationId: replace_books
      tags: [Books]
      requestBody:
        content: {BODY: {schema: {type: object, properties: {a: {type: string}}}}}
      responses: {'204': {description: Done.}}
"""
OLD = """
swagger: '2.0'
info: {title: Books, version: "1"}
paths:
  /books:
    get:
      operationId: list_books
      tags: [Books]
      responses: {200: {description: All., schema: {type: string}}}
"""


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is printed of three documents."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "good.yaml").write_text(GOOD.replace("BODY", "application/json"))
    (folder / "old.yaml").write_text(OLD)
    (folder / "partly.yaml").write_text(GOOD.replace("BODY", "application/xml"))
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("builtins.print", lambda text, **_: printed.append(text))
        assert main([str(folder), "--runs", "1"]) == 0
    return printed[-1].splitlines()


def cells(lines: list[str], document: str) -> list[str]:
    (line,) = (line for line in lines if line.startswith(f"| {document} |"))
    return [cell.strip() for cell in line.split("|")[1:-1]]


@pytest.mark.parametrize(
    ("document", "version", "operations", "hipkit", "other"),
    [
        ("good", "3.0", "2", "2", "2"),
        ("old", "2.0", "1", "1", "refused"),
        ("partly", "3.0", "2", "1", "1"),
    ],
)
def test_operations_are_counted(
    document: str,
    version: str,
    operations: str,
    hipkit: str,
    other: str,
    lines: list[str],
) -> None:
    row = cells(lines, document)
    assert row[1:3] == [version, operations]
    assert (row[3], row[7]) == (hipkit, other)
    assert row[5] == "passes"


def test_every_package_imports(lines: list[str]) -> None:
    assert "does not import" not in "\n".join(lines)


def test_what_is_left_out_is_listed_for_each(lines: list[str]) -> None:
    listed = [line for line in lines if line.startswith("- ")]
    documents = [line.split(":")[0] for line in listed]
    assert documents == ["- partly", "- old", "- partly"]
    assert "application/xml" in listed[0]
    assert listed[1] == "- old: Failed to parse OpenAPI document"
    assert listed[2].startswith("- partly: `PUT /books`: ")
