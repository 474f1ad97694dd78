"""What packages of both generators do with one document, as the page that compares them says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.compare_generators import Generator, compare, generators
from tests.spec.tools import PYTHON, run

PROGRAMS = Path(__file__).parent / "programs"
DOCUMENT = PROGRAMS / "features.yaml"
HIPKIT = {
    "query": "tags=a%2Cb&near%5Blat%5D=1.5&near%5Blon%5D=2.5",
    "key": "secret",
    "body": {"name": "Tom", "kind": "cat", "owner": None},
    "new value": "fish",
    "extra member": True,
    "union with discriminator": "Square",
    "union without": "dict",
    "bytes": "b'PK'",
    "error": "NotFoundError: Gone: Not here",
}
OTHER = {
    "query": "tags=a&tags=b&lat=1.5&lon=2.5",
    "key": "secret",
    "body": {"id": 0, "name": "Tom", "kind": "cat", "owner": None},
    "new value": "ValueError: 'fish' is not a valid PetKind",
    "extra member": True,
    "union with discriminator": "Square",
    "union without": "Cat",
    "bytes": None,
    "error": "Problem: Gone",
}


def facts(generator: Generator, folder: Path, python: Path, program: str) -> Any:
    """Return what a program finds out about the generator's package."""
    outcome = compare(generator, DOCUMENT, folder)
    assert outcome.imports
    path = {"PYTHONPATH": str(folder)}
    done = run(folder, python, PROGRAMS / program, settings=path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def both() -> list[Generator]:
    return generators()


def test_of_hipkits_generator(both: list[Generator], tmp_path: Path) -> None:
    python = Path(sys.executable)
    assert facts(both[0], tmp_path, python, "ask_hipkit.py") == HIPKIT


def test_of_openapi_python_client(both: list[Generator], tmp_path: Path) -> None:
    assert facts(both[1], tmp_path, PYTHON, "ask_other.py") == OTHER
