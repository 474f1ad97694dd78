"""Who follows the pages, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PORT = ":8070"
"""The port that the pages name."""
HOMESERVER_PORT = ":8008"
"""The port of the homeserver that the page about the relay has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A folder that a server runs in, and the ports of that server and of a homeserver."""

    folder: Path
    port: str
    homeserver_port: str = HOMESERVER_PORT

    def local(self, text: str) -> str:
        """Return a command with the ports that are here."""
        return text.replace(PORT, self.port).replace(
            HOMESERVER_PORT, self.homeserver_port
        )

    def as_written(self, text: str) -> str:
        """Return what a command printed, with the ports that the pages name."""
        return text.replace(self.port, PORT).replace(
            self.homeserver_port, HOMESERVER_PORT
        )
