"""Where a command waits for input, the kernel ends it: no handler of Python's could be late."""

from __future__ import annotations

import signal

from hipkit.cli.admin.interrupting import ended_by_signals

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def test_no_handler_of_pythons_stands_between_a_signal_and_the_end() -> None:
    before = {number: signal.getsignal(number) for number in ENDING}

    with ended_by_signals():
        within = {number: signal.getsignal(number) for number in ENDING}

    assert within == dict.fromkeys(ENDING, signal.SIG_DFL)
    assert {number: signal.getsignal(number) for number in ENDING} == before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
