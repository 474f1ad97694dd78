from __future__ import annotations

import asyncio
import io
import logging

from hipkit.server.logs import SafeFormatter, log_loop_error, log_task_error

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
