"""The instructions of a call, counted by valgrind: other than times, they hardly vary."""

from __future__ import annotations

import re
from shutil import which

from benchmarks.children import run_to_end
from benchmarks.competing import command_for, options_for
from benchmarks.contestants.openings import Task
from benchmarks.scene import Scene

__all__ = ["count_instructions"]

FEW, MANY = 256, 1_280
QUICK_FEW, QUICK_MANY = 4, 8


def count_instructions(
    scene: Scene, task: Task, function: str, *, at_once: int = 0
) -> float | None:
    """Count the user instructions that a contestant needs for a call.

    Two runs of different length are compared, so the start is not part of it.

    Args:
        scene: The row's.
        task: What to do.
        function: The contestant, one in Python.
        at_once: How many calls are on the way at a time on an event loop; 0 for blocking clients.

    Returns:
        The instructions, or None where valgrind is missing.
    """
    valgrind = which("valgrind")
    if valgrind is None:
        return None
    few, many = (QUICK_FEW, QUICK_MANY) if scene.quick else (FEW, MANY)
    counted = [valgrind, "--tool=cachegrind", "--cache-sim=no"]
    counted += ["--cachegrind-out-file=/dev/null", *command_for(function)]
    # The order of a set's members changes what is executed.
    environment = scene.environment() | {"PYTHONHASHSEED": "0"}
    counts = []
    # The first run only compiles Python's modules.
    for command, calls in (
        (command_for(function), few),
        (counted, few),
        (counted, many),
    ):
        given = f"{options_for(function, task, at_once)}\n{calls}\n"
        ended = run_to_end(function, command, environment, given=given)
        found = re.search(r"I +refs: +([\d,]+)", ended.messages)
        if command is counted and found is None:
            raise RuntimeError(f"no count from valgrind: {ended.messages[-200:]}")
        counts.append(int(found[1].replace(",", "")) if found else 0)
    return (counts[2] - counts[1]) / (many - few)
