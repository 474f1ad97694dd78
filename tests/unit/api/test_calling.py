"""The options of a call, as generated methods take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec
import pytest

from codegen.planning.names import CALL_OPTIONS
from hipkit import CallOptions, Policy
from hipkit.api.calling import check_known_options
from hipkit.transports.protocol import Options
from hipkit.v2 import GetAllRooms, GetRoom
from tests.scripted import KINDS, Kind, answer, connect, done, script_for

ROOM = answer({"id": 7, "name": "ops"})
both = pytest.mark.parametrize("kind", KINDS)


def test_every_option_of_a_policy_can_be_set_for_one_call() -> None:
    assert CallOptions.__annotations__.keys() == {*Policy.__struct_fields__}
    assert get_type_hints(CallOptions) == {
        field.name: field.type for field in msgspec.structs.fields(Policy)
    }


def test_the_generator_knows_the_options() -> None:
    assert CallOptions.__annotations__.keys() == CALL_OPTIONS


@both
def test_a_method_takes_options_for_one_call(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script)

    done(client.rooms.get_room("ops", timeout=1, deadline=2.5, max_response_bytes=99))
    done(client.raw.rooms.get_room("ops", timeout=2, headers={"X-A": "b"}))
    done(client.rooms.get_room("ops"))

    assert script.options[0] == Options(1, 102.5, 99)
    assert script.options[1].timeout_seconds == 2
    assert ("X-A", "b") in script.requests[1].headers
    assert script.options[2].timeout_seconds == 30
    assert ("X-A", "b") not in script.requests[2].headers


@both
def test_a_derived_clients_options_are_those_of_its_methods(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script).with_options(timeout=5, max_response_bytes=99)

    done(client.rooms.get_room("ops", timeout=1))

    assert script.options[0] == Options(1, 220.0, 99)


@both
def test_an_unknown_option_of_a_method_is_refused_before_anything_is_sent(
    kind: Kind,
) -> None:
    script = script_for(kind)
    client = connect(kind, script)
    wrong: dict[str, Any] = {"time_out": 3}
    calls: list[Callable[[], Any]] = [
        lambda: client.rooms.get_room("ops", **wrong),
        lambda: client.raw.rooms.get_room("ops", **wrong),
    ]

    for call in calls:
        with pytest.raises(
            TypeError, match=r"'time_out', did you mean timeout\? "
        ) as e:
            done(call())
        assert ", ".join(sorted(CallOptions.__annotations__)) in str(e.value)
        assert str(e.value).endswith("of GetRoom are room_id_or_name, expand")
    assert script.requests == []


@both
def test_a_misspelt_argument_is_recognised(kind: Kind) -> None:
    client = connect(kind, script_for(kind))

    with pytest.raises(TypeError, match="'max_result', did you mean max_results"):
        done(client.rooms.get_all_rooms(max_result=5))


def test_options_without_a_call_name_no_arguments() -> None:
    wrong: Any = {"max_result": 5}

    with pytest.raises(TypeError) as caught:
        check_known_options(wrong, CallOptions)
    assert "argument" not in str(caught.value)
    with pytest.raises(TypeError, match="the arguments of GetAllRooms are start_index"):
        check_known_options(wrong, CallOptions, GetAllRooms())


@both
def test_a_free_request_has_no_arguments_to_list(kind: Kind) -> None:
    client = connect(kind, script_for(kind))

    with pytest.raises(TypeError, match=r"no option 'time_out'.* timeout$"):
        done(client.request("GET", "/flag", time_out=3))


def test_known_options_are_accepted() -> None:
    check_known_options({"timeout": 3, "retries": 0}, CallOptions, GetRoom("ops"))
