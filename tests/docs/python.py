"""Runs the Python blocks of the docs, and the tests that they define."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import pytest
from sybil import Example
from sybil.evaluators.python import PythonEvaluator

from hipkit.testing import HipChatServer
from hipkit.testing.addons import AddOnHost

evaluate = PythonEvaluator()
FIXTURES: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "addon_host": AddOnHost,
    "hipchat": HipChatServer,
    "monkeypatch": pytest.MonkeyPatch.context,
}


def run_python(example: Example) -> None:
    """Execute a block; then run each function `test_...` of it, as pytest would."""
    __tracebackhide__ = True
    before = set(example.namespace)
    evaluate(example)
    for name in example.namespace.keys() - before:
        if name.startswith("test_"):
            run_test(example.namespace[name])


def run_test(function: Callable[..., object]) -> None:
    """Call a test with the fixtures that it asks for, of those that pages use."""
    with ExitStack() as closing:
        wanted = inspect.signature(function).parameters
        fixtures = {name: closing.enter_context(FIXTURES[name]()) for name in wanted}
        outcome = function(**fixtures)
        if inspect.iscoroutine(outcome):
            asyncio.run(outcome)
