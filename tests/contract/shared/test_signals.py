"""Signals wake those who listen to a topic, and nobody else."""

from __future__ import annotations

from hipkit.server.shared.protocol import SharedState
from tests.contract.shared.states import Two


def test_a_signal_calls_the_listeners_of_its_topic(state: SharedState) -> None:
    called: list[str] = []
    signals = state.signals
    with (
        signals.listening("a", lambda: called.append("first")),
        signals.listening("a", lambda: called.append("second")),
        signals.listening("b", lambda: called.append("other")),
    ):
        signals.publish(["a", "c"])

    assert sorted(called) == ["first", "second"]


def test_nobody_is_called_once_the_block_has_ended(state: SharedState) -> None:
    called: list[str] = []
    with state.signals.listening("a", lambda: called.append("a")):
        assert "a" in state.signals.listened
    state.signals.publish(["a"])

    assert called == []
    assert "a" not in state.signals.listened


def test_a_listener_that_stays_is_called_after_another_ended(
    state: SharedState,
) -> None:
    called: list[str] = []
    signals = state.signals
    with signals.listening("a", lambda: called.append("stays")):
        with signals.listening("a", lambda: called.append("ends")):
            pass
        signals.publish(["a"])

    assert called == ["stays"]


def test_a_number_that_has_not_grown_is_not_published_again(
    state: SharedState,
) -> None:
    called: list[int] = []
    with state.signals.listening("a", lambda: called.append(1)):
        for number in (1, 1, 2, 2, 1):
            state.signals.publish_once("a", number)

    assert len(called) == 2


async def test_a_signal_of_another_process_calls_listeners_here(two: Two) -> None:
    called: list[str] = []
    with two.other.signals.listening("a", lambda: called.append("a")):
        two.one.signals.publish(["a"])
        await two.exchange()

    assert called == ["a"]
