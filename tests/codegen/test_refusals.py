"""Every refusal in the source of the generator has a test that knows its words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.codegen.test_broken_documents import DOCUMENTS, expected

ROOT = Path(__file__).parents[2]
RAISING = ("error", "_error", "_value")
TESTS = (
    path
    for folder in ("codegen", "sourcefiles")
    for path in (ROOT / "tests" / folder).rglob("test_*.py")
    if path != Path(__file__)
)
SOURCES = sorted(
    path
    for folder in ("codegen", "sourcefiles")
    for path in (ROOT / folder).rglob("*.py")
)


def texts(tree: ast.AST) -> Iterator[list[str]]:
    """Yield the texts of a tree, each as the pieces between what is filled in."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield [tree.value]
    elif isinstance(tree, ast.JoinedStr):
        constants = (
            part.value if isinstance(part, ast.Constant) else None
            for part in tree.values
        )
        yield [str(part) for part in constants if part is not None]
    else:
        for child in ast.iter_child_nodes(tree):
            yield from texts(child)


def refusals(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what makes the words of a refusal."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if (
                name in RAISING or name.endswith("Error")
            ):
                yield from node.args
            case ast.Assign(targets=[ast.Name(id="fault")]):
                yield node.value
            case ast.FunctionDef(name=name) if name.endswith("_fault"):
                yield from (
                    each for each in ast.walk(node) if isinstance(each, ast.Return)
                )


@pytest.fixture(scope="module")
def known() -> str:
    """The words that the tests of broken documents, and the other tests, expect."""
    lines = [expected(document).read_text(encoding="utf-8") for document in DOCUMENTS]
    for path in TESTS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        lines += ["".join(pieces) for pieces in texts(tree)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "source", SOURCES, ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_words_of_each_refusal_are_tested(source: Path, known: str) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    words = {
        max(pieces, key=len, default="")
        for refusal in refusals(tree)
        for pieces in texts(refusal)
    }

    assert sorted(piece for piece in words if " " in piece and piece not in known) == []


def test_a_refusal_is_found_in_each_of_its_forms() -> None:
    tree = ast.parse(
        "raise node.error(f'{key} is bad; mend it')\n"
        "raise SpecError('no ' 'file')\n"
        "fault = 'a b'\n"
        "def _path_fault(): return 'c d'\n"
        "_value(node, accepts, 'e f')\n"
        "print('g h')\n"
    )

    assert {
        piece
        for refusal in refusals(tree)
        for found in texts(refusal)
        for piece in found
    } == {" is bad; mend it", "no file", "a b", "c d", "e f"}
