"""Clearing local variables; `tests/contract/test_no_secret_in_frames.py` looks at real calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from hipkit.api.frames import clear_locals, clears_locals

SECRET = "s3cret"
FAILING = """
def fail(token):
    raise ValueError

async def fail_async(token):
    raise ValueError

def wrap(token):
    try:
        fail(token)
    except ValueError as error:
        raise LookupError from error
"""


def functions(module: str) -> dict[str, Callable[..., Any]]:
    """Return the failing functions as if `module` defined them."""
    namespace: dict[str, Any] = {"__name__": module}
    exec(FAILING, namespace)  # noqa: S102  # Only so do they have another module's name.
    return namespace


def frames(error: BaseException | None) -> Iterator[FrameType]:
    while error is not None:
        step = error.__traceback__
        while step is not None:
            yield step.tb_frame
            step = step.tb_next
        error = error.__cause__


def tokens(error: BaseException) -> list[object]:
    """Return the values of `token` in the frames of an error and its causes."""
    return [
        frame.f_locals["token"] for frame in frames(error) if "token" in frame.f_locals
    ]


def test_frames_of_an_error_and_of_its_cause_are_cleared() -> None:
    with pytest.raises(LookupError) as caught:
        functions("hipkit.client.made_up")["wrap"](SECRET)
    assert tokens(caught.value) == [SECRET] * 3
    clear_locals(caught.value)
    assert tokens(caught.value) == []


def test_frames_of_exceptions_in_a_group_are_cleared() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        functions("httpcore2")["fail"](SECRET)
    clear_locals(ExceptionGroup("several", [caught.value]))
    assert tokens(caught.value) == []


def test_frames_of_other_packages_keep_their_variables() -> None:
    with pytest.raises(LookupError) as caught:
        functions("hipkitten")["wrap"](SECRET)
    clear_locals(caught.value)
    assert tokens(caught.value) == [SECRET] * 3


def test_a_wrapped_function_that_fails_keeps_no_argument() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        clears_locals(functions("hipkit")["fail"])(SECRET)
    assert tokens(caught.value) == []
    arguments = [frame.f_locals.get("args") for frame in frames(caught.value)]
    assert (SECRET,) not in arguments


async def test_a_wrapped_coroutine_function_that_fails_keeps_no_argument() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        await clears_locals(functions("hipkit")["fail_async"])(SECRET)
    assert tokens(caught.value) == []


def test_a_wrapped_function_returns_its_result() -> None:
    assert clears_locals(len)("abc") == 3
