"""Run programs in separate processes, and return what each took from start to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measuring import Cost
from benchmarks.scene import REPOSITORY, Scene

__all__ = ["Child", "run_child", "take_turns"]


@dataclass(frozen=True, slots=True)
class Child:
    """A process that has ended."""

    cpu_seconds: float
    """User and system time."""
    wall_seconds: float
    output: str


def run_child(scene: Scene, *arguments: str) -> Child:
    """Run this Python with these arguments; a failure is raised."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=scene.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        # Instead of `wait`: the only call that reports the usage of this one child.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return Child(usage.ru_utime + usage.ru_stime, seconds, output)


def take_turns(
    scene: Scene, programs: Mapping[str, Sequence[str]], *, rounds: int
) -> dict[str, Cost]:
    """Start the programs one after the other, round by round; every other round backwards.

    In a thorough run there is one more, which is not counted: it compiles Python's modules.
    """
    if not scene.quick:
        for arguments in programs.values():
            run_child(scene, *arguments)
    children: dict[str, list[Child]] = {name: [] for name in programs}
    turns = list(programs.items())
    for _ in range(scene.rounds(rounds)):
        for name, arguments in turns:
            children[name].append(run_child(scene, *arguments))
        turns.reverse()
    return {
        name: Cost(
            tuple(child.cpu_seconds for child in ended),
            tuple(child.wall_seconds for child in ended),
        )
        for name, ended in children.items()
    }
