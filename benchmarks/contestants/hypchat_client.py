"""hypchat 0.21, the client that most old programs use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from benchmarks.contestants.openings import Send, Task
from benchmarks.messages import COLOR, FORMAT, MESSAGE, TOKEN

__all__ = ["notification"]


@contextmanager
def notification(task: Task) -> Iterator[Send]:
    """Send by a room's own method."""
    # Named in texts, as it comes without types.
    client = import_module("hypchat").HypChat(
        TOKEN, endpoint=task.origin, verify=task.authority or True
    )
    # What `get_room` makes of a server's answer.
    room = import_module("hypchat.restobject").Room(
        {"id": 1, "links": {"self": f"{task.base_url}/room/Dev%20Ops"}}
    )
    room._requests = client._requests
    yield lambda: room.notification(MESSAGE, color=COLOR, notify=False, format=FORMAT)
    client._requests.close()
