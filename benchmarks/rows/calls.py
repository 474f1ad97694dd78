"""A notification: hipkit in memory only, and against bare transports and other clients."""

from __future__ import annotations

from importlib.util import find_spec
from shutil import which

from benchmarks.competing import NODE_MODULES, compete
from benchmarks.contestants.hipkit_client import request_for
from benchmarks.contestants.openings import Task
from benchmarks.counting import count_instructions
from benchmarks.measuring import Cost, Spread
from benchmarks.report import (
    COMPARED,
    COMPARED_BY_WALL,
    Table,
    compared,
    figure,
    judged,
)
from benchmarks.scene import Scene, Target
from hipkit.transports.wire import header_lines, host_line

__all__ = [
    "measure_against_hipchatter",
    "measure_against_hypchat",
    "measure_at_a_distance",
    "measure_httpcore2",
    "measure_own_share",
    "measure_pycurl",
    "task_for",
]

Line = tuple[str, ...]

ROUNDS = 50
CALLS = 100
ASYNC_CALLS = 128
"""A multiple of every number below."""
AT_ONCE = (1, 16, 64)
MANY_AT_ONCE = 64
TRANSPORTS = ("httpcore2", "pycurl")

CONTESTANTS = {
    "hipkit, httpcore2": "hipkit_client:over_httpcore2",
    "hipkit, pycurl": "hipkit_client:over_pycurl",
    "bare httpx2": "httpx2_bare:transport",
    "bare httpcore2": "httpcore2_bare:pool",
    "bare pycurl": "pycurl_bare:handle",
    "httpx2.Client": "httpx2_bare:client",
    "hypchat": "hypchat_client:notification",
}
ASYNC_CONTESTANTS = {
    "hipkit, httpcore2": "hipkit_client:async_over_httpcore2",
    "hipkit, pycurl": "hipkit_client:async_over_pycurl",
    "bare httpx2": "httpx2_bare:async_transport",
    "bare pycurl": "pycurl_bare:multi",
    "hipchatter": "hipchatter.js",
}
BARE = {"httpcore2": "bare httpx2", "pycurl": "bare pycurl"}
"""The contestant beside which a transport is set: what a program would use in its place."""

MOST_INSTRUCTIONS = 75_000
BARE_AIMS = {
    "httpcore2": {"plain": 0.97, "TLS": 0.97},
    "pycurl": {"plain": 2.8, "TLS": 2.1},
}
ASYNC_BARE_AIMS = {
    "httpcore2": {1: 1.05, 16: 0.95, 64: 0.85},
    "pycurl": {1: 1.2, 16: 1.4, 64: 1.6},
}
"""By the number of calls at once."""
DISTANT_AIM = 1.0
HYPCHAT_AIMS = {
    "httpcore2": {"plain": 0.5, "TLS": 0.5},
    "pycurl": {"plain": 0.15, "TLS": 0.16},
}
HIPCHATTER_AIM = 0.6
DISTANT_CALLS, DISTANT_ROUNDS = 256, 25
CALLS_BEFORE_NODE = 10_000
"""After so many calls Node.js has compiled what it will compile."""


def task_for(target: Target) -> Task:
    """Return the notification as a request, for contestants that do not create their own."""
    request = request_for(target.base_url)
    if not isinstance(request.content, bytes):
        raise TypeError("a notification has a body of bytes")
    host = host_line(request)
    return Task(
        origin=target.origin,
        authority=target.authority,
        url=f"{request.scheme}://{host}{request.target}",
        headers=[("Host", host), *header_lines(request)],
        content=request.content.decode(),
    )


def measure_own_share(scene: Scene) -> Table:
    """Count and time a notification on a transport in memory."""
    task = task_for(scene.plain)
    lines = []
    for how, function, at_once in (
        ("sync", "hipkit_client:in_memory", 0),
        ("async, 1 at once", "hipkit_client:async_in_memory", 1),
    ):
        (cost,) = compete(
            scene,
            task,
            [function],
            rounds=ROUNDS,
            calls=scene.calls(CALLS),
            at_once=at_once,
        )
        counted = count_instructions(scene, task, function, at_once=at_once)
        lines.append(
            (
                "memory",
                how,
                "not counted: no valgrind" if counted is None else f"{counted:,.0f}",
                figure(Spread.of(cost.cpu), "µs"),
                figure(Spread.of(cost.wall), "µs"),
                judged(counted, MOST_INSTRUCTIONS, f"at most {MOST_INSTRUCTIONS:,}")
                if counted is not None and not at_once
                else "",
            )
        )
    return Table(
        title="A notification in memory: hipkit's own share of a call",
        headings=("transport", "how", "user instructions", "CPU", "wall", "aim"),
        lines=lines,
        note="Everything but the network: arguments to request, policy, limits, answer to result.",
    )


def measure_httpcore2(scene: Scene) -> Table:
    """Compare with httpx2's transport, both ways to the server, sync and async."""
    return _measure_against_bare(scene, "httpcore2")


def measure_pycurl(scene: Scene) -> Table:
    """Compare with libcurl's handles, both ways to the server, sync and async."""
    return _measure_against_bare(scene, "pycurl")


