from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Hipkit
from tests.unit.cli.relay.conftest import Sink, Written


def test_a_message_is_sent_once_by_the_named_route(
    hipkit: Hipkit, sink: Sink, written: Written
) -> None:
    done = hipkit(
        "relay", "try", "ops", "It works", "--color", "red", "--file", written()
    )

    assert (done.code, done.err) == (0, "")
    assert done.out == "ops: delivered to 127.0.0.1\n"
    [body] = map(json.loads, sink.received)
    assert (body["color"], body["label"]) == ("red", "hipkit")
    assert "It works" in body["text"]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (400, 8, "the target refuses this message: the target answered 400"),
        (404, 8, "the route is misconfigured: the target answered 404"),
        (503, 9, "it may work later: the target answered 503"),
    ],
)
def test_what_the_target_answers_is_told_and_is_the_exit_code(
    hipkit: Hipkit, sink: Sink, written: Written, status: int, code: int, told: str
) -> None:
    sink.status = status

    done = hipkit("relay", "try", "ops", "It works", "--file", written())

    assert (done.code, done.err) == (code, f"hipkit: ops: {told}\n")
    # What is refused is sent once more, as plain text.
    assert len(sink.received) == (2 if status == 400 else 1)


def test_the_answer_is_an_object_for_programs(
    hipkit: Hipkit, sink: Sink, written: Written
) -> None:
    sink.status = 404
    done = hipkit("relay", "try", "ops", "x", "--file", written(), "--json")
    assert done.json == {
        "route": "ops",
        "verdict": "route",
        "problem": "the target answered 404",
        "reference": None,
    }


def test_a_route_that_there_is_not_is_told(
    hipkit: Hipkit, sink: Sink, written: Written
) -> None:
    done = hipkit("relay", "try", "opz", "x", "--file", written())
    assert done.code == 2
    assert "no route 'opz', did you mean ops? There are ops" in done.err
    assert sink.received == []
