"""`hipkit serve`: run a server on one database file."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError
from hipkit.cli.inputs import Value
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json, write_stderr
from hipkit.server.app import Server
from hipkit.server.logs import set_up_log
from hipkit.server.serve import address_for_others, listen, open_certificate, run
from hipkit.server.services.access.password_links import password_link
from hipkit.server.services.people.names import check_email
from hipkit.server.settings import FILE_QUOTA_BYTES
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.shared.limits import LimitSettings
from hipkit.transports.wire import shown_address

__all__ = ["DEFAULT_PORT", "Network", "StartReport", "WebAddress", "serve"]

DEFAULT_PORT = 8070
DEFAULT_LIMITS = LimitSettings()


class WebAddress(Value):
    """A scheme and host."""

    def _read(self, text: str) -> str:
        if not is_web_address(text):
            raise ValueError("must be a URL such as https://chat.example.com")
        return text


class _Email(Value):
    def _read(self, text: str) -> str:
        try:
            return check_email(text)
        except BadRequestError:
            fault = "must be an e-mail address such as admin@example.com"
            raise ValueError(fault) from None


class Network(Value):
    """An IP address or a network."""

    def _read(self, text: str) -> str:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            fault = "must be an IP address or a network such as 10.0.0.0/8"
            raise ValueError(fault) from None
        return text


OPTIONS = [
    click.Option(
        ["--db", "database"],
        type=click.Path(dir_okay=False, path_type=Path),
        default="hipkit.db",
        help="SQLite database; created if it does not exist. Shared files are stored next to it.",
    ),
    click.Option(["--host"], default="127.0.0.1", help="Address to listen on."),
    click.Option(
        ["--port"],
        type=click.IntRange(0, 65535),
        default=DEFAULT_PORT,
        help="Port to listen on; 0 picks a free port and prints it.",
    ),
    click.Option(
        ["--public-url"],
        type=WebAddress(),
        metavar="URL",
        help="Scheme and host for links in responses, instead of those of the request.",
    ),
    click.Option(
        ["--tls-cert", "tls_certificate"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="TLS certificate, followed by any intermediate certificates (PEM).",
    ),
    click.Option(
        ["--tls-key"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Private key of the certificate (PEM, not encrypted).",
    ),
    click.Option(
        ["--hsts", "hsts_seconds"],
        metavar="SECONDS",
        type=click.IntRange(min=0),
        help="Make browsers use only TLS for this long (HSTS); 0 makes them forget it."
        " Off by default.",
    ),
    click.Option(
        ["--trusted-proxy", "trusted_proxies"],
        type=Network(),
        metavar="ADDRESS",
        multiple=True,
        help="Trust X-Forwarded-For and X-Forwarded-Proto from this IP address or network."
        " Repeatable. By default no proxy is trusted.",
    ),
    click.Option(
        ["--webhook-network", "webhook_networks"],
        type=Network(),
        metavar="NETWORK",
        multiple=True,
        help="Allow webhooks and add-ons in this private network, such as 10.0.0.0/8. Repeatable.",
    ),
    click.Option(
        ["--file-quota", "file_quota_bytes"],
        metavar="BYTES",
        type=click.IntRange(min=0),
        default=FILE_QUOTA_BYTES,
        help="Maximum size of a group's shared files and pictures together; 0 for no limit.",
    ),
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
    server_settings = ServerSettings(
        database=database.absolute(),
        limits=LimitSettings(**limits),  # type: ignore[arg-type]  # see above
        **options,  # type: ignore[arg-type]  # see above
    )
    if (server_settings.tls_certificate is None) != (server_settings.tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key must be used together")
    speaks_tls = server_settings.tls_certificate or server_settings.trusted_proxies
    if server_settings.hsts_seconds is not None and not speaks_tls:
        raise click.UsageError(
            "--hsts requires TLS: use --tls-cert, or --trusted-proxy for a proxy with TLS"
        )
    set_up_log(verbose=settings.verbose)
    # A certificate that cannot be used is reported before anything is opened or created.
    open_certificate(server_settings)
    try:
        listener = listen(host, port)
    except OSError as error:
        address = shown_address(host, port)
        raise OSError(error.errno, error.strerror, address) from None
    start = StartReport(settings, server_settings)
    run(server_settings, listener, on_open=start.on_open, on_ready=start.on_ready)


@dataclass
class StartReport:
    """Reports the start: what the first one created, and the address."""

    settings: Settings
    server_settings: ServerSettings
    token_file: Path | None = field(default=None, init=False)
    link_key: str | None = field(default=None, init=False, repr=False)

    def on_open(self, server: Server) -> None:
        """Report what the first start created."""
        self.token_file = server.new_token_file
        self.link_key = server.new_link_key
        if self.token_file is not None and not self.settings.json:
            write_stderr(
                f"created the group {self.server_settings.group_name} and its administrator"
                f" {self.server_settings.admin_email}; the administrator's token is in"
                f" {self.token_file}"
            )

    def on_ready(self, address: str) -> None:
        """Report the address; `--public-url` too, which certificates and proxies are for."""
        link = None
        if self.link_key is not None:
            root = self.server_settings.public_url or address_for_others(address)
            link = password_link(root, self.link_key)
        if self.settings.json:
            file = None if self.token_file is None else str(self.token_file)
            links = {"base_url": f"{address}/v2", "token_file": file}
            write_json({**links, "password_link": link})
            return
        if link is not None:
            write_stderr(
                f"to set the administrator's password, open this link within 24 hours: {link}"
            )
        served = f"{address}/v2"
        if (public_url := self.server_settings.public_url) is not None:
            served = f"{public_url.rstrip('/')}/v2, listening at {served}"
        write(f"serving HipChat's API at {served}")
