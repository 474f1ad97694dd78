"""Conditions that cannot hold, or are nested too deeply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hipkit.descriptors.checks.findings import (
    Finding,
    Path,
    error,
    modules,
    warning,
)
from hipkit.descriptors.conditions import DEEPEST, OF_MESSAGES
from hipkit.descriptors.javascript import to_python
from hipkit.descriptors.modules import MODULES
from hipkit.descriptors.patterns import find_problem

__all__ = ["find_condition_faults"]

COMPARISONS = ("eq", "lt", "gt")
WITH_METADATA = ("card_matches", "glance_matches")


def find_condition_faults(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield what is wrong with conditions that the schema allows."""
    for kind in MODULES:
        for path, module in modules(document, kind):
            found = module.get("conditions")
            is_of_input = module.get("location") == "hipchat.input.action"
            for place, condition in _tests((*path, "conditions"), found, DEEPEST):
                if condition is None:
                    problem = f"is nested in more than {DEEPEST} others"
                    remedy = "Combine the conditions in fewer levels."
                    yield error(place, problem, remedy)
                    continue
                if is_of_input and condition.get("condition") in OF_MESSAGES:
                    problem = "never holds, as the input field has no message"
                    remedy = "Remove it, or use hipchat.message.action."
                    yield warning(place, problem, remedy)
                yield from _check_params(place, condition)


def _tests(
    path: Path, conditions: object, levels: int
) -> Iterator[tuple[Path, Mapping[str, object] | None]]:
    """Yield the tests with their places; `None` in place of what is nested too deeply."""
    if not isinstance(conditions, list):
        return
    for number, condition in enumerate(conditions):
        if not isinstance(condition, Mapping):
            continue
        place = (*path, number)
        if "conditions" not in condition:
            yield place, condition
        elif levels == 0:
            yield place, None
        else:
            inner = condition["conditions"]
            yield from _tests((*place, "conditions"), inner, levels - 1)


def _check_params(path: Path, condition: Mapping[str, object]) -> Iterator[Finding]:
    name, params = condition.get("condition"), condition.get("params", {})
    if not isinstance(params, Mapping):
        return
    place = (*path, "params")
    if name == "message_matches" and "regex" in params:
        problem = _expression_problem(params["regex"])
        if problem is not None:
            remedy = (
                'Write {"pattern": "...", "flags": "i"}, in the syntax of JavaScript.'
            )
            yield warning((*place, "regex"), f"{problem}, so it never holds", remedy)
    needs_metadata = name == "glance_matches" or "metadata" in params
    if name not in WITH_METADATA or not needs_metadata:
        return
    if not _are_comparisons(params.get("metadata")):
        problem = f"of {name} have no comparisons, so it never holds"
        remedy = 'Write {"metadata": [{"attr": "count", "gt": 0}]}, with eq, lt or gt.'
        yield warning(place, problem, remedy)


def _expression_problem(expression: object) -> str | None:
    match expression:
        case {"pattern": str(pattern), **others}:
            flags = others.get("flags") or ""
            if not isinstance(flags, str):
                return "has flags that are no text"
            try:
                return find_problem(to_python(pattern, flags))
            except ValueError as problem:
                return f"is not a regular expression: {problem}"
    return "has no pattern"


def _are_comparisons(metadata: object) -> bool:
    return isinstance(metadata, list) and all(
        isinstance(each, Mapping)
        and isinstance(each.get("attr"), str)
        and any(name in each for name in COMPARISONS)
        for each in metadata
    )
