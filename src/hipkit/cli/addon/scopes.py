"""Compare an add-on's scopes with what its code calls and what its tests used."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from hipkit.addon.addon import AddOn
from hipkit.addon.handlers.handler import Handler
from hipkit.api.operation import Operation
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.hipchat import HipChat
from hipkit.descriptors import Fault
from hipkit.v2.catalog import OPERATIONS
from hipkit.v2.integrations import (
    AddonUiUpdate,
    RoomAddonUiUpdate,
    UserAddonUiUpdate,
    UserInRoomAddonUiUpdate,
)

__all__ = ["USED_SCOPES", "find_scope_faults"]

USED_SCOPES = Path(".pytest_cache/v/hipkit/scopes")
"""Where the tests of an add-on leave the scopes that its calls used: JSON, a list for each key of
an add-on. It is the entry `hipkit/scopes` of pytest's cache."""

PLACE = "capabilities.hipchatApiConsumer.scopes"
PLACES = frozenset({"room", "user"})
PUSHES: Mapping[frozenset[str], type[Operation[None]]] = {
    frozenset(): AddonUiUpdate,
    frozenset({"room"}): RoomAddonUiUpdate,
    frozenset({"user"}): UserAddonUiUpdate,
    PLACES: UserInRoomAddonUiUpdate,
}
"""What `AddOn.push_glance` calls, by the places that are named to it."""
BY_ID = {entry.operation_id: entry for entry in OPERATIONS}


def find_scope_faults(addon: AddOn) -> Iterator[Fault]:
    """Yield scopes that are missing for what handlers call, and those that no test used.

    Seen are calls of clients, operations that are named, and pushes to glances; in a handler, and
    in functions that it calls by name, if both are of one module.
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
    """Yield the operations that a handler calls, each once, in the order of the source."""
    pending, seen = [inspect.unwrap(handler.function)], set[object]()
    found: dict[type[Operation[object]], None] = {}
    while pending:
        function = pending.pop(0)
        if function in seen:
            continue
        seen.add(function)
        names = getattr(function, "__globals__", {})
        for node in _nodes(function):
            operation = _operation(node, _clients(function), names)
            if operation is not None:
                found[operation] = None
            called = names.get(node.id) if isinstance(node, ast.Name) else None
            if inspect.isfunction(called) and called.__module__ == function.__module__:
                pending.append(called)
    yield from found


def _nodes(function: Callable[..., object]) -> list[ast.expr]:
    """Return the nodes of a function's source, in its order; none without a source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # There is none, or it is part of a line.
        return []
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    return sorted(nodes, key=lambda node: (node.lineno, node.col_offset))


def _clients(function: Callable[..., object]) -> set[str]:
    """Return the names of the parameters that receive a client."""
    try:
        parameters = inspect.signature(function, eval_str=True).parameters.values()
    except (NameError, SyntaxError, AttributeError, TypeError, ValueError):
        return set()
    kinds = (AsyncHipChat, HipChat)
    return {each.name for each in parameters if each.annotation in kinds}


def _operation(
    node: ast.expr, clients: Collection[str], names: Mapping[str, object]
) -> type[Operation[object]] | None:
    """Return the operation that a node of the source calls, or names."""
    match node:
        case ast.Attribute(attr=method) if method in BY_ID and _root(node) in clients:
            return BY_ID[method].load()
        case ast.Call(func=ast.Attribute(attr="push_glance"), keywords=keywords):
            return PUSHES[PLACES.intersection(each.arg for each in keywords)]
        case ast.Name(id=name):
            value = names.get(name)
            if isinstance(value, type) and issubclass(value, Operation):
                return value
    return None


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
