"""`hipkit admin emoticon`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from hipkit.cli.admin.running import AdminGroup, Shown, number_option
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
async def add_emoticon(
    context: Context, *, shortcut: str, picture: Path, number: int | None
) -> Shown:
    """Add an emoticon from a JPEG, PNG or GIF file.

    In messages it is written as its shortcut in parentheses, such as (success).
    """
    data = await asyncio.to_thread(picture.read_bytes)
    # A server that starts meanwhile would otherwise take the picture for left over.
    with context.runtime.blobs.shared():
        emoticon_id = await emoticons.add_emoticon(
            context, shortcut=shortcut, picture=data, emoticon_id=number
        )
    return {"id": emoticon_id, "shortcut": shortcut}
