"""A notification: hipkit against bare transports, against hypchat, and in memory only."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.competing import compete
from benchmarks.contestants.hipkit_client import request_for
from benchmarks.contestants.openings import Task
from benchmarks.measuring import Cost
from benchmarks.report import COMPARED, Table, compared
from benchmarks.scene import Scene, Target
from hipkit.transports.wire import header_lines, host_line

__all__ = [
    "measure_against_bare",
    "measure_against_hypchat",
    "measure_own_share",
    "task_for",
]

Line = tuple[str, ...]

ROUNDS = 50
CALLS = 100
ASYNC_CALLS = 128
"""A multiple of every number below."""
AT_ONCE = (1, 16, 64)
TRANSPORTS = ("httpcore2", "pycurl")

CONTESTANTS = {
    "hipkit, memory": "hipkit_client:in_memory",
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
}

BARE = {"httpcore2": "bare httpx2", "pycurl": "bare pycurl"}
"""The contestant beside which a transport is set: what a program would use in its place."""

SHARE_AIM = 0.1, "under 0.1"
BARE_AIMS = {"httpcore2": (1.05, "at most 1.05"), "pycurl": (1.2, "at most 1.2")}
HYPCHAT_AIMS = {"httpcore2": (1 / 2, "at most 1/2"), "pycurl": (1 / 6, "at most 1/6")}


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
    """Compare a notification on a transport in memory with a POST by httpx2."""
    us, others = "hipkit, memory", ("httpx2.Client", "bare httpx2")
    costs = _compete(scene, scene.plain, us, *others)
    return Table(
        title="A notification in memory: hipkit's own share of a call",
        headings=COMPARED,
        lines=[
            compared(
                "memory", "sync", f"{name}: a POST", costs[us], costs[name], aim=aim
            )
            for name, aim in zip(others, (SHARE_AIM, None), strict=True)
        ],
        note="Everything but the network: arguments to request, policy, limits, answer to result.",
    )


def measure_against_bare(scene: Scene) -> Table:
    """Compare with each transport used bare, both ways to the server, sync and async."""
    return Table(
        title="A notification, against the same transport used bare",
        headings=COMPARED,
        lines=[
            line
            for transport in TRANSPORTS
            for target in scene.targets
            for line in (
                *_against_bare(scene, transport, target),
                *_against_bare_async(scene, transport, target),
            )
        ],
        note="A bare transport has its request ready to go, and judges nothing but the status. "
        "Lines without an aim are there for orientation.",
    )


def _against_bare(scene: Scene, transport: str, target: Target) -> list[Line]:
    us, bare = f"hipkit, {transport}", BARE[transport]
    others = [bare]
    if transport == "httpcore2":
        others += ["bare httpcore2", "httpx2.Client"]
    costs = _compete(scene, target, us, *others)
    aims = {bare: BARE_AIMS[transport]}
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
        aim = BARE_AIMS[transport]
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
                aim=HYPCHAT_AIMS[transport],
            )
            for transport in TRANSPORTS
            for way, cost in costs.items()
        ],
        note="hypchat stands on requests and urllib3, and is sync only.",
    )


def _compete(
    scene: Scene, target: Target, *names: str, at_once: int = 0
) -> dict[str, Cost]:
    known = ASYNC_CONTESTANTS if at_once else CONTESTANTS
    costs = compete(
        scene,
        task_for(target),
        [known[name] for name in names],
        rounds=ROUNDS,
        calls=ASYNC_CALLS if at_once else scene.calls(CALLS),
        at_once=at_once,
    )
    return dict(zip(names, costs, strict=True))
