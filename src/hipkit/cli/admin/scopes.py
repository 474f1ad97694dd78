"""The option `--scope` of clients and tokens."""

from __future__ import annotations

import click

from hipkit.server.services.access.scopes import SCOPES

__all__ = ["scope_option"]

scope_option = click.option(
    "--scope",
    "scopes",
    type=click.Choice(sorted(SCOPES)),
    multiple=True,
    help="Scope to grant. Repeatable.",
)
