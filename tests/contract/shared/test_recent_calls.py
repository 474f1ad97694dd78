"""The latest calls are kept, so many of each token, whichever process answered them."""

from __future__ import annotations

from hipkit.server.shared.protocol import SharedState
from hipkit.server.shared.recent_calls import RecordedCall
from tests.contract.shared.states import Two


def recorded(token_id: int | None, at_us: int) -> RecordedCall:
    return RecordedCall(
        at_us=at_us,
        token_id=token_id,
        group_id=1,
        peer="127.0.0.1",
        method="GET",
        target=b"/v2/room/Ops",
        operation_id="get_room",
        request_id="4f2a",
        headers=[(b"authorization", b"Bearer s3cr3t-v4lue")],
        body=b"",
        status=200,
        answer=b"{}",
        problem=None,
        milliseconds=1.0,
    )


def test_the_newest_call_of_a_token_comes_first(state: SharedState) -> None:
    calls = state.recent_calls
    for at_us in range(1, 4):
        calls.add(recorded(1, at_us))
    calls.add(recorded(2, 9))

    assert [call.at_us for call in calls.of_token(1)] == [3, 2, 1]
    assert calls.last_us(1) == 3
    assert (calls.of_token(3), calls.last_us(3)) == ([], None)


def test_calls_after_a_number_are_those_that_came_since(state: SharedState) -> None:
    calls = state.recent_calls
    calls.add(recorded(1, 1))
    number = calls.of_token(1)[0].number
    calls.add(recorded(1, 2))

    assert [call.at_us for call in calls.of_token(1, number)] == [2]
    assert calls.of_token(1, calls.of_token(1)[0].number) == []


def test_a_number_from_before_a_start_leaves_nothing_out(state: SharedState) -> None:
    state.recent_calls.add(recorded(1, 1))

    assert len(state.recent_calls.of_token(1, 1_000_000)) == 1


def test_calls_without_a_token_are_kept_apart(state: SharedState) -> None:
    state.recent_calls.add(recorded(None, 1))
    state.recent_calls.add(recorded(1, 2))

    assert [call.at_us for call in state.recent_calls.of_token(None)] == [1]


def test_one_token_keeps_fifty_calls_and_all_keep_a_thousand(
    state: SharedState,
) -> None:
    calls = state.recent_calls
    for number in range(2_000):
        calls.add(recorded(1, number))
        calls.add(recorded(2 + number, number))

    newest = [call.at_us for call in calls.of_token(1)]
    assert newest == list(range(1_999, 1_949, -1))
    assert calls.of_token(2) == []
    assert len(calls.of_token(2_001)) == 1
    assert sum(len(calls.of_token(number)) for number in range(1, 2_002)) == 1_000


def test_no_call_shows_its_token(state: SharedState) -> None:
    state.recent_calls.add(recorded(1, 1))

    assert "s3cr3t-v4lue" not in repr(state.recent_calls.of_token(1))


async def test_calls_that_another_process_answered_are_shown_here(two: Two) -> None:
    two.one.recent_calls.add(recorded(1, 1))
    await two.exchange()

    assert [call.at_us for call in two.other.recent_calls.of_token(1)] == [1]
    assert two.other.recent_calls.last_us(1) == 1
