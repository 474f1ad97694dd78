"""Report unreadable items of a list on standard error; the others are printed."""

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
        self._count = 0

    def __call__(self, item: UnreadableItem) -> None:
        """Report an item."""
        self._count += 1
        if self._settings.json:
            report = {"where": item.where, "reason": item.reason, "item": item.raw}
            write_stderr_json({"unreadable": report})
        else:
            raw = msgspec.json.encode(item.raw).decode()
            write_stderr(f"an item cannot be read: {item.where}: {item.reason}: {raw}")

    @property
    def exit_code(self) -> ExitCode:
        """The command's exit code: output that lacks an item is no success."""
        return ExitCode.UNREADABLE if self._count else ExitCode.OK
