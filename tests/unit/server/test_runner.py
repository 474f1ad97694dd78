"""The HTTP server on a socket: how it ends."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn

from hipkit.server import runner as module
from hipkit.server.events import sender
from hipkit.server.runner import Runner


async def test_a_server_that_ends_does_not_wait_for_its_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "LOOK_SECONDS", 10.0**9)
    monkeypatch.setattr(module, "LAST_SECONDS", 0.0)
    runner = Runner(uvicorn.Config("none"))
    looping = asyncio.create_task(runner.main_loop())
    await asyncio.sleep(0)
    assert not looping.done()

    runner.end()
    await looping

    assert runner.should_exit
