"""`hipkit download`: save the file that a message shares."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click

from hipkit.cli.call.progress import transfer_bar
from hipkit.cli.connect import open_client
from hipkit.cli.inputs import Text
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import one_line, write, write_bytes, write_json
from hipkit.client.hipchat import HipChat
from hipkit.v2.models import AuthenticatedFile, Message, MessageFile
from hipkit.v2.rooms import GetRoomMessage

__all__ = ["download"]

MOST_MESSAGES = 1_000
LONGEST_NAME = 200
"""In bytes of UTF-8. Most file systems allow 255."""
UNFIT_FOR_NAMES = re.compile(
    r'[\x00-\x1f\x7f-\x9f\ud800-\udfff<>:"|?*'
    r"\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]"  # Marks of direction disguise an ending.
)


@click.command(cls=Command)
@click.argument("room_id_or_name", metavar="ROOM", type=Text())
@click.argument("message_id", metavar="[MESSAGE]", type=Text(), required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="PATH|-",
    help="File or folder to save to; - for standard output.  [default: the file's name, here]",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.pass_obj
def download(
    settings: Settings,
    /,
    *,
    room_id_or_name: str,
    message_id: str | None,
    output: Path | None,
    force: bool,
) -> None:
    """Save the file that a message shares.

    ROOM is an id or a name. MESSAGE is a message's id, which hipkit tail --json shows; without it,
    the latest of the last 1,000 messages that has a file is taken.
    """
    with open_client(settings) as client:
        file = _find_file(client, room_id_or_name, message_id)
        name = _file_name(file.name or "")
        with transfer_bar(name, file.size) as report:
            if output == Path("-"):
                for chunk in client.download_chunks(file, on_progress=report):
                    write_bytes(chunk)
                return
            path = _target(output, name, force=force)
            size_bytes = client.download(file, path, on_progress=report)
    if settings.json:
        write_json({"path": str(path), "bytes": size_bytes})
    else:
        write(f"{path}: {size_bytes:,} bytes")


def _find_file(
    client: HipChat, room: str, message_id: str | None
) -> MessageFile | AuthenticatedFile:
    messages: Iterable[Message]
    if message_id is not None:
        messages = [client.send(GetRoomMessage(room, message_id)).message]
        problem = "the message shares no file"
    else:
        messages = client.history(
            room, limit=MOST_MESSAGES, on_unreadable=lambda _: None
        )
        problem = f"none of the latest {MOST_MESSAGES:,} messages shares a file"
    for message in messages:
        if found := message.file or message.authenticated_file:
            return found
    raise click.UsageError(problem)


def _file_name(shown: str) -> str:
    """Return a sender's name for a file as a name in one folder, hidden on no system."""
    name = re.split(r"[/\\]", shown)[-1]
    end = UNFIT_FOR_NAMES.sub("_", name).encode()[-LONGEST_NAME:]
    return end.decode(errors="ignore").strip(" .") or "file"


def _target(output: Path | None, name: str, *, force: bool) -> Path:
    path = Path(name) if output is None else output
    if path.is_dir():
        path /= name
    if path.is_file() and not force:
        raise click.UsageError(
            f"{one_line(str(path))} exists; use --force to replace it, or --output"
        )
    return path
