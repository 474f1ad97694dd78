"""Records and the values of statements."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.session import given_id, in_parts
from tests.contract.storage.filling import (
    add_group,
)


async def test_a_record_does_not_show_its_columns(database: Database) -> None:
    group_id = await add_group(database, "Secret Group")

    assert "Secret" not in repr(await database.stores.groups.get(group_id))


@given(st.lists(st.integers(0, 3000), max_size=2000))
def test_parts_hold_every_value_in_few_sizes(values: list[int]) -> None:
    parts = list(in_parts(values))

    assert {value for _, part in parts for value in part} == set(values)
    for marks, part in parts:
        assert marks.count("?") == len(part) <= 512
        # Few statements differ: every size is a power of two.
        assert len(part).bit_count() == 1


def test_an_id_is_inserted_only_where_it_is_given() -> None:
    assert given_id(7) == ("id, ", "?, ", (7,))
    assert given_id(None) == ("", "", ())
