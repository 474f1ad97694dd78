"""Print what would be sent to targets, in place of sending it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hipkit.cli.output import write, write_json
from hipkit.cli.relay.showing import show_rendered, shown_lines
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.protocol import Answer, Rendered, Settings

__all__ = ["PrintingSender"]

REFERENCE = "dry-run"
"""The id of every message at its target: what belongs to a thread names it."""


class PrintingSender:
    """Stands for what sends to targets: prints, and counts everything as delivered.

    Args:
        routes: Returns the routes, by whose settings it finds names.
        as_json: Whether to print objects, one a line.
    """

    def __init__(self, routes: Callable[[], Sequence[Route]], *, as_json: bool) -> None:
        self._routes = routes
        self._as_json = as_json

    async def send(self, rendered: Rendered, settings: Settings) -> Answer:
        """Print a request, mail or notification."""
        name = next(
            (each.name for each in self._routes() if each.settings is settings), None
        )
        shown = show_rendered(rendered, settings)
        if self._as_json:
            write_json({"route": name, **shown})
        else:
            write(f"route {name}:")
            for line in shown_lines(shown):
                write(line)
        return Answer(verdict="delivered", reference=REFERENCE)

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""

    def close(self) -> None:
        """Do nothing: there are no threads."""
