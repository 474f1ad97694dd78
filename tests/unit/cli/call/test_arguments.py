from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import click
import msgspec
import pytest

from hipkit.api.catalog import Entry
from hipkit.cli.call.arguments import build
from hipkit.cli.call.command import OperationCommand, command_name
from hipkit.cli.inputs import Listed
from hipkit.cli.options import Settings, global_options
from hipkit.v2.catalog import OPERATIONS
from tests.unit.cli.conftest import Hipkit, Server

NOWHERE = click.Context(click.Command("nothing"))


NAMES = [command_name(entry) for entry in OPERATIONS]


def sample(parameter: click.Parameter, path: Path) -> tuple[str, ...]:
    """What may stand on the command line for a parameter."""
    kind = parameter.type
    if isinstance(kind, click.Choice):
        text = str(kind.choices[0])
    elif isinstance(kind, click.Path):
        text = str(path)
    elif kind is click.INT or kind.name == "id":
        text = "7"
    elif kind.name == "date":
        text = "2016-09-09T12:00:00+00:00"
    elif kind.name == "json":
        text = '{"value": "x"}'
    elif kind.name == "true|false|null":
        text = "true"
    elif isinstance(kind, Listed):
        text = next(
            (item.value for item in kind.shell_complete(NOWHERE, parameter, "")), "word"
        )
    else:
        text = "word"
    if isinstance(parameter, click.Argument):
        return (text,)
    flag = parameter.opts[0]
    return (flag,) if parameter.secondary_opts else (flag, text)


@pytest.mark.parametrize("entry", OPERATIONS, ids=NAMES)
def test_every_argument_of_every_operation_can_be_given(
    entry: Entry, tmp_path: Path
) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"picture")
    command = OperationCommand(entry)
    own = [each for each in command.params if not each.name.startswith("cli_")]
    arguments = [text for each in own for text in sample(each, file)]

    with (
        ExitStack() as stack,
        command.make_context("x", arguments, obj=Settings()) as context,
    ):
        operation = build(command.kind, context.params, stack)
        operation.call()

    for field in msgspec.structs.fields(type(operation)):
        assert field.required or getattr(operation, field.name) != field.default
    assert {each.name for each in own} == set(operation.__struct_fields__)


@pytest.mark.parametrize("entry", OPERATIONS, ids=NAMES)
def test_the_options_of_an_operation_have_different_names(entry: Entry) -> None:
    command = OperationCommand(entry)
    flags = [
        flag
        for each in [*command.params, *global_options()]
        if isinstance(each, click.Option)
        for flag in (*each.opts, *each.secondary_opts)
    ]

    assert len(flags) == len(set(flags))


def test_path_arguments_are_percent_encoded(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    hipkit("call", "get-room", "007/../x %2F#?é")

    assert server.requests[0].target == "/v2/room/007%2F..%2Fx%20%252F%23%3F%C3%A9"


def test_options_become_query_parameters(server: Server, hipkit: Hipkit) -> None:
    server.answer({"items": []})

    hipkit(
        "call", "get-all-rooms", "--max-results", "5", "--no-include-private",
        "--expand", "items.owner,items", "--expand", "more",
    )  # fmt: skip

    assert server.requests[0].target == (
        "/v2/room?max-results=5&include-private=false&expand=items.owner%2Citems%2Cmore"
    )


def test_json_options_accept_files_and_null(
    server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    card = {"style": "link", "id": "1", "title": "T", "unknown": [1]}
    path = tmp_path / "card.json"
    path.write_text(json.dumps(card))
    call = "call", "send-room-notification", "ops", "--message", "x"

    hipkit(*call, "--card", f"@{path}")
    assert server.sent == {"message": "x", "card": card}
    hipkit(*call, "--card", "null")
    assert server.sent == {"message": "x", "card": None}
    hipkit(*call)
    assert server.sent == {"message": "x"}


def test_ids_are_sent_as_numbers_if_they_are_digits(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer({"id": 1})
    call = "call", "create-room", "--name", "7", "--owner-user-id"

    hipkit(*call, "7")
    assert server.sent == {"name": "7", "owner_user_id": 7}
    hipkit(*call, "@ann")
    assert server.sent == {"name": "7", "owner_user_id": "@ann"}


def test_a_secret_can_be_read_from_a_file_or_standard_input(
    server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("other-token\n")

    hipkit("call", "delete-session", f"@{path}")
    hipkit("call", "delete-session", "-", stdin=b"third-token\n")

    assert [each.target.rpartition("/")[2] for each in server.requests] == [
        "other-token",
        "third-token",
    ]
