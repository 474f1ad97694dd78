"""The public surface is written down, so that a change to it shows in review.

`python -m tests.unit.test_public_api` accepts the surface as it is.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import hipkit

RECORD = Path(__file__).resolve().parent.parent / "data" / "public_api.txt"


def test_the_public_names_are_the_recorded_ones() -> None:
    recorded = set(RECORD.read_text().splitlines())
    found = set(public_names())
    assert not found - recorded, "new: accept with python -m tests.unit.test_public_api"
    assert not recorded - found, "gone: a public name leaves in steps, see CONTRIBUTING"


def test_every_public_name_exists() -> None:
    for name in public_names():
        module, _, member = name.rpartition(".")
        assert hasattr(importlib.import_module(module), member), name


def test_type_checkers_see_the_names_of_hipkit_where_they_are() -> None:
    statements = ast.walk(ast.parse(Path(hipkit.__file__).read_text()))
    seen = {
        f"{each.module}.{name.name} as {name.asname}"
        for each in statements
        if isinstance(each, ast.ImportFrom)
        for name in each.names
        if name.asname
    }
    homes: dict[str, str] = vars(hipkit)["_HOME_OF"]
    assert seen == {f"{home}.{name} as {name}" for name, home in homes.items()}
    assert {*vars(hipkit)["__all__"]} <= {*dir(hipkit)}


def public_names() -> Iterator[str]:
    """Give every name that a module of hipkit lists in `__all__`, with its module."""
    modules = [
        found.name for found in pkgutil.walk_packages(hipkit.__path__, "hipkit.")
    ]
    for module in ["hipkit", *modules]:
        if module.endswith("__main__"):
            continue
        for name in getattr(importlib.import_module(module), "__all__", ()):
            yield f"{module}.{name}"


if __name__ == "__main__":
    RECORD.write_text("".join(f"{name}\n" for name in sorted(public_names())))
