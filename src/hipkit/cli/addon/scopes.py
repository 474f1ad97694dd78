"""Compare an add-on's scopes with what its code calls and what its tests used."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from hipkit.addon.addon import AddOn
from hipkit.addon.handlers.handler import Handler
from hipkit.api.operation import Operation
from hipkit.client.async_client import AsyncHipChat
from hipkit.client.client import HipChat
from hipkit.descriptors import Fault
from hipkit.v2.catalog import OPERATIONS

__all__ = ["USED_SCOPES", "find_scope_faults"]

USED_SCOPES = Path(".pytest_cache/v/hipkit/scopes")
"""Where the tests of an add-on leave the scopes that its calls used: JSON, a list for each key of
an add-on. It is the entry `hipkit/scopes` of pytest's cache."""

PLACE = "capabilities.hipchatApiConsumer.scopes"
BY_ID = {entry.operation_id: entry for entry in OPERATIONS}


def find_scope_faults(addon: AddOn) -> Iterator[Fault]:
    """Yield scopes that are missing for what handlers call, and those that no test used.

    Calls of the client that a handler receives are seen, and operations that it names; those of
    other functions are not.
    """
    declared = addon.identity.scopes
    for handler in _handlers(addon):
        for operation in _operations(handler):
            if operation.scopes and set(operation.scopes).isdisjoint(declared):
                name = operation.operation_id
                yield Fault(
                    place=PLACE,
                    problem=f"lack what {name} needs, which {handler.key} calls",
                    remedy=f"Add {' or '.join(operation.scopes)}.",
                    severity="warning",
                )
    used = _used_in_tests(addon.identity.key)
    if used is None:
        return
    for number, scope in enumerate(declared):
        if scope not in used:
            yield Fault(
                place=f"{PLACE}[{number}]",
                problem=f"is {scope}, which no test used",
                remedy="Remove it, or test what needs it.",
                severity="warning",
            )


def _handlers(addon: AddOn) -> Iterator[Handler]:
    registry = addon.registry
    yield from registry.handlers.values()
    yield from registry.views.values()
    for handlers in registry.changes.values():
        yield from handlers


def _operations(handler: Handler) -> Iterator[type[Operation[object]]]:
    """Yield the operations that a handler's source names, each once."""
    function = inspect.unwrap(handler.function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # There is none, or it is part of a line.
        return
    clients = {
        name
        for name, kind in handler.injected.items()
        if kind in (AsyncHipChat, HipChat)
    }
    names = getattr(function, "__globals__", {})
    found: dict[type[Operation[object]], int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=method) if (
                method in BY_ID and _root(node) in clients
            ):
                found.setdefault(BY_ID[method].load(), node.lineno)
            case ast.Name(id=name):
                value = names.get(name)
                if isinstance(value, type) and issubclass(value, Operation):
                    found.setdefault(value, node.lineno)
    yield from sorted(found, key=found.__getitem__)


def _root(node: ast.expr) -> str | None:
    """Return the name at the beginning of `client.rooms.get_room`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _used_in_tests(key: str) -> frozenset[str] | None:
    try:
        recorded = json.loads(USED_SCOPES.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    used = recorded.get(key) if isinstance(recorded, dict) else None
    if not isinstance(used, list):
        return None
    return frozenset(scope for scope in used if isinstance(scope, str))
