from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from hipkit.addon.dispatch.calling import call_function, call_handler
from hipkit.addon.handlers.handler import read_handler
from hipkit.addon.installations.installation import Installation


class Fatal(BaseException):
    """As pytest's own failures are."""


NAME: ContextVar[str] = ContextVar("name")


def call(function: Callable[..., object]) -> object:
    async def run() -> object:
        NAME.set("karma")
        with ThreadPoolExecutor(1) as threads:
            handler = read_handler(function, Installation, key="f")
            return await call_handler(handler, None, {}, threads)

    return asyncio.run(run())


def test_an_async_handler_runs_in_the_loop() -> None:
    async def handle(_: Installation) -> object:
        return threading.current_thread() is threading.main_thread(), NAME.get()

    assert call(handle) == (True, "karma")


def test_another_handler_runs_in_a_thread_with_its_context() -> None:
    def handle(_: Installation) -> object:
        return threading.current_thread() is threading.main_thread(), NAME.get()

    assert call(handle) == (False, "karma")


def test_an_awaitable_is_awaited_whatever_returned_it() -> None:
    async def slow() -> str:
        return "done"

    assert call(lambda _: slow()) == "done"


def test_what_a_handler_raises_is_raised() -> None:
    def stop(_: Installation) -> None:
        raise StopIteration

    def fail(_: Installation) -> None:
        raise KeyError("x")

    # A future cannot hold a StopIteration: awaiting it would never end.
    with pytest.raises(RuntimeError, match="StopIteration"):
        call(stop)
    with pytest.raises(KeyError):
        call(fail)


@pytest.mark.parametrize(
    "error", [SystemExit(2), asyncio.CancelledError(), CancelledError(), Fatal()]
)
def test_nothing_that_a_handler_raises_ends_the_add_on(error: BaseException) -> None:
    def fail(_: Installation) -> None:
        raise error

    async def fail_async(_: Installation) -> None:
        raise error

    for function in (fail, fail_async):
        with pytest.raises((RuntimeError, CancelledError)):
            call(function)


@pytest.mark.parametrize("error", [GeneratorExit(), KeyboardInterrupt()])
def test_nothing_that_a_handler_raises_in_a_thread_is_for_the_loop(
    error: BaseException,
) -> None:
    def fail(_: Installation) -> None:
        raise error

    with pytest.raises(RuntimeError, match=type(error).__name__):
        call(fail)


def test_plain_functions_are_called_in_the_same_way() -> None:
    async def run() -> list[object]:
        async def slow(value: object) -> object:
            return value

        with ThreadPoolExecutor(1) as threads:
            return [
                await call_function(slow, 1, is_async=True, threads=threads),
                await call_function(str, 2, is_async=False, threads=threads),
            ]

    assert asyncio.run(run()) == [1, "2"]
