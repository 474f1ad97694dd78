from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest

from hipkit.server.logs import (
    MOST_CALL_LINES,
    MOST_KINDS,
    MOST_LINES,
    WINDOW_SECONDS,
    LimitedHandler,
    SafeFormatter,
    log_loop_error,
    log_task_error,
)

SECRET = "s3cr3t"


def fail() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError(SECRET) from error


def written(name: str) -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SafeFormatter())
    log = logging.getLogger(name)
    log.addHandler(handler)
    log.propagate = False
    return log, stream


def test_an_exception_is_logged_without_its_text() -> None:
    log, stream = written("hipkit.test")
    try:
        fail()
    except ValueError:
        log.exception("Exception in ASGI application")

    assert SECRET not in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()


def test_what_the_event_loop_cannot_hand_on_is_logged_without_its_text() -> None:
    log, stream = written("hipkit.server")

    async def lose() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_error)
        loop.call_soon(fail)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    try:
        asyncio.run(lose())
    finally:
        log.propagate = True
        log.handlers.clear()

    assert SECRET not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_a_task_that_fails_is_logged_while_others_still_hold_it() -> None:
    log, stream = written("hipkit.server")

    async def work() -> None:
        fail()

    async def watch() -> None:
        task = asyncio.create_task(work(), name="sweeping")
        task.add_done_callback(log_task_error)
        await asyncio.wait([task])
        await asyncio.sleep(0)

    try:
        asyncio.run(watch())
    finally:
        log.propagate = True
        log.handlers.clear()

    assert "sweeping ended" in stream.getvalue()
    assert SECRET not in stream.getvalue()


class Limited:
    """A log of its own, whose clock stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stream = io.StringIO()
        self.handler = LimitedHandler(self.stream, clock=lambda: self.now)
        self.log = logging.Logger("hipkit.limited")
        self.log.addHandler(self.handler)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def limited() -> Iterator[Limited]:
    made = Limited()
    yield made
    made.handler.close()


def test_lines_of_a_kind_are_limited_and_counted(limited: Limited) -> None:
    for number in range(MOST_LINES + 1234):
        limited.log.warning("refused %d", number)
    assert len(limited.lines) == MOST_LINES

    limited.now += WINDOW_SECONDS
    limited.log.warning("refused %d", 9999)

    assert limited.lines[MOST_LINES:] == [
        f"1234 more like this: refused {MOST_LINES + 1233}",
        "refused 9999",
    ]


def test_the_count_comes_without_another_line(limited: Limited) -> None:
    for _ in range(MOST_LINES + 5):
        limited.log.warning("refused")
    limited.handler.report()
    assert len(limited.lines) == MOST_LINES

    limited.now += WINDOW_SECONDS
    limited.handler.report()
    limited.handler.report()

    assert limited.lines[MOST_LINES:] == ["5 more like this: refused"]


def test_the_count_comes_before_the_end(limited: Limited) -> None:
    for _ in range(MOST_LINES + 5):
        limited.log.warning("refused")

    limited.handler.close()

    assert limited.lines[MOST_LINES:] == ["5 more like this: refused"]


def test_one_kind_of_line_takes_no_other_ones_place(limited: Limited) -> None:
    for _ in range(MOST_LINES * 2):
        limited.log.warning("refused")
        limited.log.error("%s: %s", "get_room", "failed")
    limited.log.error("%s: %s", "get_user", "failed")

    assert limited.lines[-1] == "get_user: failed"
    assert len(limited.lines) == 2 * MOST_LINES + 1


def test_however_many_kinds_there_are_lines_are_limited(limited: Limited) -> None:
    for number in range(100_000):
        limited.log.warning(f"refused {number}")

    assert len(limited.lines) == MOST_KINDS + MOST_LINES

    limited.now += WINDOW_SECONDS
    limited.handler.report()
    assert len(limited.lines) == MOST_KINDS + MOST_LINES + 1


def test_a_kind_that_ended_among_too_many_is_counted_once(limited: Limited) -> None:
    for _ in range(MOST_LINES + 5):
        limited.log.warning("refused")
    for number in range(MOST_KINDS - 1):
        limited.log.warning(f"refused {number}")
    limited.now += WINDOW_SECONDS

    limited.log.warning("refused")

    counts = [line for line in limited.lines if "more like this" in line]
    assert counts == ["5 more like this: refused"]


def test_lines_about_calls_have_a_limit_of_their_own(limited: Limited) -> None:
    for _ in range(MOST_CALL_LINES + 1):
        limited.log.info("%s: %d", "get_room", 200)
    limited.log.info("webhook %d: %s", 1, 204)

    assert len(limited.lines) == MOST_CALL_LINES + 1


def test_a_long_report_is_counted_by_its_first_line(limited: Limited) -> None:
    for _ in range(MOST_LINES + 1):
        limited.log.error("%s: %s", "get_room", "x" * 1000 + "\nValueError")
    limited.handler.close()

    assert len(limited.lines[-1]) < 250