def _measure_against_bare(scene: Scene, transport: str) -> Table:
    return Table(
        title=f"A notification over {transport}, against {BARE[transport]}",
        headings=COMPARED,
        lines=[
            line
            for target in scene.targets
            for line in (
                *_against_bare(scene, transport, target),
                *_against_bare_async(scene, transport, target),
            )
        ],
        note="A bare transport has its request ready to go, and judges nothing but the status. "
        "Lines without an aim are there for orientation.",
    )


def measure_at_a_distance(scene: Scene) -> Table:
    """Compare the elapsed time of many calls at once, to a server that answers late."""
    us, bare = "hipkit, httpcore2", BARE["httpcore2"]
    costs = _compete(
        scene,
        scene.distant,
        us,
        bare,
        at_once=MANY_AT_ONCE,
        calls=MANY_AT_ONCE if scene.quick else DISTANT_CALLS,
        rounds=DISTANT_ROUNDS,
    )
    return Table(
        title=f"A notification, {MANY_AT_ONCE} at once, to a distant server",
        headings=COMPARED_BY_WALL,
        lines=[
            compared(
                "httpcore2",
                f"{scene.distant.name}, async, {MANY_AT_ONCE} at once",
                bare,
                costs[us],
                costs[bare],
                aim=DISTANT_AIM,
                by_wall=True,
            )
        ],
        note="Both have up to 100 connections. The elapsed time is divided by the number of calls.",
    )


def _against_bare(scene: Scene, transport: str, target: Target) -> list[Line]:
    us, bare = f"hipkit, {transport}", BARE[transport]
    others = [bare]
    if transport == "httpcore2":
        others += ["bare httpcore2", "httpx2.Client"]
    costs = _compete(scene, target, us, *others)
    aims = {bare: BARE_AIMS[transport][target.name]}
    how = f"{target.name}, sync"
    return [
        compared(transport, how, name, costs[us], costs[name], aim=aims.get(name))
        for name in others
    ]


def _against_bare_async(scene: Scene, transport: str, target: Target) -> list[Line]:
    us, bare = f"hipkit, {transport}", BARE[transport]
    lines = []
    for at_once in AT_ONCE[1:2] if scene.quick else AT_ONCE:
        costs = _compete(scene, target, us, bare, at_once=at_once)
        how = f"{target.name}, async, {at_once} at once"
        aim = ASYNC_BARE_AIMS[transport][at_once]
        lines.append(compared(transport, how, bare, costs[us], costs[bare], aim=aim))
    return lines


def measure_against_hypchat(scene: Scene) -> Table:
    """Compare both transports, both ways to the server, with hypchat."""
    title = "A notification, against hypchat 0.21"
    if find_spec("hypchat") is None:
        note = "Not measured: hypchat is missing; `make bench` installs it."
        return Table(title=title, headings=COMPARED, lines=[], note=note)
    us = {transport: f"hipkit, {transport}" for transport in TRANSPORTS}
    costs = {
        target.name: _compete(scene, target, "hypchat", *us.values())
        for target in scene.targets
    }
    return Table(
        title=title,
        headings=COMPARED,
        lines=[
            compared(
                transport,
                f"{way}, sync",
                "hypchat",
                cost[us[transport]],
                cost["hypchat"],
                aim=HYPCHAT_AIMS[transport][way],
            )
            for transport in TRANSPORTS
            for way, cost in costs.items()
        ],
        note="hypchat stands on requests and urllib3, and is sync only.",
    )


def measure_against_hipchatter(scene: Scene) -> Table:
    """Compare many calls at once with hipchatter, where Node.js is installed."""
    title = "A notification, against hipchatter 1.0.0 on Node.js"
    missing = [
        name
        for name, is_there in (
            ("node", which("node") is not None),
            ("hipchatter", (NODE_MODULES / "hipchatter").is_dir()),
        )
        if not is_there
    ]
    if missing:
        note = f"Not measured: {' and '.join(missing)} missing; `make bench` installs hipchatter."
        return Table(title=title, headings=COMPARED, lines=[], note=note)
    us, other = "hipkit, pycurl", "hipchatter"
    lines = []
    for calls_before in (0, CALLS_BEFORE_NODE):
        if scene.quick and calls_before:
            continue
        costs = _compete(
            scene,
            scene.plain,
            us,
            other,
            at_once=MANY_AT_ONCE,
            calls_before=calls_before,
        )
        first = calls_before or ASYNC_CALLS
        how = f"plain, async, {MANY_AT_ONCE} at once, after {first:,} calls"
        lines.append(
            compared("pycurl", how, other, costs[us], costs[other], aim=HIPCHATTER_AIM)
        )
    return Table(
        title=title,
        headings=COMPARED,
        lines=lines,
        note="Node.js compiles while it runs: a process that has made many calls needs less for "
        "the next.",
    )


def _compete(
    scene: Scene,
    target: Target,
    *names: str,
    at_once: int = 0,
    calls: int = 0,
    rounds: int = ROUNDS,
    calls_before: int = 0,
) -> dict[str, Cost]:
    known = ASYNC_CONTESTANTS if at_once else CONTESTANTS
    costs = compete(
        scene,
        task_for(target),
        [known[name] for name in names],
        rounds=rounds,
        calls=calls or (ASYNC_CALLS if at_once else scene.calls(CALLS)),
        at_once=at_once,
        calls_before=calls_before,
    )
    return dict(zip(names, costs, strict=True))
