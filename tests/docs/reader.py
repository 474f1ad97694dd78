"""Who follows the pages, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PORT = ":8070"
"""The port that the pages name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A folder that a server runs in, and the port of that server."""

    folder: Path
    port: str

    def local(self, text: str) -> str:
        """Return a command with the port that the server has here."""
        return text.replace(PORT, self.port)

    def as_written(self, text: str) -> str:
        """Return what a command printed, with the port that the pages name."""
        return text.replace(self.port, PORT)
