"""A page of history, read by hipkit, and by the decoder that does the work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from benchmarks.contestants.openings import Send, Task
from benchmarks.messages import ROOM, TOKEN, history_page
from hipkit import HipChat
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse
from hipkit.v2 import GetRoomHistory
from hipkit.v2.models import MessagePage

__all__ = ["BODY", "MESSAGES", "bare", "decoding", "whole_call"]

MESSAGES = 100
BODY = history_page(0, 10 * MESSAGES, MESSAGES)
REPLY = RawResponse(200, {"content-type": "application/json"}, BODY)


@contextmanager
def bare(_: Task) -> Iterator[Send]:
    """Decode with msgspec only."""
    decoder = msgspec.json.Decoder(MessagePage, strict=False)
    if len(decoder.decode(BODY).items or ()) != MESSAGES:
        raise RuntimeError("the page is not whole")
    yield lambda: decoder.decode(BODY)


@contextmanager
def decoding(_: Task) -> Iterator[Send]:
    """Read the body as hipkit does."""
    yield lambda: MessagePage.from_json(BODY)


@contextmanager
def whole_call(task: Task) -> Iterator[Send]:
    """Make the whole call, on a transport with a prepared response."""
    transport = MemoryTransport(lambda _: REPLY)
    operation = GetRoomHistory(ROOM)
    with HipChat(TOKEN, base_url=task.base_url, transport=transport) as client:
        yield lambda: client.send(operation)
