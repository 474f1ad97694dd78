"""Report unreadable items of a list on standard error, while the others are shown."""

from __future__ import annotations

import msgspec

from hipkit.api.unreadable import UnreadableItem
from hipkit.cli.failures import ExitCode
from hipkit.cli.options import Settings
from hipkit.cli.output import write_stderr, write_stderr_json

__all__ = ["UnreadableItems"]


class UnreadableItems:
    """Reports each unreadable item as received."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._told = 0

    def __call__(self, item: UnreadableItem) -> None:
        """Report an item."""
        self._told += 1
        if self._settings.json:
            told = {"where": item.where, "reason": item.reason, "item": item.raw}
            write_stderr_json({"unreadable": told})
        else:
            raw = msgspec.json.encode(item.raw).decode()
            write_stderr(f"an item cannot be read: {item.where}: {item.reason}: {raw}")

    @property
    def exit_code(self) -> ExitCode:
        """The command's exit code: without unreadable items the output is incomplete."""
        return ExitCode.UNREADABLE if self._told else ExitCode.OK
