"""A page of history to typed objects, against the decoder that does the work."""

from __future__ import annotations

from benchmarks.competing import compete
from benchmarks.contestants.page import BODY, MESSAGES
from benchmarks.report import COMPARED, Table, compared
from benchmarks.rows.calls import task_for
from benchmarks.scene import Scene

__all__ = ["measure"]

AIM = 1.05


def measure(scene: Scene) -> Table:
    """Compare decoding, and the whole call on a transport in memory."""
    bare, decoding, call = compete(
        scene,
        task_for(scene.plain),
        ["page:bare", "page:decoding", "page:whole_call"],
        rounds=60,
        calls=scene.calls(100),
    )
    page = f"{MESSAGES} messages, {len(BODY) / 1000:.0f} kB"
    against = "a ready msgspec decoder"
    return Table(
        title="A page of history to typed objects",
        headings=COMPARED,
        lines=[
            compared("none", f"{page}: decoding", against, decoding, bare, aim=AIM),
            compared("memory", f"{page}: the whole call", against, call, bare),
        ],
        note="The same bytes to the same type, the decoder in its tolerant mode.",
    )
