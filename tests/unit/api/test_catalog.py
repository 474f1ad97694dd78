"""The table of operations."""

from __future__ import annotations

import pytest

from hipkit.api.catalog import load_operation
from hipkit.v2 import GetRoom
from hipkit.v2.catalog import OPERATIONS


def test_an_operation_is_loaded_by_its_id() -> None:
    assert load_operation(OPERATIONS, "get_room") is GetRoom


def test_an_unknown_id_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="get_moon"):
        load_operation(OPERATIONS, "get_moon")
