"""`hipkit serve`: a server of one's own, on one database file."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from hipkit.cli.options import Command, Settings
from hipkit.cli.output import tell, write, write_json
from hipkit.errors import BadRequestError
from hipkit.server.app import Server
from hipkit.server.run import listen, run
from hipkit.server.services.limits import LimitSettings
from hipkit.server.services.texts import is_web_address
from hipkit.server.services.users import check_email
from hipkit.server.settings import Settings as ServerSettings

__all__ = ["serve"]

DEFAULT_PORT = 8070


@click.command(cls=Command)
@click.option(
    "--db",
    "database",
    type=click.Path(dir_okay=False, path_type=Path),
    default="hipkit.db",
    show_default=True,
    help="The SQLite file; made where there is none. Shared files lie beside it.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Listen on this port; 0 takes a free one, which is printed.",
)
@click.option(
    "--public-url",
    metavar="URL",
    help="Make links with this scheme and host, not with those that the client used.",
)
@click.option(
    "--strict",
    is_flag=True,
    help='Refuse what HipChat refused although programs send it, such as "true" for true.',
)
@click.option(
    "--rate-limits/--no-rate-limits",
    default=True,
    show_default=True,
    help="HipChat's limits: 100 calls in 5 minutes for a user's token, 500 for an add-on's,"
    " 30 messages a minute to one room.",
)
@click.option(
    "--group",
    "group_name",
    metavar="NAME",
    default="HipChat",
    show_default=True,
    help="What the first start calls the group.",
)
@click.option(
    "--admin-email",
    metavar="ADDRESS",
    default="admin@example.com",
    show_default=True,
    help="The address of the administrator that the first start makes.",
)
@click.pass_obj
def serve(
    settings: Settings,
    /,
    *,
    database: Path,
    host: str,
    port: int,
    public_url: str | None,
    strict: bool,
    rate_limits: bool,
    group_name: str,
    admin_email: str,
) -> None:
    """Run a server that speaks the same API.

    The first start makes a group, its administrator, and a token of theirs with every scope,
    which is written to a file beside the database that only you can read. SIGINT and SIGTERM
    end the server after what is under way.
    """
    if public_url is not None and not is_web_address(public_url):
        raise click.UsageError(
            "--public-url needs a URL such as https://chat.example.com"
        )
    _check_address(admin_email)
    _set_up_log(verbose=settings.verbose)
    server_settings = ServerSettings(
        database=database.absolute(),
        strict=strict,
        limits=LimitSettings(enabled=rate_limits),
        public_url=public_url,
        group_name=group_name,
        admin_email=admin_email,
    )
    try:
        listener = listen(host, port)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    made: list[Path] = []

    def on_open(server: Server) -> None:
        if server.new_token_file is None:
            return
        made.append(server.new_token_file)
        if not settings.json:
            tell(
                f"made the group {group_name} and its administrator {admin_email};"
                f" the administrator's token is in {server.new_token_file}"
            )

    def on_ready(address: str) -> None:
        if settings.json:
            token_file = str(made[0]) if made else None
            write_json({"base_url": f"{address}/v2", "token_file": token_file})
        else:
            write(f"serving HipChat's API at {address}/v2")

    run(server_settings, listener, on_open=on_open, on_ready=on_ready)


def _check_address(email: str) -> None:
    try:
        check_email(email)
    except BadRequestError:
        raise click.UsageError(
            "--admin-email needs an address such as admin@example.com"
        ) from None


def _set_up_log(*, verbose: bool) -> None:
    """Log to standard error: what goes wrong, and on request every call."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("hipkit.server")
    log.addHandler(handler)
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    log.propagate = False
