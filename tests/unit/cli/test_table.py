from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hipkit.cli.table import align, describe, table, write_table


def test_an_object_is_described_in_lines_of_name_and_value() -> None:
    room = {
        "id": 7,
        "name": "ops",
        "is_archived": False,
        "topic": "one\ntwo",
        "owner": {"name": "Ann", "links": {"self": "x"}},
        "scopes": ["a", "b"],
        "statistics": {"links": {"self": "x"}},
    }

    assert describe(room).splitlines() == [
        "id: 7",
        "name: ops",
        "is_archived: no",
        "topic:",
        "  one",
        "  two",
        "owner:",
        "  name: Ann",
        "scopes: a, b",
    ]


def test_a_table_aligns_wide_letters_and_cuts_long_texts() -> None:
    lines = table(
        [{"id": 1, "name": "会議室"}, {"id": 22, "name": "x" * 99}]
    ).splitlines()

    assert lines[0] == "ID  NAME"
    assert lines[1] == "1   会議室"
    assert lines[2].endswith("xxx...")
    assert len(lines[2]) == 64


def test_an_empty_table_is_a_note_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_table([])
    assert capsys.readouterr() == ("", "hipkit: nothing found\n")
    write_table([{"id": 1}])
    assert capsys.readouterr() == ("ID\n1\n", "")


CELLS = st.text(st.sampled_from("ab日é\u0301 "), max_size=40)


@given(st.lists(st.lists(CELLS, max_size=4), max_size=6), st.integers(40, 90))
def test_no_aligned_line_is_wider_than_wanted_and_no_letter_is_lost(
    rows: list[list[str]], width: int
) -> None:
    lines = align(rows, width)

    assert all(cell_len(line) <= width for line in lines)
    typed = sorted("".join(cell for row in rows for cell in row).replace(" ", ""))
    assert sorted("".join(lines).replace(" ", "")) == typed


def test_very_long_tables_and_rows_are_not_aligned() -> None:
    assert align([["a", "b"]] * 3_000, 80)[-1] == "a | b"
    assert align([["x" * 9] * 5_000], 80) == [" | ".join(["x" * 9] * 5_000)]
    assert align([], 80) == []
