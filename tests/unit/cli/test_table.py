from __future__ import annotations

import pytest

from hipkit.cli.table import describe, table, write_table


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
