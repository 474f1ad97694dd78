"""`hipkit send`: send a notification, message or file to a room."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from hipkit.api.errors import HipkitError
from hipkit.api.messages.long_messages import LONGEST_MESSAGE, split_message
from hipkit.api.operation import Operation
from hipkit.cli.call.arguments import build, literals
from hipkit.cli.connect import open_client
from hipkit.cli.inputs import Json, Text, read_input
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import is_terminal, write_json, write_stderr, write_stderr_json
from hipkit.v2.rooms import SendMessage, SendRoomNotification, ShareFileWithRoom

__all__ = ["send"]


class JsonFile(Json):
    """A file that holds JSON, or the JSON itself."""

    def _read(self, text: str) -> object:
        return super()._read(text if text.startswith(("{", "@")) else f"@{text}")


@click.command(cls=Command)
@click.argument("room_id_or_name", metavar="ROOM", type=Text())
@click.argument("message", type=Text(), required=False)
@click.option(
    "--color",
    type=click.Choice(literals(SendRoomNotification, "color")),
    help="Background color.  [default: yellow]",
)
@click.option(
    "--notify/--no-notify",
    default=None,
    help="Alert the users in the room.  [default: no-notify]",
)
@click.option(
    "--format",
    "message_format",
    type=click.Choice(literals(SendRoomNotification, "message_format")),
    help="Message format. Mentions and emoticons need text.  [default: html]",
)
@click.option(
    "--from", "from_", type=Text(), help="Label to show next to the sender's name."
)
@click.option(
    "--attach-to",
    type=Text(),
    metavar="ID",
    help="Message to attach the notification to.",
)
@click.option(
    "--card",
    type=JsonFile(),
    metavar="FILE.json",
    help="Card to send: a JSON file, - for standard input, or inline JSON.",
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, readable=True),
    metavar="PATH",
    help="File to share, with MESSAGE as an optional comment.",
)
@click.option(
    "--split",
    is_flag=True,
    help="Send a message of more than 10,000 characters in parts. "
    "The first one has the alert and the card.",
)
@click.option(
    "--as-message",
    is_flag=True,
    help="Send a message from the token's owner instead of a notification.",
)
@click.pass_obj
def send(
    settings: Settings,
    /,
    *,
    room_id_or_name: str,
    message: str | None,
    file: str | None,
    split: bool,
    as_message: bool,
    **options: object,
) -> None:
    """Send a notification, message or file to a room.

    ROOM is an id or a name. MESSAGE is read from standard input if it is omitted or -.

    Scope: send_notification, or send_message with --as-message or --file.
    """
    kind: type[Operation[object]] = SendRoomNotification
    if file is not None or as_message:
        kind = ShareFileWithRoom if file is not None else SendMessage
        _refuse_notification_options(options)
    if file is None or message == "-":
        message = _message(message)
    parts: list[str | None] = [message]
    if split:
        parts = [*_split(message, kind, options)]
    elif kind is SendRoomNotification:
        _check_length(message)
    options |= {"room_id_or_name": room_id_or_name, "file": file}
    results = []
    with ExitStack() as stack, open_client(settings) as client:
        for part in parts:
            operation = build(kind, {**options, "message": part}, stack)
            try:
                results.append(client.send(operation))
            except (HipkitError, KeyboardInterrupt):
                # Who tries again needs to know what is in the room already.
                if results:
                    _report_sent(settings, len(results), len(parts))
                raise
            options |= {"notify": None, "card": None}
    if settings.json:
        write_json(results if split else results[0])


def _report_sent(settings: Settings, sent: int, of: int) -> None:
    if settings.json:
        write_stderr_json({"parts": {"sent": sent, "of": of}})
    else:
        write_stderr(f"{sent} of {of} parts were sent")


def _check_length(message: str | None) -> None:
    size = len(message or "")
    if size > LONGEST_MESSAGE:
        raise click.UsageError(
            f"the message has {size:,} characters, and a server accepts "
            f"{LONGEST_MESSAGE:,}; with --split it is sent in parts"
        )


def _split(
    message: str | None, kind: type[Operation[object]], options: dict[str, object]
) -> list[str]:
    if message is None or kind is ShareFileWithRoom:
        raise click.UsageError("--split cannot be combined with --file")
    is_html = kind is SendRoomNotification and options["message_format"] != "text"
    parts = split_message(message, message_format="html" if is_html else "text")
    if not parts:
        raise click.UsageError("the message is empty: it would show nothing")
    return parts


def _message(given: str | None) -> str:
    """Return the given message, or standard input without its last line end."""
    if given is not None and given != "-":
        return given
    if is_terminal(sys.stdin):
        write_stderr("type the message, then press Ctrl-D on a new line")
    text = read_input("the message").removesuffix("\n").removesuffix("\r")
    if not text:
        raise click.UsageError("the message is empty: standard input has no text")
    return text


def _refuse_notification_options(options: dict[str, object]) -> None:
    for name, value in options.items():
        if value is not None:
            flag = {"from_": "from", "message_format": "format"}.get(name, name)
            raise click.UsageError(
                f"--{flag.replace('_', '-')} is for notifications; "
                "it cannot be combined with --file or --as-message"
            )
