"""A server's settings. Command lines and tests create them; nothing here reads the environment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hipkit.server.observer import Observer
from hipkit.server.senders import SenderSettings
from hipkit.server.shared.limits import LimitSettings
from hipkit.server.storage.postgres.address import Address
from hipkit.transports.egress import LookUp, look_up
from hipkit.transports.protocol import AsyncTransport

__all__ = ["FILE_QUOTA_BYTES", "MEBIBYTE", "Settings"]

MEBIBYTE = 1024 * 1024
FILE_QUOTA_BYTES = 5_000_000_000
AUTHORITY_FILE = "ca.pem"
"""As `certificates.py` names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A server's settings."""

    database: Path
    """The SQLite file. Shared files are stored beside it, in a folder named after it."""
    postgres: Address | None = None
    """The address of a PostgreSQL database in place of the SQLite file, whose name remains that
    after which the folder of shared files and the file of the first token are named."""
    strict: bool = False
    """Reject what HipChat rejected although old programs send it, such as `"true"` for true, and
    installations that an add-on answers with another status than 200."""
    limits: LimitSettings = field(default_factory=LimitSettings)
    public_url: str | None = None
    """Scheme and host of links. Without it links have those of the client's request, and in
    events those that the webhook's creator used."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted."""
    tls_certificate: Path | None = None
    """A file with the certificate and its intermediates; without it the server speaks HTTP."""
    tls_key: Path | None = None
    hsts_seconds: int | None = None
    """How long browsers may use only TLS once they did; `None` sends no such header."""
    webhook_networks: tuple[str, ...] = ()
    """Private networks that webhooks and add-ons may be in."""
    webhook_signed_request: bool = False
    """Send the signature of an event in the query too, as `signed_request`."""
    look_up: LookUp = look_up
    """How names of webhooks' receivers become addresses."""
    outgoing: AsyncTransport | None = None
    """What the server's own calls go through, such as webhooks; `None` for real connections to the
    addresses that the egress policy allows. Tests bring one that leads to applications in memory,
    which the policy's second check does not see."""
    group_name: str = "HipChat"
    """The name of the group that the first start creates."""
    admin_name: str = "Administrator"
    admin_email: str = "admin@example.com"
    outside_pictures: bool = False
    """Allow the page to load the pictures of messages and cards from other servers, which then see
    when they are read and from which address."""
    largest_body_bytes: int = MEBIBYTE
    largest_file_bytes: int = 50 * MEBIBYTE
    file_quota_bytes: int = FILE_QUOTA_BYTES
    """Maximum size of a group's files and pictures together; 0 for no limit."""
    body_seconds: float = 60.0
    """How long a body may take to arrive."""
    file_seconds: float = 900.0
    """How long a body with a file may take to arrive."""
    senders: SenderSettings | None = None
    """Relay mode: which old programs may send without being set up here; `None` for none. Limits
    of HipChat are off then, and those of the senders apply."""
    keep_days: int | None = None
    """How long messages and their files are kept; `None` for ever."""
    observer: Observer = field(default_factory=Observer)
    """Told of calls, limits, commits and deliveries; this one ignores them."""
    durable: bool = True
    """Answer only once changes are on disk. Tests do without: their database is thrown away."""

    @property
    def has_own_authority(self) -> bool:
        """Whether the certificate is one of `hipkit admin ca`, whose authority is beside it."""
        certificate = self.tls_certificate
        return (
            certificate is not None and certificate.with_name(AUTHORITY_FILE).exists()
        )

    clock: Callable[[], float] = time.time
    """UNIX seconds."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds that never go back, however `clock` is set."""

    @property
    def file_folder(self) -> Path:
        """The folder of shared files and pictures."""
        return self.database.with_name(f"{self.database.name}.files")

    @property
    def token_file(self) -> Path:
        """The file that the first start writes the administrator's token to."""
        return self.database.with_name(f"{self.database.name}.admin-token")
