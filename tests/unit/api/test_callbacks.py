from __future__ import annotations

from functools import partial

import pytest

from hipkit.api.callbacks import check_callback, is_async


async def awaited() -> None: ...


class Awaited:
    async def __call__(self) -> None: ...


@pytest.mark.parametrize("function", [awaited, partial(awaited), Awaited()])
def test_async_functions_of_every_kind_are_rejected(function: object) -> None:
    assert is_async(function)
    with pytest.raises(TypeError, match="on_x must be a plain function, not an async"):
        check_callback("on_x", function)


def test_plain_functions_and_none_are_accepted() -> None:
    assert not is_async(print)
    for function in (None, print, partial(print)):
        check_callback("on_x", function)


def test_what_cannot_be_called_is_rejected() -> None:
    assert not is_async(3)
    with pytest.raises(TypeError, match="on_x must be a function"):
        check_callback("on_x", 3)
