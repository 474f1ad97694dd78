"""`hipkit admin emoticon`."""

from __future__ import annotations

from pathlib import Path

import click

from hipkit.cli.admin.running import (
    AdminGroup,
    as_operator,
    number_option,
    pass_settings,
    show,
)
from hipkit.cli.options import Settings
from hipkit.server.services.context import Context
from hipkit.server.services.messages import emoticons

__all__ = ["emoticon"]


@click.group(cls=AdminGroup)
def emoticon() -> None:
    """Manage emoticons."""


@emoticon.command("add")
@click.argument("shortcut")
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
@number_option("number")
@pass_settings
def add_emoticon(
    settings: Settings, /, *, shortcut: str, picture: Path, number: int | None
) -> None:
    """Add an emoticon from a JPEG, PNG or GIF file.

    In messages it is written as its shortcut in parentheses, such as (success).
    """
    data = picture.read_bytes()

    async def add(context: Context) -> int:
        # A server that starts meanwhile would otherwise take the picture for left over.
        with context.runtime.blobs.shared():
            return await emoticons.add_emoticon(
                context, shortcut=shortcut, picture=data, emoticon_id=number
            )

    emoticon_id = as_operator(add)
    show(settings, {"id": emoticon_id, "shortcut": shortcut})
