"""Documents gone wrong: the generator takes them or refuses them, and never fails otherwise."""

from __future__ import annotations

import contextlib
import copy
import importlib
import itertools
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.planning.package import Package
from codegen.planning.plan import plan
from codegen.reading.document import Document, SpecError
from codegen.reading.load import load
from codegen.reading.problems import Problems
from codegen.writing.render import render

TESTS = Path(__file__).parent.parent / "codegen"
CASES = sorted(
    [*TESTS.glob("cases/*/spec.yaml"), *TESTS.glob("sampling/documents/*.yaml")]
)
DOCUMENTS = [load(path).value for path in CASES]

VALUES: list[object] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "\n", "{a}", "#/", "null"),
    *([], [None], ["x"], [1], [{}], [[]], ["string", "null"]),
    *({}, {"x": 1}, {"$ref": "#/paths"}, {"$ref": 1}, {"type": "object"}),
    *({"allOf": []}, {"allOf": [True]}, {"oneOf": []}, {"enum": []}, {"items": {}}),
]
NUMBERS = itertools.count(1)
"""Of packages, each of which is imported under a name of its own."""
KEYS = (
    "$ref additionalProperties allOf anyOf const content default discriminator enum explode format"
    " in items name nullable oneOf operationId parameters properties readOnly required requestBody"
    " responses schema security servers style summary tags type writeOnly x-from-path x-python-name"
    " x-required-when x-secret"
)
NAMES = (
    "",
    "class",
    "self",
    "None",
    "a b",
    "é",
    "2",
    "__init__",
    "x" * 300,
    "{id}",
    "\n",
)
"""What a member may be called, and no module, class or argument."""


@given(st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=200)
def test_any_value_in_the_place_of_another_is_taken_or_refused(
    chance: random.Random, changes: int
) -> None:
    _generate(Document("document", _changed(chance, changes), {}))


@given(st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_what_is_left_of_a_document_gone_wrong_can_be_imported(
    chance: random.Random, changes: int
) -> None:
    document = Document("document", _changed(chance, changes), {})
    with contextlib.suppress(SpecError), tempfile.TemporaryDirectory() as folder:
        name = f"left_{next(NUMBERS)}"
        for path, text in render(_plan(document, Problems(), name)).items():
            file = Path(folder, name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        _import_all(folder, name)


def _import_all(folder: str, name: str) -> None:
    """Import a package with every name that it has, and forget it."""
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        package = importlib.import_module(name)
        for public in package.__all__:
            getattr(package, public)
        for operation in importlib.import_module(f"{name}.catalog").OPERATIONS:
            operation.load()
    finally:
        sys.path.remove(folder)
        for module in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[module]


def _changed(chance: random.Random, changes: int) -> object:
    """Return a document with some values in the places of others, renamed, or gone."""
    value = copy.deepcopy(chance.choice(DOCUMENTS))
    for _ in range(changes):
        owner = chance.choice(list(_containers(value)))
        if isinstance(owner, dict):
            _change_member(chance, owner)
        elif owner:
            owner[chance.randrange(len(owner))] = _another(chance)
    return value


def _change_member(chance: random.Random, owner: dict[str, object]) -> None:
    key = chance.choice([*owner, chance.choice(KEYS.split())])
    match chance.randrange(4):
        case 0:
            owner.pop(key, None)
        case 1 if key in owner:
            owner[chance.choice([*KEYS.split(), *NAMES])] = owner.pop(key)
        case _:
            owner[key] = _another(chance)


def _another(chance: random.Random) -> object:
    """Return a small value, or a part of some document."""
    if chance.random() < 0.5:
        return copy.deepcopy(chance.choice(VALUES))
    return copy.deepcopy(chance.choice(list(_containers(chance.choice(DOCUMENTS)))))


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.lists(
        st.sampled_from(
            [*"[]{},:-&*!|>'\"#%@` \n\t", "a", "<<", "a: ", "- ", "&a ", "*a", "---\n"]
        )
    ).map(lambda chunks: "".join(chunks).encode())
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "document.yaml"
    path.write_bytes(content)

    with contextlib.suppress(SpecError):
        _generate(load(path))


def test_the_documents_are_good_before_they_go_wrong() -> None:
    for value in DOCUMENTS:
        problems = Problems()
        _plan(Document("document", copy.deepcopy(value), {}), problems)
        assert problems.found == []


def _generate(document: Document) -> None:
    with contextlib.suppress(SpecError):
        _plan(document, Problems())
        _plan(document, Problems(strict=True))


def _plan(document: Document, problems: Problems, name: str = "package") -> Package:
    return plan(document, problems, package=name, source="document", command="command")


def _containers(value: object) -> Iterator[dict[str, object] | list[object]]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)
