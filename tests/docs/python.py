"""Runs the Python blocks of the docs, and the tests that they define."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

import pytest
from sybil import Example
from sybil.evaluators.python import PythonEvaluator

from hipkit.testing import HipChatServer

evaluate = PythonEvaluator()


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
    with HipChatServer() as hipchat, pytest.MonkeyPatch.context() as monkeypatch:
        fixtures = {"hipchat": hipchat, "monkeypatch": monkeypatch}
        wanted = inspect.signature(function).parameters
        outcome = function(**{name: fixtures[name] for name in wanted})
        if inspect.iscoroutine(outcome):
            asyncio.run(outcome)
