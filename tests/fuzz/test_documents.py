"""Documents gone wrong: the generator takes them or refuses them, and never fails otherwise."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.check import check
from codegen.document import Document, SpecError
from codegen.load import load
from codegen.plan import plan

CASES = sorted(Path(__file__).parent.parent.glob("codegen/cases/*/spec.yaml"))
DOCUMENTS = [load(path).value for path in CASES]

VALUES: list[object] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "\n", "{a}", "#/", "null"),
    *([], [None], ["x"], [1], [{}], [[]], ["string", "null"]),
    *({}, {"x": 1}, {"$ref": "#/paths"}, {"$ref": 1}, {"type": "object"}),
    *({"allOf": []}, {"allOf": [True]}, {"oneOf": []}, {"enum": []}, {"items": {}}),
]
KEYS = (
    "$ref allOf default enum format in items name nullable oneOf properties required schema tags"
    " type x-from-path x-python-name x-required-when x-secret"
)


@given(st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=200)
def test_any_value_in_the_place_of_another_is_taken_or_refused(
    chance: random.Random, changes: int
) -> None:
    value = copy.deepcopy(chance.choice(DOCUMENTS))
    for _ in range(changes):
        owner = chance.choice(list(_containers(value)))
        if isinstance(owner, dict):
            key = chance.choice([*owner, chance.choice(KEYS.split())])
            owner[key] = copy.deepcopy(chance.choice(VALUES))
        elif owner:
            owner[chance.randrange(len(owner))] = copy.deepcopy(chance.choice(VALUES))

    _generate(Document("document", value, {}))


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
        document = Document("document", copy.deepcopy(value), {})
        check(document)
        plan(document, "package", "document", "command")


def _generate(document: Document) -> None:
    with contextlib.suppress(SpecError):
        check(document)
        plan(document, "package", "document", "command")


def _containers(value: object) -> Iterator[dict[str, object] | list[object]]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)
