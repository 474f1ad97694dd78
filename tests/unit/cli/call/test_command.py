from __future__ import annotations

import pytest

from hipkit.api.catalog import Entry
from hipkit.cli.call.command import command_name
from hipkit.v2.catalog import OPERATIONS
from hipkit.v2.help import HELP
from tests.unit.cli.conftest import Hipkit, Server

NAMES = [command_name(entry) for entry in OPERATIONS]


@pytest.mark.parametrize("entry", OPERATIONS, ids=NAMES)
def test_the_help_explains_every_argument(entry: Entry, hipkit: Hipkit) -> None:
    ended = hipkit("call", command_name(entry), "--help")

    # Without spaces, because lines are filled to the width of a terminal.
    shown = "".join(ended.out.split())
    texts = HELP[entry.operation_id]
    assert ended.code == 0
    assert f"{entry.method}{entry.path}" in shown
    assert {*texts.arguments} == {*entry.load().__struct_fields__}
    for text in [
        entry.summary,
        *texts.details,
        *texts.notes,
        *texts.arguments.values(),
    ]:
        assert "".join(text.split()) in shown


def test_all_is_an_unknown_option_of_an_operation_that_returns_no_list(
    hipkit: Hipkit,
) -> None:
    assert hipkit("call", "get-room", "ops", "--all").code == 2


def test_the_list_has_every_operation(hipkit: Hipkit) -> None:
    ended = hipkit("call", "--list")
    assert [line.split()[0] for line in ended.out.splitlines()] == NAMES
    document = hipkit("call", "--list", "--json").json
    assert isinstance(document, list)
    assert [each["operation_id"] for each in document] == [
        entry.operation_id for entry in OPERATIONS
    ]


def test_operations_can_be_named_with_underscores(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer({"id": 1})

    assert hipkit("call", "get_room", "ops").code == 0
