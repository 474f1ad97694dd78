"""Generates packages from small documents, and imports them, for the tests of this folder."""

from __future__ import annotations

import importlib
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import yaml

from codegen.__main__ import main
from codegen.reading.document import Document
from codegen.reading.paths import PathOperation, path_operations
from codegen.reading.problems import Problems
from hipkit.api.operation import Operation, RequestParts

__all__ = ["Generate", "document", "generating", "operation", "sent", "spec"]

CASES = Path(__file__).parent / "cases"

Generate = Callable[[object], ModuleType]
"""Generates from a document (its text, or its value) and imports the package."""


def document(operations: object, **rest: object) -> dict[str, object]:
    """Return an OpenAPI 3.1 document with these paths."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1"},
        "paths": operations,
        **rest,
    }


def operation(**rest: object) -> dict[str, object]:
    """Return the operation `get_thing`, with nothing that is not needed but what is given."""
    return {
        "operationId": "get_thing",
        "tags": ["Things"],
        "responses": {"204": {"description": "Done."}},
        **rest,
    }


@contextmanager
def generating(folder: Path) -> Iterator[Generate]:
    """Yield a function that generates packages below a folder, each under its own name."""
    numbers = itertools.count(1)
    made: list[str] = []

    def generate(spec: object) -> ModuleType:
        name = f"generated_{next(numbers)}"
        made.append(name)
        source = folder / f"{name}.yaml"
        text = (
            textwrap.dedent(spec)
            if isinstance(spec, str)
            else yaml.safe_dump(spec, sort_keys=False)
        )
        source.write_text(text, encoding="utf-8")
        arguments = [
            "--spec",
            str(source),
            "--out",
            str(folder / name),
            "--package",
            name,
        ]
        assert main(arguments) == 0
        importlib.invalidate_caches()
        return importlib.import_module(name)

    sys.path.insert(0, str(folder))
    try:
        yield generate
    finally:
        sys.path.remove(str(folder))
        for module in [key for key in sys.modules if key.split(".")[0] in made]:
            del sys.modules[module]


def spec(name: str) -> str:
    """Return the document of a case."""
    return CASES.joinpath(name, "spec.yaml").read_text(encoding="utf-8")


def sent(
    package: ModuleType, group: str, method: str, *arguments: object, **keywords: object
) -> RequestParts:
    """Call a method, and return what its operation asks to be sent."""
    seen: list[Operation[object]] = []
    api = package.Api(seen.append)
    getattr(getattr(api, group), method)(*arguments, **keywords)
    return seen[0].call()


def read(path_item: object) -> list[PathOperation]:
    """Return the operations of a path."""
    spec = Document("spec.yaml", document({"/thing": path_item}), {})
    problems = Problems()
    found = list(path_operations(spec, problems))
    if problems.found:
        raise problems.found[0]
    return found
