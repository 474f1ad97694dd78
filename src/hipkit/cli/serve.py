"""`hipkit serve`: run a server on one database file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from hipkit.api.errors import BadRequestError
from hipkit.cli.database import DatabaseFile
from hipkit.cli.inputs import Value
from hipkit.cli.listening import (
    FILE_QUOTA,
    LISTENING,
    Network,
    StartReport,
    WebAddress,
    serve_until_stopped,
)
from hipkit.cli.options import Command, Settings
from hipkit.server.services.people.names import check_email
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.shared.limits import LimitSettings

__all__ = ["serve"]

DEFAULT_LIMITS = LimitSettings()


class _Email(Value):
    def _read(self, text: str) -> str:
        try:
            return check_email(text)
        except BadRequestError:
            fault = "must be an e-mail address such as admin@example.com"
            raise ValueError(fault) from None


OPTIONS = [
    click.Option(
        ["--db", "database"],
        type=DatabaseFile(),
        default="hipkit.db",
        help="SQLite database; created if it does not exist. Shared files are stored next to it.",
    ),
    *LISTENING,
    click.Option(
        ["--relay", "relay_file"],
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Relay messages along the routes of this file, whose public_url stands for"
        " --public-url. SIGHUP reads it again. See hipkit relay --help.",
    ),
    click.Option(
        ["--public-url"],
        type=WebAddress(),
        metavar="URL",
        help="Scheme and host for links in responses, instead of those of the request.",
    ),
    click.Option(
        ["--webhook-network", "webhook_networks"],
        type=Network(),
        metavar="NETWORK",
        multiple=True,
        help="Allow webhooks and add-ons in this private network, such as 10.0.0.0/8. Repeatable.",
    ),
    FILE_QUOTA,
    click.Option(
        ["--webhook-signed-request"],
        is_flag=True,
        help="Also send a webhook's JWT as the query parameter signed_request, valid for five"
        " minutes. Proxies may log it.",
    ),
    click.Option(
        ["--strict"],
        is_flag=True,
        help='Reject input that HipChat rejected but programs send, such as "true" for true, and'
        " installations that an add-on answers with another status than 200.",
    ),
    click.Option(
        ["--outside-pictures"],
        is_flag=True,
        help="Let the page load pictures from other servers. Those servers can then see who reads.",
    ),
    click.Option(
        ["--rate-limits/--no-rate-limits", "enabled"],
        default=True,
        help="Enforce the limits below. Their defaults are HipChat's.",
    ),
    click.Option(
        ["--user-calls"],
        type=click.IntRange(min=1),
        default=DEFAULT_LIMITS.user_calls,
        help="Calls per window for a personal or user token, or for an IP address without one.",
    ),
    click.Option(
        ["--client-calls"],
        type=click.IntRange(min=1),
        default=DEFAULT_LIMITS.client_calls,
        help="Calls per window for an add-on token or a room notification token.",
    ),
    click.Option(
        ["--window", "window_seconds"],
        metavar="SECONDS",
        type=click.FloatRange(min=1),
        default=DEFAULT_LIMITS.window_seconds,
        help="Length of the window of the two limits above.",
    ),
    click.Option(
        ["--messages"],
        type=click.IntRange(min=1),
        default=DEFAULT_LIMITS.messages,
        help="Messages per minute from one token to one room or user.",
    ),
    click.Option(
        ["--group", "group_name"],
        metavar="NAME",
        default="HipChat",
        help="Name of the group that the first start creates.",
    ),
    click.Option(
        ["--admin-email"],
        metavar="ADDRESS",
        default="admin@example.com",
        type=_Email(),
        help="E-mail address of the administrator that the first start creates.",
    ),
]


@click.command(cls=Command, params=OPTIONS)
@click.pass_obj
def serve(
    settings: Settings,
    /,
    *,
    database: Path,
    host: str,
    port: int,
    relay_file: Path | None,
    metrics: tuple[str, int] | None,
    **options: object,
) -> None:
    """Run a HipChat server.

    The first start creates a group, its administrator, and an administrator token with every
    scope. The token is written to a file next to the database that only you can read.

    SIGINT or SIGTERM stops the server after open requests are done, a second one immediately.
    """
    # The options are named and typed as the settings are.
    limits = {
        name: options.pop(name) for name in asdict(DEFAULT_LIMITS).keys() & options
    }
    file = None
    if relay_file is not None:
        # Loaded late: most servers relay nothing.
        from hipkit.cli.relay.loading import load_file

        file = load_file(settings, relay_file)
        options["public_url"] = options["public_url"] or file.public_url
    server_settings = ServerSettings(
        database=database.absolute(),
        limits=LimitSettings(**limits),  # type: ignore[arg-type]  # see above
        **options,  # type: ignore[arg-type]  # see above
    )
    report = StartReport(settings, server_settings)
    extension = None
    if relay_file is not None and file is not None:
        from hipkit.cli.relay.plugging import plug_in

        extension = plug_in(settings, relay_file, file, report)
    serve_until_stopped(
        settings,
        server_settings,
        host=host,
        port=port,
        report=report,
        metrics=metrics,
        extension=extension,
    )
