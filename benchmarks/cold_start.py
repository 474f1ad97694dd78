"""From the start of a process to a 204 over TLS: what a script that posts one line costs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from benchmarks.competing import take_turns
from benchmarks.report import COMPARED, Table, compared
from benchmarks.scene import Scene

PROGRAMS = Path(__file__).parent / "programs"
AIM = 1.3, "at most 1.3"


def measure(scene: Scene) -> Table:
    """Compare hipkit with its bare transports, and for orientation with others."""
    given = (scene.tls.origin, str(scene.tls.authority))

    def program(name: str, *more: str) -> tuple[str, ...]:
        return (str(PROGRAMS / f"{name}.py"), *given, *more)

    programs = {
        "hipkit, httpcore2": program("post_hipkit", "httpcore2"),
        "hipkit, pycurl": program("post_hipkit", "pycurl"),
        "httpx2's transport": program("post_httpx2"),
        "httpcore2's pool": program("post_httpcore2"),
        "a libcurl handle": program("post_pycurl"),
    }
    if find_spec("hypchat") is not None:
        programs["hypchat"] = program("post_hypchat")
    costs = take_turns(scene, programs, rounds=30)
    over_httpcore2, over_pycurl = (
        costs.pop("hipkit, httpcore2"),
        costs.pop("hipkit, pycurl"),
    )
    aims = {"httpx2's transport": over_httpcore2, "a libcurl handle": over_pycurl}
    return Table(
        title="Cold start: from the start of a process to a 204 over TLS",
        headings=COMPARED,
        lines=[
            compared(
                "pycurl" if ours is over_pycurl else "httpcore2",
                "TLS, sync",
                other,
                ours,
                theirs,
                aim=AIM if aims.get(other) is ours else None,
                unit="ms",
            )
            for ours, others in (
                (
                    over_httpcore2,
                    ("httpx2's transport", "httpcore2's pool", "hypchat"),
                ),
                (over_pycurl, ("a libcurl handle", "hypchat")),
            )
            for other in others
            if (theirs := costs.get(other)) is not None
        ],
        note="The whole process, Python's own start included.",
    )
