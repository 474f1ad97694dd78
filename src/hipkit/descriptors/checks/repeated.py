"""Members that a document has twice: of JSON's readers, each may take another one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from hipkit.api.bodies.json_grammar import BOM
from hipkit.descriptors.checks.findings import Finding, Path, warning

__all__ = ["find_repeated_members"]


def find_repeated_members(body: bytes) -> Iterator[Finding]:
    """Yield members whose name is repeated in their object.

    Raises:
        RecursionError: The document is nested too deeply.
    """
    repeated: dict[int, list[str]] = {}

    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        built = dict(pairs)
        if len(built) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            # By identity: the objects stay alive until the document was walked through.
            repeated[id(built)] = [name for name in counts if counts[name] > 1]
        return built

    try:
        document = json.loads(body.removeprefix(BOM), object_pairs_hook=build)
    except (
        ValueError
    ):  # Such as a number of thousands of digits, which is read otherwise.
        return
    if not repeated:
        return
    pending: list[tuple[Path, object]] = [((), document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            for name in repeated.get(id(value), ()):
                problem = "is written twice, and only the last one counts"
                yield warning((*path, name), problem, "Remove one of the two.")
            pending += [((*path, name), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            pending += [((*path, number), each) for number, each in enumerate(value)]
