"""A test here waits for an event, never for a time: what pauses is listed, with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PAUSES = {
    "driver.wait_until": "looks again and again for an event, and fails without it",
    "scripted_server.be_late": "only where HIPKIT_LATE_SECONDS asks for it",
    "scripted_server.Connection.pause": "slowness itself, for the functions below",
    "scripted_server.Connection.drip": "an answer that comes slowly",
    "test_what_goes_wrong.slow_steps": "a body that takes longer than any silence",
    "test_what_goes_wrong.test_the_deadline_ends_a_request_that_is_taken_slowly.slow": (
        "a server that reads slowly"
    ),
    "test_what_goes_wrong.BROKEN": "a reset may overtake what was sent before it",
    "test_connections.test_a_connection_is_not_kept_longer_than_configured": "the age of one",
    "test_connections.test_libcurl_counts_the_age_of_a_connection_in_whole_seconds": (
        "the age of one"
    ),
}
EVENTS_END = "PATIENCE_SECONDS"
"""How long to wait for an event; any other number would be a pause."""


def pauses(tree: ast.AST, place: str) -> Iterator[str]:
    """Yield the place of everything that lets time pass, or names what does."""
    for node in ast.iter_child_nodes(tree):
        inner = place
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = f"{place}.{node.name}"
        elif isinstance(node, ast.Assign) and place.count(".") == 0:
            inner = f"{place}.{ast.unparse(node.targets[0])}"
        if is_pause(node):
            yield inner
        yield from pauses(node, inner)


def is_pause(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="pause"):
            return True
        case ast.Call(func=ast.Attribute(attr="sleep") | ast.Name(id="sleep")):
            return ast.unparse(node).partition("(")[2] != "0)"
        case ast.Call(
            func=ast.Attribute(attr="wait"), args=[*given], keywords=[*named]
        ):
            ends = [ast.unparse(one) for one in given + [word.value for word in named]]
            return any(end != EVENTS_END for end in ends)
    return False


def test_nothing_pauses_but_what_is_listed() -> None:
    found = {
        place
        for path in Path(__file__).parent.glob("*.py")
        for place in pauses(ast.parse(path.read_text(encoding="utf-8")), path.stem)
    }
    assert found == PAUSES.keys()


@pytest.mark.parametrize(
    "pause",
    ["time.sleep(1)", "sleep(0.1)", "over.wait(0.1)", "e.wait(timeout=1)", "c.pause()"],
)
def test_a_new_pause_is_found(pause: str) -> None:
    assert list(pauses(ast.parse(f"def test():\n    {pause}"), "new")) == ["new.test"]


@pytest.mark.parametrize(
    "code", ["asyncio.sleep(0)", "over.wait()", "left.wait(PATIENCE_SECONDS)"]
)
def test_waiting_for_an_event_is_no_pause(code: str) -> None:
    assert list(pauses(ast.parse(code), "new")) == []
