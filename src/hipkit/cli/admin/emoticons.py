"""`hipkit admin emoticon`."""

from __future__ import annotations

from pathlib import Path

import click

from hipkit.cli.admin.running import (
    AdminGroup,
    file_folder,
    now_us,
    number_option,
    on_database,
    pass_settings,
    show,
)
from hipkit.cli.options import Settings
from hipkit.server.services.messages import emoticons_operator as admin_emoticons
from hipkit.server.storage.protocol import Database

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
    data, folder = picture.read_bytes(), file_folder()

    async def add(database: Database) -> int:
        with folder.shared():
            return await admin_emoticons.add_emoticon(
                database,
                folder,
                now_us(),
                shortcut=shortcut,
                picture=data,
                emoticon_id=number,
            )

    emoticon_id = on_database(add)
    show(settings, {"id": emoticon_id, "shortcut": shortcut})
