"""Contestants take turns, each in a process of its own, so that drift hits all alike."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict

from benchmarks.children import REPOSITORY, Child, Ended, run_to_end
from benchmarks.contestants.openings import Task
from benchmarks.measuring import Cost
from benchmarks.scene import Scene

__all__ = ["NODE_MODULES", "command_for", "compete", "options_for", "take_turns"]

GENERATIONS = 5
"""How often the processes are started anew: chance decides what lies where in their memory, and
that alone can be worth five percent."""
NODE_MODULES = REPOSITORY / ".tools" / "clients" / "node" / "node_modules"


def compete(
    scene: Scene,
    task: Task,
    functions: Sequence[str],
    *,
    rounds: int,
    calls: int,
    at_once: int = 0,
    calls_before: int = 0,
) -> list[Cost]:
    """Run the contestants in turns of so many calls, after an uncounted turn each.

    Every other round goes backwards, so that nobody always follows the same one.

    Args:
        scene: The row's.
        task: What to do.
        functions: The contestants below `contestants`: `module:function`, or a file for Node.js.
        rounds: How many turns each gets.
        calls: How many calls make a turn.
        at_once: How many are on the way at a time on an event loop; 0 for blocking clients.
        calls_before: How many calls the uncounted turn has, if not as many as the others.
    """
    cpu: list[list[float]] = [[] for _ in functions]
    wall: list[list[float]] = [[] for _ in functions]
    environment = scene.environment() | {"NODE_PATH": str(NODE_MODULES)}
    for _ in range(1 if scene.quick else GENERATIONS):
        with ExitStack() as stack:
            turns = [
                (
                    index,
                    stack.enter_context(
                        Child(function, command_for(function), environment)
                    ),
                )
                for index, function in enumerate(functions)
            ]
            # All start before the first is waited for.
            for index, process in turns:
                process.write(options_for(functions[index], task, at_once))
            for _, process in turns:
                process.ask(str(calls_before or calls))
            for _ in range(1 if scene.quick else rounds // GENERATIONS):
                for index, process in turns:
                    cpu_seconds, wall_seconds = process.ask(str(calls)).split()
                    cpu[index].append(float(cpu_seconds) / calls)
                    wall[index].append(float(wall_seconds) / calls)
                turns.reverse()
    return [Cost(*map(tuple, pair)) for pair in zip(cpu, wall, strict=True)]


def command_for(function: str) -> list[str]:
    """Return the command that runs a contestant."""
    if function.endswith(".js"):
        return ["node", str(REPOSITORY / "benchmarks" / "contestants" / function)]
    return [sys.executable, "-m", "benchmarks.contestant"]


def options_for(function: str, task: Task, at_once: int = 0) -> str:
    """Return the first line that a contestant reads."""
    return json.dumps({"function": function, "task": asdict(task), "at_once": at_once})


def take_turns(
    scene: Scene,
    programs: Mapping[str, Sequence[str]],
    *,
    rounds: int,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Cost]:
    """Start programs one after the other, round by round; every other round backwards.

    In a thorough run there is one more, which is not counted: it compiles Python's modules.

    Args:
        scene: The row's.
        programs: The arguments for this Python, by the programs' names.
        rounds: How often each is started.
        environment: What they find there besides the usual.
    """
    given = scene.environment() | dict(environment or {})

    def run(name: str) -> Ended:
        return run_to_end(name, [sys.executable, *programs[name]], given)

    if not scene.quick:
        for name in programs:
            run(name)
    ended: dict[str, list[Ended]] = {name: [] for name in programs}
    order = list(programs)
    for _ in range(scene.rounds(rounds)):
        for name in order:
            ended[name].append(run(name))
        order.reverse()
    return {
        name: Cost(
            tuple(each.cpu_seconds for each in all_ended),
            tuple(each.wall_seconds for each in all_ended),
        )
        for name, all_ended in ended.items()
    }
