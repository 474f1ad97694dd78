"""Modules that contradict each other or themselves: keys, targets, webhooks, dialogs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from hipkit.api.suggestions import did_you_mean
from hipkit.descriptors.checks.findings import (
    Finding,
    Path,
    error,
    member,
    modules,
    quoted,
    warning,
)
from hipkit.descriptors.modules import MODULES, OPENED
from hipkit.descriptors.patterns import find_problem
from hipkit.v2.webhooks import EVENTS

__all__ = ["find_module_faults"]

WITHOUT_TEXT = frozenset(EVENTS) - {"room_message", "room_notification"}
"""Events that have no text which a pattern could match."""

SIZE = re.compile(r"\d+(?:\.\d+)?(?:px|%)")


def find_module_faults(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield what is wrong with modules that fit the schema, each on its own and together."""
    yield from _repeated_keys(document, MODULES, warning)
    # Servers know a webhook by its key alone, and a view by its kind and key.
    yield from _repeated_keys(document, ("webhook",), error)
    yield from _targets(document)
    yield from _webhooks(document)
    yield from _dialog_sizes(document)


def _keyed(
    document: Mapping[str, object], kinds: Iterable[str]
) -> Iterator[tuple[Path, str]]:
    for kind in kinds:
        for path, module in modules(document, kind):
            key = module.get("key")
            if isinstance(key, str):
                yield path, key


def _repeated_keys(
    document: Mapping[str, object],
    kinds: Iterable[str],
    fault: Callable[[Path, str, str], Finding],
) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for path, key in _keyed(document, kinds):
        if key in first:
            other = ".".join(map(str, first[key][1:2]))
            problem = f"is {quoted(key)}, which another {other} has too"
            yield fault((*path, "key"), problem, "Choose a key of its own.")
        first.setdefault(key, path)


def _targets(document: Mapping[str, object]) -> Iterator[Finding]:
    opened = {key for _, key in _keyed(document, OPENED)}
    glances = {key for _, key in _keyed(document, ("glance",))}
    prefix = f"{document.get('key')}:"
    for kind in ("action", "glance"):
        for path, module in modules(document, kind):
            target = module.get("target")
            place: Path = (*path, "target")
            if isinstance(target, Mapping):
                place, target = (*place, "key"), target.get("key")
            if not isinstance(target, str):
                continue
            key = target.removeprefix(prefix)
            if key in opened:
                continue
            if kind == "action" and key in glances:
                if place[-1] == "target":
                    continue
                problem = "is a glance, which only a text as target can open"
                yield warning(place, problem, f'Write "target": {quoted(key)}.')
                continue
            meant = did_you_mean(key, opened).rstrip(".")
            remedy = "Use the key of a webPanel, dialog or externalPage."
            yield warning(place, f"is {quoted(key)}, which is no module{meant}", remedy)


def _webhooks(document: Mapping[str, object]) -> Iterator[Finding]:
    if member(document, "capabilities", "webhook"):
        problem = "is one object instead of a list"
        yield warning(
            ("capabilities", "webhook"), problem, "Put it in square brackets."
        )
    for path, webhook in modules(document, "webhook"):
        if webhook.get("authentication", "none") == "none":
            problem = "is not signed, so anybody can post to it"
            yield warning(path, problem, 'Add "authentication": "jwt".')
        pattern = webhook.get("pattern")
        if not isinstance(pattern, str):
            continue
        place = (*path, "pattern")
        event = webhook.get("event")
        if isinstance(event, str) and event in WITHOUT_TEXT:
            problem = f"has no effect for {event}"
            yield warning(place, problem, "Remove it; it is for room_message.")
        problem_of_pattern = find_problem(pattern)
        if problem_of_pattern is not None:
            remedy = "Write it in the syntax of Python's re, and not too large."
            yield error(place, problem_of_pattern, remedy)


def _dialog_sizes(document: Mapping[str, object]) -> Iterator[Finding]:
    for path, dialog in modules(document, "dialog"):
        for name, value in member(dialog, "options", "size").items():
            if name not in ("width", "height") or not isinstance(value, str):
                continue
            if SIZE.fullmatch(value) is None:
                place = (*path, "options", "size", name)
                remedy = 'Write a number with a unit, such as "400px" or "60%".'
                yield warning(place, f"is {quoted(value)}", remedy)
