"""Listening: what `hipkit serve` and `hipkit relay` share of options, checks and reports."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from hipkit.api.addresses import is_web_address
from hipkit.cli.inputs import Value
from hipkit.cli.options import Settings
from hipkit.cli.output import write, write_json, write_stderr
from hipkit.server.app import Server
from hipkit.server.logs import set_up_log
from hipkit.server.serve import (
    Extension,
    address_for_others,
    listen,
    open_certificate,
    run,
)
from hipkit.server.services.access.password_links import password_link
from hipkit.server.settings import FILE_QUOTA_BYTES
from hipkit.server.settings import Settings as ServerSettings
from hipkit.transports.wire import shown_address

__all__ = [
    "DEFAULT_PORT",
    "FILE_QUOTA",
    "LISTENING",
    "Network",
    "StartReport",
    "WebAddress",
    "serve_until_stopped",
]

DEFAULT_PORT = 8070


class WebAddress(Value):
    """A scheme and host."""

    def _read(self, text: str) -> str:
        if not is_web_address(text):
            raise ValueError("must be a URL such as https://chat.example.com")
        return text


class Network(Value):
    """An IP address or a network."""

    def _read(self, text: str) -> str:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            fault = "must be an IP address or a network such as 10.0.0.0/8"
            raise ValueError(fault) from None
        return text


LISTENING = [
    click.Option(["--host"], default="127.0.0.1", help="Address to listen on."),
    click.Option(
        ["--port"],
        type=click.IntRange(0, 65535),
        default=DEFAULT_PORT,
        help="Port to listen on; 0 picks a free port and prints it.",
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
]
"""The options of the address, TLS and proxies. The server's settings are named as they are."""

FILE_QUOTA = click.Option(
    ["--file-quota", "file_quota_bytes"],
    metavar="BYTES",
    type=click.IntRange(min=0),
    default=FILE_QUOTA_BYTES,
    help="Maximum size of a group's shared files and pictures together; 0 for no limit.",
)


def serve_until_stopped(
    settings: Settings,
    server_settings: ServerSettings,
    *,
    host: str,
    port: int,
    report: StartReport,
    extension: Extension | None = None,
) -> None:
    """Run a server until a signal stops it.

    Raises:
        click.UsageError: Options of TLS do not go together.
        CertificateError: The certificate or its key cannot be used.
        OSError: The address cannot be listened on.
        StorageError: The database cannot be used, or another server runs on it.
    """
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
    run(
        server_settings,
        listener,
        on_open=report.on_open,
        on_ready=report.on_ready,
        extension=extension,
    )


@dataclass
class StartReport:
    """Reports the start: what the first one created, the address, and what else is given.

    Attributes:
        facts: Further members of the object that `--json` prints.
        lines: Further lines, printed without it.
    """

    settings: Settings
    server_settings: ServerSettings
    facts: Mapping[str, object] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
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
            write_json({**links, "password_link": link, **self.facts})
            return
        if link is not None:
            write_stderr(
                f"to set the administrator's password, open this link within 24 hours: {link}"
            )
        served = f"{address}/v2"
        if (public_url := self.server_settings.public_url) is not None:
            served = f"{public_url.rstrip('/')}/v2, listening at {served}"
        write(f"serving HipChat's API at {served}")
        for line in self.lines:
            write(line)
