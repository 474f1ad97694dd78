"""Watches what a part of a program takes, memory included."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["memory_bytes", "tell_costs"]

PEAK, NOW = "VmHWM", "VmRSS"


@contextmanager
def tell_costs() -> Iterator[None]:
    """Print seconds and the largest growth of memory, as JSON, when the block ends."""
    _forget_peak()
    before = memory_bytes(NOW)
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    growth = max(0, memory_bytes(PEAK) - before)
    figures = {"cpu_seconds": cpu, "wall_seconds": wall, "growth_bytes": growth}
    sys.stdout.write(json.dumps(figures))


def _forget_peak() -> None:
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")  # Linux's word for: begin a new peak.


def memory_bytes(name: str = NOW) -> int:
    """Return what this process has in memory, now or at its peak."""
    status = Path("/proc/self/status")
    if not status.exists():
        # Elsewhere only the peak since the start is known, so growth may be reported too small.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    line = next(
        line for line in status.read_text().splitlines() if line.startswith(name)
    )
    return int(line.split()[1]) * 1024
