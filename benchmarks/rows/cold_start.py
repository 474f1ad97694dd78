"""Whole processes: a script that posts one notification over TLS, and the command line."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.children import REPOSITORY
from benchmarks.competing import take_turns
from benchmarks.messages import TOKEN
from benchmarks.report import COMPARED, Table, compared
from benchmarks.scene import Scene

__all__ = ["measure", "measure_commands"]

ROUNDS = 30
PROGRAMS = REPOSITORY / "benchmarks" / "programs"
AIMS = {"httpcore2": 1.15, "pycurl": 2.2}
SEND_AIM, VERSION_AIM = 1.2, 2.5


def measure(scene: Scene) -> Table:
    """Compare hipkit with its bare transports, and for orientation with others."""
    given = (scene.tls.origin, str(scene.tls.authority))

    def program(name: str, *more: str) -> tuple[str, ...]:
        return (str(PROGRAMS / f"{name}.py"), *given, *more)

    scripts = {
        "httpcore2": program("post_hipkit", "httpcore2"),
        "pycurl": program("post_hipkit", "pycurl"),
    }
    programs = {
        "httpx2's transport": program("post_httpx2"),
        "httpcore2's pool": program("post_httpcore2"),
        "a libcurl handle": program("post_pycurl"),
    }
    if find_spec("hypchat") is not None:
        programs["hypchat"] = program("post_hypchat")
    costs = take_turns(scene, scripts | programs, rounds=ROUNDS)
    against = {
        "httpcore2": ("httpx2's transport", "httpcore2's pool", "hypchat"),
        "pycurl": ("a libcurl handle", "hypchat"),
    }
    return Table(
        title="Cold start: from the start of a process to a 204 over TLS",
        headings=COMPARED,
        lines=[
            compared(
                transport,
                "TLS, sync",
                other,
                costs[transport],
                costs[other],
                aim=AIMS[transport] if other == others[0] else None,
                unit="ms",
            )
            for transport, others in against.items()
            for other in others
            if other in costs
        ],
        note="The whole process, Python's own start included.",
    )


def measure_commands(scene: Scene) -> Table:
    """Compare two commands with Python programs that do the same."""
    hipkit = str(Path(sys.executable).with_name("hipkit"))
    environment = {
        "HIPCHAT_BASE_URL": scene.tls.base_url,
        "HIPCHAT_TOKEN": TOKEN,
        "SSL_CERT_FILE": str(scene.tls.authority),
    }
    simply = str(PROGRAMS / "post_httpx2_simply.py")
    send, by_httpx2 = "`hipkit send`", "`httpx2.post`"
    version, nothing = "`hipkit --version`", "`python -c pass`"
    costs = take_turns(
        scene,
        {
            send: (hipkit, "send", "Dev Ops", "Done."),
            by_httpx2: (simply, scene.tls.base_url, TOKEN),
            version: (hipkit, "--version"),
            nothing: ("-c", "pass"),
        },
        rounds=ROUNDS,
        environment=environment,
    )
    return Table(
        title="The command line: from the start of a process to its end",
        headings=("command", *COMPARED[1:]),
        lines=[
            compared(ours, how, other, costs[ours], costs[other], aim=aim, unit="ms")
            for ours, how, other, aim in (
                (send, "a notification over TLS", by_httpx2, SEND_AIM),
                (version, "no network", nothing, VERSION_AIM),
            )
        ],
        note="The whole process, Python's own start included.",
    )
