"""Print results: as JSON, or as lines and tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import cast

from hipkit.api.bodies.json_grammar import parse_json
from hipkit.api.bodies.writing import to_plain
from hipkit.api.response import Response
from hipkit.cli.call.progress import counted
from hipkit.cli.failures import exit_code_of_status
from hipkit.cli.options import Settings
from hipkit.cli.output import (
    harmless,
    is_terminal,
    write,
    write_bytes,
    write_json,
    write_json_list,
    write_stderr,
)
from hipkit.cli.table import describe, write_table

__all__ = ["show_items", "show_response", "show_result"]


def show_result(settings: Settings, value: object) -> None:
    """Print the result of a call; without `--json`, `None` prints nothing."""
    if settings.json:
        write_json(value)
        return
    if value is None:
        return
    plain = to_plain(value)
    if not (isinstance(plain, dict) and isinstance(plain.get("items"), list)):
        write(describe(plain))
        return
    write_table(plain["items"])
    links = plain.get("links")
    if isinstance(links, dict) and links.get("next"):
        write_stderr(
            "more results: use --all to fetch them, or --start-index for another page"
        )


def show_items(settings: Settings, items: Iterable[object], what: str) -> None:
    """Print the items of all pages: as one JSON list, while they arrive, or as one table."""
    if settings.json:
        shown = items if is_terminal(sys.stdout) else counted(items, what)
        write_json_list(shown)
        return
    plain = (to_plain(item) for item in counted(items, what))
    write_table([cast("dict[str, object]", item) for item in plain])


def show_response(settings: Settings, response: Response[object]) -> int:
    """Print a response as received, and return the exit code for its status."""
    if settings.json:
        document = {
            "status": response.status,
            "headers": dict(response.headers),
            "body": _readable(response.body),
        }
        write_json(document)
    else:
        write_stderr(
            f"{response.request.method} {response.request.url}: {response.status}"
        )
        for name, value in response.headers.items():
            write_stderr(f"{name}: {value}")
        if is_terminal(sys.stdout):
            write(harmless(response.body.decode(errors="replace")))
        else:
            write_bytes(response.body)
    return exit_code_of_status(response.status)


def _readable(body: bytes) -> object:
    """Return a body as JSON, as text, or as `None`."""
    if not body:
        return None
    try:
        return parse_json(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
