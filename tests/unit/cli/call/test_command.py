from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import click
import msgspec
import pytest

from hipkit.api.catalog import Entry
from hipkit.cli.call.command import OperationCommand, command_name
from hipkit.cli.inputs import Listed
from hipkit.cli.options import Settings, global_options
from hipkit.transports.protocol import RawResponse
from hipkit.v2.catalog import OPERATIONS
from hipkit.v2.help import HELP
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
        operation = command.operation(context.params, stack)
        operation.call()

    for field in msgspec.structs.fields(type(operation)):
        assert field.required or getattr(operation, field.name) != field.default
    assert {each.name for each in own} == set(operation.__struct_fields__)


@pytest.mark.parametrize("entry", OPERATIONS, ids=NAMES)
def test_no_two_options_of_an_operation_have_one_name(entry: Entry) -> None:
    command = OperationCommand(entry)
    flags = [
        flag
        for each in [*command.params, *global_options()]
        if isinstance(each, click.Option)
        for flag in (*each.opts, *each.secondary_opts)
    ]

    assert len(flags) == len(set(flags))


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


def test_path_arguments_keep_every_letter(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    hipkit("call", "get-room", "007/../x %2F#?é")

    assert server.requests[0].target == "/v2/room/007%2F..%2Fx%20%252F%23%3F%C3%A9"


def test_options_go_where_the_spec_says(server: Server, hipkit: Hipkit) -> None:
    server.answer({"items": []})

    hipkit(
        "call", "get-all-rooms", "--max-results", "5", "--no-include-private",
        "--expand", "items.owner,items", "--expand", "more",
    )  # fmt: skip

    assert server.requests[0].target == (
        "/v2/room?max-results=5&include-private=false&expand=items.owner%2Citems%2Cmore"
    )


def test_json_options_take_files_and_null(
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


def test_ids_in_bodies_are_numbers_where_they_look_like_one(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer({"id": 1})
    call = "call", "create-room", "--name", "7", "--owner-user-id"

    hipkit(*call, "7")
    assert server.sent == {"name": "7", "owner_user_id": 7}
    hipkit(*call, "@ann")
    assert server.sent == {"name": "7", "owner_user_id": "@ann"}


def test_a_secret_in_the_path_comes_from_a_file_or_standard_input(
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


def test_a_dry_run_sends_nothing_and_shows_no_secret(
    server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("call", "get-session", "secret-token", "--dry-run")

    assert ended.code == 0
    assert server.requests == []
    lines = ended.out.splitlines()
    assert lines[0] == "GET https://chat.example.com/v2/oauth/token/{access_token}"
    assert "authorization: ***" in lines
    assert "secret-token" not in ended.out


def test_a_dry_run_tells_the_size_of_the_body(hipkit: Hipkit) -> None:
    ended = hipkit(
        "call", "send-message", "ops", "--message", "private", "--dry-run", "--json"
    )

    assert isinstance(ended.json, dict)
    assert ended.json["body_bytes"] == len('{"message":"private"}')
    assert "private" not in ended.out


def test_raw_answers_come_as_they_are(server: Server, hipkit: Hipkit) -> None:
    reply = RawResponse(404, {"x-one": "1"}, b"not\x1bjson")
    server.answer(reply, reply)

    ended = hipkit("call", "get-room", "ops", "--raw", "--json")
    assert ended.code == 6
    assert ended.json == {
        "status": 404,
        "headers": {"x-one": "1"},
        "body": "not\x1bjson",
    }
    ended = hipkit("call", "get-room", "ops", "--raw")
    assert ended.out == "not\x1bjson"
    assert "404" in ended.err


PAGES = [
    {"items": [{"id": 1, "name": "a"}], "links": {"next": "/v2/room?start-index=1"}},
    {"items": [{"id": 2, "name": "b"}], "links": {}},
]


def test_all_follows_the_pages(server: Server, hipkit: Hipkit) -> None:
    server.answer(*PAGES)
    ended = hipkit("call", "get-all-rooms", "--all", "--json")
    assert ended.out == '[{"id":1,"name":"a"},{"id":2,"name":"b"}]\n'

    server.answer(*PAGES)
    ended = hipkit("call", "get-all-rooms", "--all")
    assert ended.out == "ID  NAME\n1   a\n2   b\n"


def test_all_of_nothing_is_an_empty_list(server: Server, hipkit: Hipkit) -> None:
    server.answer({"items": []})

    assert hipkit("call", "get-all-rooms", "--all", "--json").json == []


def test_one_page_says_that_there_is_more(server: Server, hipkit: Hipkit) -> None:
    server.answer(*PAGES)

    ended = hipkit("call", "get-all-rooms")

    assert "--all" in ended.err
    assert ended.out == "ID  NAME\n1   a\n"


def test_a_history_is_walked_back_by_date(server: Server, hipkit: Hipkit) -> None:
    first = {"id": "b", "date": "2016-01-02T00:00:00+00:00", "message": "two"}
    second = {"id": "a", "date": "2016-01-01T00:00:00+00:00", "message": "one"}
    server.answer({"items": [first]}, {"items": [second, first]}, {"items": [second]})

    ended = hipkit("call", "get-room-history", "ops", "--all", "--json")

    assert isinstance(ended.json, list)
    assert [each["id"] for each in ended.json] == ["b", "a"]


def test_only_lists_have_all(hipkit: Hipkit) -> None:
    assert hipkit("call", "get-room", "ops", "--all").code == 2


def test_the_list_has_every_operation(hipkit: Hipkit) -> None:
    ended = hipkit("call", "--list")
    assert [line.split()[0] for line in ended.out.splitlines()] == NAMES
    document = hipkit("call", "--list", "--json").json
    assert isinstance(document, list)
    assert [each["operation_id"] for each in document] == [
        entry.operation_id for entry in OPERATIONS
    ]


def test_names_may_be_written_as_in_python(server: Server, hipkit: Hipkit) -> None:
    server.answer({"id": 1})

    assert hipkit("call", "get_room", "ops").code == 0


def test_what_returns_nothing_prints_nothing(hipkit: Hipkit) -> None:
    assert hipkit("call", "delete-room", "ops") == (0, "", "")
    assert hipkit("call", "delete-room", "ops", "--json").out == "null\n"


def test_a_redirect_prints_its_target(server: Server, hipkit: Hipkit) -> None:
    server.answer(RawResponse(302, {"location": "/pictures/1.png"}))

    ended = hipkit("call", "get-room-avatar", "1")

    assert ended.out == "https://chat.example.com/pictures/1.png\n"


def test_json_has_the_forms_in_which_the_server_wrote(
    server: Server, hipkit: Hipkit
) -> None:
    user = {
        "id": 1,
        "email": None,
        "created": "2014-09-26T10:44:04+00:00",
        "last_active": "1411728244",
    }
    server.answer(user)
    assert hipkit("call", "get-user", "1", "--json").json == user
    server.answer(user)
    assert "created: 2014-09-26T10:44:04+00:00" in hipkit("call", "get-user", "1").out
    server.answer({"items": [user]})
    assert hipkit("call", "get-all-users", "--all", "--json").json == [user]
