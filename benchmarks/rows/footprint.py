"""What an import costs; and what a large file and a long history take, memory above all."""

from __future__ import annotations

import json
import sys

from benchmarks.children import run_to_end
from benchmarks.competing import take_turns
from benchmarks.measuring import Spread
from benchmarks.report import Table, figure, judged
from benchmarks.scene import Scene

__all__ = ["measure_file", "measure_history", "measure_imports"]

MODULES = ("hipkit", "hipkit.client.hipchat", "httpx2", "pycurl")
FILE_BYTES = 50_000_000
MOST_GROWTH_BYTES = 20_000_000
AIM = "grows by less than 20 MB"
TRANSPORTS = ("httpcore2", "pycurl")


def measure_imports(scene: Scene) -> Table:
    """Measure what an import adds to a Python that does nothing."""
    programs = {name: ("-c", f"import {name}") for name in MODULES}
    costs = take_turns(scene, {"": ("-c", "pass"), **programs}, rounds=30)
    nothing = costs.pop("")
    return Table(
        title="Imports",
        headings=("import", "CPU", "wall"),
        lines=[
            (f"`import {name}`", *(figure(Spread.of(added), "ms") for added in both))
            for name, cost in costs.items()
            for both in [
                (
                    [a - b for a, b in zip(cost.cpu, nothing.cpu, strict=True)],
                    [a - b for a, b in zip(cost.wall, nothing.wall, strict=True)],
                )
            ]
        ],
        note="Beyond a Python that does nothing, which takes "
        f"{figure(Spread.of(nothing.cpu), 'ms')} of CPU.",
    )


def measure_file(scene: Scene) -> Table:
    """Share a large file from a path."""
    size = FILE_BYTES // 25 if scene.quick else FILE_BYTES
    path = scene.folder / "backup.bin"
    with path.open("wb") as file:
        for _ in range(size // 1_000_000):
            file.write(bytes(1_000_000))
    return _table(
        scene,
        title=f"A file of {size // 1_000_000} MB, shared from a path",
        program="benchmarks.programs.share_file",
        argument=str(path),
        rounds=5,
        unit="ms",
    )


def measure_history(scene: Scene) -> Table:
    """Walk back through a long history."""
    return _table(
        scene,
        title=f"A history of {scene.messages:,} messages, iterated",
        program="benchmarks.programs.walk_history",
        argument=str(scene.messages),
        rounds=3,
        unit="s",
    )


def _table(
    scene: Scene,
    *,
    title: str,
    program: str,
    argument: str,
    rounds: int,
    unit: str,
) -> Table:
    given = (scene.tls.base_url, str(scene.tls.authority), argument)
    costs_by_transport: dict[str, list[dict[str, float]]] = {
        name: [] for name in TRANSPORTS
    }
    for _ in range(scene.rounds(rounds)):
        for transport in TRANSPORTS:
            ended = run_to_end(
                program,
                [sys.executable, "-m", program, *given, transport],
                scene.environment(),
            )
            costs_by_transport[transport].append(json.loads(ended.output))
    lines = []
    for transport, costs in costs_by_transport.items():
        cpu, wall, growth = (
            [each[name] for each in costs]
            for name in ("cpu_seconds", "wall_seconds", "growth_bytes")
        )
        lines.append(
            (
                transport,
                "TLS, sync",
                figure(Spread.of(cpu), unit),
                figure(Spread.of(wall), unit),
                figure(Spread.of(growth), "MB"),
                judged(max(growth), MOST_GROWTH_BYTES, AIM),
            )
        )
    return Table(
        title=title,
        headings=("transport", "how", "CPU", "wall", "memory grows by", "aim"),
        lines=lines,
        note="The peak memory, beyond what the process used before; "
        "one call before that loaded what is loaded on first use.",
    )
