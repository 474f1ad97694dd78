"""How a server is to run. The environment and the command line are read by who makes these."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hipkit.server.events.egress import LookUp, look_up
from hipkit.server.shared.limits import LimitSettings

__all__ = ["FILE_QUOTA_BYTES", "MEBIBYTE", "ForwardClock", "Settings"]

MEBIBYTE = 1024 * 1024
FILE_QUOTA_BYTES = 5_000_000_000


class ForwardClock:
    """Counts the seconds that pass on a clock, without those by which it is put back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = clock()
        self._passed = 0.0

    def __call__(self) -> float:
        """Return how many have passed."""
        with self._lock:
            now = self._clock()
            self._passed += max(0.0, now - self._last)
            self._last = now
            return self._passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A server's settings."""

    database: Path
    """The SQLite file. Shared files lie beside it, in a folder named after it."""
    strict: bool = False
    """Refuse what HipChat refused although old programs send it, such as `"true"` for true."""
    limits: LimitSettings = field(default_factory=LimitSettings)
    public_url: str | None = None
    """Scheme and host that links are made with; without it, what the client used, and for
    others than the client what the webhook's maker used."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    tls_certificate: Path | None = None
    """A file with the certificate and those between it and its root; without it plain HTTP."""
    tls_key: Path | None = None
    hsts_seconds: int | None = None
    """How long browsers that came by TLS are to come by TLS alone; `None` tells them nothing."""
    webhook_networks: tuple[str, ...] = ()
    """Networks that webhooks may lead into although they are not public."""
    webhook_signed_request: bool = False
    """Sign the addresses of webhooks too, as `signed_request` in their query."""
    look_up: LookUp = look_up
    """How names of webhooks' receivers become addresses."""
    group_name: str = "HipChat"
    """What the first start calls the group."""
    admin_name: str = "Administrator"
    admin_email: str = "admin@example.com"
    outside_pictures: bool = False
    """Let the page load pictures from where messages and cards say they are, which tells
    whoever keeps them when somebody reads, and from which address."""
    largest_body_bytes: int = MEBIBYTE
    largest_file_bytes: int = 50 * MEBIBYTE
    file_quota_bytes: int = FILE_QUOTA_BYTES
    """How many bytes the files and pictures of a group may take; 0 for any number."""
    body_seconds: float = 60.0
    """How long a body may take to arrive."""
    file_seconds: float = 900.0
    """How long a body with a file may take to arrive."""
    durable: bool = True
    """Answer only what is on disk. A server that is thrown away afterwards may do without."""
    clock: Callable[[], float] = time.time
    """UNIX seconds."""
    monotonic: Callable[[], float] | None = None
    """Seconds that never go back; without it the system's, or what passes on another `clock`."""

    def monotonic_clock(self) -> Callable[[], float]:
        """Return a clock of seconds that never go back, however the wall clock is set."""
        if self.monotonic is not None:
            return self.monotonic
        return time.monotonic if self.clock is time.time else ForwardClock(self.clock)

    @property
    def file_folder(self) -> Path:
        """Where shared files and pictures lie."""
        return self.database.with_name(f"{self.database.name}.files")

    @property
    def token_file(self) -> Path:
        """Where the first start writes the administrator's token."""
        return self.database.with_name(f"{self.database.name}.admin-token")
