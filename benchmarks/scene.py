"""What every benchmark is given: how thorough to be, and a server to send to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from benchmarks.children import Child

__all__ = ["Scene", "Target", "open_scene"]

MESSAGES, QUICK_MESSAGES = 1_000_000, 3_000
DISTANCE_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address to send to, and whom to trust there."""

    name: str
    """How the tables call it, such as `TLS`."""
    origin: str
    authority: str | None
    """The file of the certificate authority that vouches for it."""

    @property
    def base_url(self) -> str:
        """Where the API begins."""
        return f"{self.origin}/v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The settings of one row."""

    quick: bool
    folder: Path
    """For files that the row needs; it goes with the scene."""
    compiled: Path
    """For Python's compiled modules."""
    messages: int
    """How many messages the server's history has."""
    plain: Target
    tls: Target
    distant: Target
    """The plain server, its answers delayed."""

    @property
    def targets(self) -> tuple[Target, Target]:
        """Both ways to the server."""
        return self.plain, self.tls

    def environment(self) -> dict[str, str]:
        """Return the environment of a measured process."""
        environment = os.environ | {"PYTHONPYCACHEPREFIX": str(self.compiled)}
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
def open_scene(*, quick: bool, folder: Path) -> Iterator[Scene]:
    """Start the server in a process of its own, with a certificate made for it.

    Args:
        quick: Whether figures do not matter.
        folder: For what one scene may leave to the next: Python's compiled modules.
    """
    with TemporaryDirectory(dir=folder) as name:
        own = Path(name)
        authority, certificate = own / "authority.pem", own / "server.pem"
        authorities = trustme.CA()
        authorities.cert_pem.write_to_path(authority)
        issued = authorities.issue_cert("127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(certificate)
        messages = QUICK_MESSAGES if quick else MESSAGES
        server = Child(
            "the server that is loaded",
            [
                *(sys.executable, "-m", "benchmarks.load_server"),
                *(str(certificate), str(messages), str(DISTANCE_MS)),
            ],
            os.environ,
        )
        with server:
            plain, tls, distant = server.read().split()
            yield Scene(
                quick=quick,
                folder=own,
                compiled=folder / "compiled",
                messages=messages,
                plain=Target(
                    name="plain", origin=f"http://127.0.0.1:{plain}", authority=None
                ),
                tls=Target(
                    name="TLS",
                    origin=f"https://127.0.0.1:{tls}",
                    authority=str(authority),
                ),
                distant=Target(
                    name=f"plain, {DISTANCE_MS} ms away",
                    origin=f"http://127.0.0.1:{distant}",
                    authority=None,
                ),
            )
