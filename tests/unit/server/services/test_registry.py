"""Tests of the registry: one handler for an operation, which takes that very operation."""

from __future__ import annotations

import pytest

from hipkit.server.services.context import Context
from hipkit.server.services.registry import HANDLERS, handles
from hipkit.v2.rooms import DeleteRoom, DeleteRoomAvatar, GetRoom


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in list(HANDLERS):
        monkeypatch.delitem(HANDLERS, kind)


async def delete(context: Context, request: DeleteRoom | DeleteRoomAvatar) -> None:
    """Stand in for a service."""


def test_a_service_may_handle_every_operation_that_it_takes() -> None:
    handles(DeleteRoom)(handles(DeleteRoomAvatar)(delete))

    assert dict(HANDLERS) == {DeleteRoom: delete, DeleteRoomAvatar: delete}


def test_a_service_that_takes_another_operation_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="GetRoom cannot be handled by"):
        handles(GetRoom)(delete)  # type: ignore[arg-type]  # its result differs as well

    assert HANDLERS == {}


def test_a_second_handler_for_an_operation_is_a_type_error() -> None:
    handles(DeleteRoom)(delete)

    with pytest.raises(TypeError, match="DeleteRoom cannot be handled by"):
        handles(DeleteRoom)(delete)
