"""The latest calls are kept, so many of each token, whichever process answered them."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.server.shared.protocol import RecentCalls, SharedState
from hipkit.server.shared.recent_calls import CallFilter, RecordedCall
from hipkit.server.storage.stores.tokens import TokenRecord
from tests.contract.shared.states import Two


def recorded(token_id: int | None, at_us: int, **members: Any) -> RecordedCall:
    values: dict[str, Any] = {
        "peer": "127.0.0.1",
        "method": "GET",
        "target": b"/v2/room/Ops",
        "operation_id": "get_room",
        "request_id": "4f2a",
        "headers": [(b"authorization", b"Bearer s3cr3t-v4lue")],
        "body": b"",
        "status": 200,
        "answer": b"{}",
        "problem": None,
        "milliseconds": 1.0,
    }
    values["token"] = None if token_id is None else stored_token(token_id)
    return RecordedCall(at_us=at_us, **{**values, **members})


def stored_token(token_id: int, scopes: str = "view_group") -> TokenRecord:
    return TokenRecord(
        id=token_id,
        grant_id=token_id,
        hash=b"",
        kind="user",
        group_id=1,
        user_id=1,
        scopes=scopes,
        expires_us=None,
    )


class Everybody:
    """Contains every token."""

    def __contains__(self, _: object) -> bool:
        return True


ALL = CallFilter(Everybody())


def times(calls: RecentCalls, wanted: CallFilter = ALL, **part: Any) -> list[int]:
    return [call.at_us for call in calls.find(wanted, **part)]


def test_the_newest_call_of_a_token_comes_first(state: SharedState) -> None:
    calls = state.recent_calls
    for at_us in range(1, 4):
        calls.add(recorded(1, at_us))
    calls.add(recorded(2, 9))

    assert times(calls, CallFilter([1])) == [3, 2, 1]
    assert calls.last_us(1) == 3
    assert (times(calls, CallFilter([3])), calls.last_us(3)) == ([], None)


def test_all_calls_are_in_one_order_those_that_failed_too(state: SharedState) -> None:
    calls = state.recent_calls
    for at_us, token_id, status in (
        (1, 1, 200),
        (2, None, 401),
        (3, 2, 404),
        (4, 1, 204),
        (5, 1, 500),
        (6, 2, 200),
    ):
        calls.add(recorded(token_id, at_us, status=status))

    assert times(calls) == [6, 5, 4, 3, 2, 1]
    assert times(calls, CallFilter([1, None])) == [5, 4, 2, 1]
    assert calls.last_us(1) == 5
    assert calls.last_us(2) == 6
    assert {*calls.tokens()} == {None, 1, 2}
    assert [calls.count_of(token_id) for token_id in (1, 2, 3)] == [
        (3, 1),
        (2, 1),
        (0, 0),
    ]


def test_a_token_is_known_as_it_last_called(state: SharedState) -> None:
    calls = state.recent_calls
    for at_us, scopes in enumerate(("view_group", "view_room")):
        token = stored_token(1, scopes)
        calls.add(recorded(None, at_us, token=token, status=400 - 200 * at_us))
    calls.add(recorded(None, 9))

    assert calls.tokens() == {1: stored_token(1, "view_room"), None: None}


def test_calls_after_and_before_a_number_adjoin(state: SharedState) -> None:
    calls = state.recent_calls
    for at_us in range(1, 6):
        calls.add(recorded(1, at_us, status=200 if at_us % 2 else 400))
    third = calls.find(ALL)[2].number

    assert times(calls, after=third) == [5, 4]
    assert times(calls, before=third) == [2, 1]
    assert times(calls, before=third, count=1) == [2]
    assert times(calls, after=calls.find(ALL)[0].number) == []
    assert {*calls.tokens(third)} == {1}
    assert not calls.tokens(calls.find(ALL)[0].number)


def test_a_number_from_before_a_start_leaves_nothing_out(state: SharedState) -> None:
    state.recent_calls.add(recorded(1, 1))

    assert times(state.recent_calls, after=1_000_000) == [1]
    assert {*state.recent_calls.tokens(1_000_000)} == {1}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [4, 3, 2, 1]),
        ({"only_failed": True}, [4, 2]),
        ({"operation_id": "get_room"}, [3, 1]),
        ({"peer": "10.0.0.7"}, [4, 3]),
        ({"request_id": "deploy-7"}, [4]),
        ({"only_failed": True, "peer": "10.0.0.7"}, [4]),
        ({"only_failed": True, "operation_id": "get_room"}, []),
        ({"operation_id": "get_roo"}, []),
        ({"peer": "10.0.0."}, []),
    ],
)
def test_a_filter_leaves_those_that_fit_in_every_respect(
    state: SharedState, wanted: dict[str, Any], found: list[int]
) -> None:
    calls = state.recent_calls
    send = {"operation_id": "send_message"}
    elsewhere = {"peer": "10.0.0.7"}
    calls.add(recorded(1, 1))
    calls.add(recorded(1, 2, status=400, **send))
    calls.add(recorded(1, 3, **elsewhere))
    calls.add(
        recorded(1, 4, status=500, request_id="deploy-7", **send, **elsewhere),
    )

    assert times(calls, CallFilter([1], **wanted)) == found


def test_calls_are_counted_with_their_failures_and_operations(
    state: SharedState,
) -> None:
    calls = state.recent_calls
    calls.add(recorded(1, 1))
    calls.add(recorded(1, 2, status=404, operation_id="unknown"))
    calls.add(recorded(2, 3, status=404, operation_id="get_user"))

    counts = calls.count(CallFilter([1]))

    assert (counts.all, counts.failed) == (2, 1)
    assert counts.operation_ids == {"get_room", "unknown"}


def test_one_token_keeps_fifty_successes_and_all_keep_a_thousand(
    state: SharedState,
) -> None:
    calls = state.recent_calls
    for number in range(2_000):
        calls.add(recorded(1, number))
        calls.add(recorded(2 + number, number))

    assert times(calls, CallFilter([1])) == list(range(1_999, 1_949, -1))
    assert times(calls, CallFilter([2])) == []
    assert len(times(calls, CallFilter([2_001]))) == 1
    assert len(times(calls)) == 1_000


def test_a_busy_program_pushes_out_no_failed_call(state: SharedState) -> None:
    calls = state.recent_calls
    calls.add(recorded(1, 1, status=400))
    calls.add(recorded(2, 2, status=400))
    for number in range(3, 3_000):
        calls.add(recorded(1, number))

    assert times(calls, CallFilter([1, 2], only_failed=True)) == [2, 1]


def test_a_thousand_failed_calls_are_kept_whosever_they_are(state: SharedState) -> None:
    calls = state.recent_calls
    for number in range(1_500):
        calls.add(recorded(1, number, status=400))

    assert times(calls) == list(range(1_499, 499, -1))


@pytest.mark.parametrize("token_id", [1, None])
def test_a_program_that_always_fails_pushes_out_its_own_calls_only(
    state: SharedState, token_id: int | None
) -> None:
    calls = state.recent_calls
    calls.add(recorded(2, 1, status=400))
    for number in range(2, 3_000):
        calls.add(recorded(token_id, number, status=401))
    calls.add(recorded(3, 3_000, status=400))
    calls.add(recorded(3, 3_001, status=400))

    assert times(calls, CallFilter([2, 3])) == [3_001, 3_000, 1]
    assert len(times(calls)) == 1_000
    assert times(calls, CallFilter([token_id]))[0] == 2_999


def test_no_call_shows_its_token(state: SharedState) -> None:
    state.recent_calls.add(recorded(1, 1))

    assert "s3cr3t-v4lue" not in repr(state.recent_calls.find(ALL))


async def test_calls_that_another_process_answered_are_shown_here(two: Two) -> None:
    two.one.recent_calls.add(recorded(1, 1))
    two.one.recent_calls.add(recorded(1, 2, status=404))
    await two.exchange()

    assert times(two.other.recent_calls) == [2, 1]
    assert two.other.recent_calls.last_us(1) == 2
    assert two.other.recent_calls.count(ALL).failed == 1
