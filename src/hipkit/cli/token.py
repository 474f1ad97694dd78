"""`hipkit token`: check the current token, or get one for an add-on."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import click

from hipkit.api.limits import LATEST_UNIX_SECONDS
from hipkit.cli.call.arguments import build
from hipkit.cli.call.command import OperationCommand, find_entry, unknown_operation
from hipkit.cli.connect import connection, credentials, open_client
from hipkit.cli.failures import ExitCode
from hipkit.cli.inputs import Text, first_line, read_text
from hipkit.cli.options import Group, Settings
from hipkit.cli.output import write, write_json
from hipkit.cli.table import describe
from hipkit.client.hipchat import HipChat
from hipkit.client.settings import HIPCHAT
from hipkit.client.tokens import OAuthClient
from hipkit.v2.models import Session
from hipkit.v2.oauth_sessions import GetSession

__all__ = ["describe_session", "token"]

ID_VARIABLE = "HIPCHAT_CLIENT_ID"
SECRET_VARIABLE = "HIPCHAT_CLIENT_SECRET"  # noqa: S105 - the variable's name


@click.group(cls=Group)
def token() -> None:
    """Check the current token, or get a new one."""


@token.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option(
    "--operation",
    "name",
    metavar="NAME",
    help="Check whether the token allows this operation, without calling it.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def check(
    settings: Settings, /, *, name: str | None, arguments: tuple[str, ...]
) -> int:
    """Show the current token's kind, scopes and expiry.

    With --operation, ARGUMENTS are those of hipkit call NAME:

    \b
      hipkit token check --operation get-room "Dev Ops"

    The exit code is 5 if the token is invalid or does not allow the operation.
    """  # noqa: D301 - click reads the character \b itself
    if name is not None:
        return _check_operation(settings, name, list(arguments))
    if arguments:
        raise click.UsageError("arguments require --operation NAME")
    text, chosen = credentials(settings)
    if text is None:
        raise click.UsageError(f"no token: set {HIPCHAT.token} or use --token-file")
    with HipChat(text, **chosen) as client:
        session = client.send(GetSession(text))
    description = describe_session(session, time.time())
    if settings.json:
        write_json(description)
    else:
        write(describe(description))
    return ExitCode.OK


def describe_session(session: Session, now: float) -> dict[str, object]:
    """Return a token's kind, owner, scopes and expiry, without the token.

    Args:
        session: The server's description of the token.
        now: UNIX seconds.
    """
    found: dict[str, object] = {"kind": _kind(session)}
    if session.owner is not None:
        found["user"] = {"name": session.owner.name, "id": session.owner.id}
    if session.client is not None:
        found["client"] = {"name": session.client.name, "id": session.client.id}
        if (room := session.client.room) is not None:
            found["room"] = {"name": room.name, "id": room.id}
    if session.name is not None:
        found["label"] = session.name
    found["scopes"] = session.scopes or []
    if session.expires_in is not None:
        found["expires_in"] = session.expires_in
        # A server may send any number, even one that is out of range for a date.
        seconds = min(max(session.expires_in, -now), LATEST_UNIX_SECONDS - now)
        expiry = datetime.fromtimestamp(int(now + seconds), UTC)
        found["expires_at"] = expiry.isoformat()
    return found


def _kind(session: Session) -> str:
    if session.owner_type == "user" or session.owner is not None:
        return "user"
    if session.client is not None and session.client.room is not None:
        return "add-on of one room"
    return "add-on"


def _check_operation(settings: Settings, name: str, arguments: list[str]) -> int:
    entry = find_entry(name)
    if entry is None:
        raise click.UsageError(unknown_operation(name))
    command = OperationCommand(entry)
    parent = click.get_current_context()
    with (
        ExitStack() as stack,
        command.make_context(name, arguments, parent=parent) as context,
    ):
        operation = build(command.kind, context.params, stack)
        with open_client(settings) as client:
            outcome = client.auth_test(operation)
    if settings.json:
        write_json(outcome)
    elif outcome.allowed:
        write("allowed")
    else:
        write(f"not allowed: {outcome.message}")
    return ExitCode.OK if outcome.allowed else ExitCode.NOT_AUTHORISED


@token.command()
@click.option(
    "--client-id",
    type=Text(),
    help=f"Id of the OAuth client. Overrides {ID_VARIABLE}.",
)
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="PATH|-",
    help=f"Read the client's secret from the first line of a file, or of standard input with -. "
    f"Overrides {SECRET_VARIABLE}.",
)
@click.option(
    "--scope",
    type=Text(),
    metavar="'A B'",
    help="Scopes to request, separated by spaces.  [default: all that the client has]",
)
@click.pass_obj
def generate(
    settings: Settings,
    /,
    *,
    client_id: str | None,
    secret_file: str | None,
    scope: str | None,
) -> None:
    """Get an add-on token from a client id and secret, and print it.

    The token is not stored:

    \b
      HIPCHAT_TOKEN=$(hipkit token generate --client-id ID --secret-file secret)

    For other grants, see hipkit call generate-token.
    """  # noqa: D301 - click reads the character \b itself
    client_id = client_id or os.environ.get(ID_VARIABLE)
    if not client_id:
        raise click.UsageError(f"no client id: set {ID_VARIABLE} or use --client-id")
    with OAuthClient(
        client_id,
        _secret(secret_file),
        **connection(settings),
    ) as client:
        issued = client.generate_token(grant_type="client_credentials", scope=scope)
    if settings.json:
        write_json(issued)
    else:
        write(issued.access_token)


def _secret(path: str | None) -> str:
    if path is None:
        secret = first_line(os.environ.get(SECRET_VARIABLE, ""))
    else:
        secret = first_line(read_text(path, "the client's secret"))
    if not secret:
        raise click.UsageError(
            f"no client secret: set {SECRET_VARIABLE} or use --secret-file"
        )
    return secret
