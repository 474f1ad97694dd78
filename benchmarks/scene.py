"""What every benchmark is given: how thorough to be, and a server to send to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

__all__ = ["REPOSITORY", "Scene", "Target", "open_scene"]

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address to send to, and whom to trust there."""

    name: str
    """How the tables call it: `plain` or `TLS`."""
    origin: str
    authority: str | None
    """The file of the certificate authority that vouches for it."""

    @property
    def base_url(self) -> str:
        """Where the API begins."""
        return f"{self.origin}/v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The settings of one run."""

    quick: bool
    folder: Path
    """For files that the run needs; it goes with the run."""
    messages: int
    """How many messages the server's history has."""
    plain: Target
    tls: Target

    @property
    def targets(self) -> tuple[Target, Target]:
        """Both ways to the server."""
        return self.plain, self.tls

    def environment(self) -> dict[str, str]:
        """Return the environment of a measured process."""
        environment = os.environ | {
            "PYTHONPYCACHEPREFIX": str(self.folder / "compiled")
        }
        # Where Python may not keep what it compiles, every start would compile every module.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment

    def rounds(self, wanted: int) -> int:
        """Return how many rounds to run, given the number of a thorough run."""
        return 1 if self.quick else wanted

    def calls(self, wanted: int) -> int:
        """Return how many calls a turn has, given the number of a thorough run."""
        return min(wanted, 4) if self.quick else wanted


@contextmanager
def open_scene(*, quick: bool, messages: int) -> Iterator[Scene]:
    """Start the server in a process of its own, with a certificate made for the run."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        authority, certificate = folder / "authority.pem", folder / "server.pem"
        authorities = trustme.CA()
        authorities.cert_pem.write_to_path(authority)
        issued = authorities.issue_cert("127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(certificate)
        command = [sys.executable, "-m", "benchmarks.load_server"]
        with subprocess.Popen(
            [*command, str(certificate), str(messages)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            if server.stdin is None or server.stdout is None:
                raise RuntimeError("the server has no pipes")
            ports = server.stdout.readline().split()
            if len(ports) != 2:
                raise RuntimeError("the server did not start")
            try:
                yield Scene(
                    quick=quick,
                    folder=folder,
                    messages=messages,
                    plain=Target(
                        name="plain",
                        origin=f"http://127.0.0.1:{ports[0]}",
                        authority=None,
                    ),
                    tls=Target(
                        name="TLS",
                        origin=f"https://127.0.0.1:{ports[1]}",
                        authority=str(authority),
                    ),
                )
            finally:
                server.stdin.close()
