"""Contestants take turns, each in a process of its own, so that drift hits all alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Self

from benchmarks.contestants.openings import Task
from benchmarks.measuring import Cost
from benchmarks.scene import REPOSITORY, Scene

__all__ = ["compete"]

GENERATIONS = 5
"""How often the processes are started anew: chance decides what lies where in their memory, and
that alone can be worth five percent."""


def compete(
    scene: Scene,
    task: Task,
    functions: Sequence[str],
    *,
    rounds: int,
    calls: int,
    at_once: int = 0,
) -> list[Cost]:
    """Run the contestants in turns of so many calls, after an uncounted turn each.

    Every other round goes backwards, so that nobody always follows the same one.

    Args:
        scene: The run's.
        task: What to do.
        functions: The contestants: `module:function` below `contestants`.
        rounds: How many turns each gets.
        calls: How many calls make a turn.
        at_once: How many are on the way at a time on an event loop; 0 for blocking clients.
    """
    cpu: list[list[float]] = [[] for _ in functions]
    wall: list[list[float]] = [[] for _ in functions]
    for _ in range(1 if scene.quick else GENERATIONS):
        with ExitStack() as stack:
            turns = [
                (index, stack.enter_context(_Process(scene, function, task, at_once)))
                for index, function in enumerate(functions)
            ]
            for _, process in turns:
                process.take_turn(calls)
            for _ in range(1 if scene.quick else rounds // GENERATIONS):
                for index, process in turns:
                    cpu_seconds, wall_seconds = process.take_turn(calls)
                    cpu[index].append(cpu_seconds / calls)
                    wall[index].append(wall_seconds / calls)
                turns.reverse()
    return [Cost(*map(tuple, pair)) for pair in zip(cpu, wall, strict=True)]


class _Process:
    """A running contestant: receives a number of calls, and returns what they took."""

    def __init__(self, scene: Scene, function: str, task: Task, at_once: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contestant"],
            cwd=REPOSITORY,
            env=scene.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answered = {"function": function, "task": asdict(task), "at_once": at_once}
        self._say(json.dumps(answered))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def take_turn(self, calls: int) -> tuple[float, float]:
        """Return the seconds of CPU and of the clock."""
        self._say(str(calls))
        answered = self._process.stdout.readline() if self._process.stdout else ""
        if not answered:
            raise RuntimeError("a contestant has failed; it said why")
        cpu_seconds, wall_seconds = answered.split()
        return float(cpu_seconds), float(wall_seconds)

    def _say(self, line: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
