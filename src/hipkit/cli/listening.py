"""Listening: what `hipkit serve` and `hipkit relay` share of options, checks and reports."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import click

from hipkit.api.addresses import is_web_address
from hipkit.cli.inputs import Value
from hipkit.cli.options import Settings
from hipkit.cli.output import write, write_json, write_stderr
from hipkit.server.app import Server
from hipkit.server.logs import set_up_log
from hipkit.server.serve import (
    Beside,
    Extension,
    address_for_others,
    address_of,
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
    "Listener",
    "Network",
    "StartReport",
    "WebAddress",
    "serve_until_stopped",
]

DEFAULT_PORT = 8070
LARGEST_PORT = 65535
LOOPBACK = "127.0.0.1"


class WebAddress(Value):
    """A scheme and host."""

    def _read(self, text: str) -> str:
        if not is_web_address(text):
            raise ValueError("must be a URL such as https://chat.example.com")
        return text


class Listener(Value):
    """A port, or host and port, to listen on."""

    def _read(self, text: str) -> tuple[str, int]:
        host, colon, port = text.rpartition(":")
        if not (port.isascii() and port.isdigit()) or int(port) > LARGEST_PORT:
            raise ValueError("must be a port, or a host and a port as in [::1]:9100")
        if colon and not host.strip("[]"):
            raise ValueError("must name a host before the colon")
        return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)


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
    click.Option(["--host"], default=LOOPBACK, help="Address to listen on."),
    click.Option(
        ["--port"],
        type=click.IntRange(0, LARGEST_PORT),
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
    click.Option(
        ["--metrics"],
        type=Listener(),
        metavar="[HOST:]PORT",
        help="Serve metrics for Prometheus at /metrics on this port, of this machine only unless a"
        " host is named. Off by default; requires the extra metrics.",
    ),
]
"""The options of the address, TLS, proxies and metrics. The server's settings are named as they
are, but for `metrics`, which `serve_until_stopped` takes."""

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
    metrics: tuple[str, int] | None,
    extension: Extension | None = None,
) -> None:
    """Run a server until a signal stops it.

    Raises:
        click.UsageError: Options of TLS do not go together, or metrics lack their extra.
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
    with contextlib.ExitStack() as closing:
        beside = None
        if metrics is not None:
            server_settings, beside = closing.enter_context(
                _metrics(server_settings, *metrics, report)
            )
        run(
            server_settings,
            _listen(host, port),
            on_open=report.on_open,
            on_ready=report.on_ready,
            extension=extension,
            beside=beside,
        )


@contextlib.contextmanager
def _metrics(
    server_settings: ServerSettings, host: str, port: int, report: StartReport
) -> Iterator[tuple[ServerSettings, Beside]]:
    """Listen for those who read metrics; yield the settings that count, and what answers.

    Raises:
        click.UsageError: The library is not installed.
        OSError: The address cannot be listened on.
    """
    try:
        # Loaded late: most servers do without, and without the library.
        from hipkit.server.metrics.listening import METRICS_PATH, serving_metrics
        from hipkit.server.metrics.prometheus import PrometheusObserver
    except ModuleNotFoundError as error:
        raise click.UsageError(f"--metrics: {error}") from None
    observer = PrometheusObserver()
    with _listen(host, port) as listener:
        url = address_of(listener) + METRICS_PATH
        report.facts = {**report.facts, "metrics_url": url}
        report.lines.append(f"metrics are at {url}")
        yield (
            replace(server_settings, observer=observer),
            partial(serving_metrics, observer=observer, listener=listener),
        )


def _listen(host: str, port: int) -> socket.socket:
    """Open a socket, and name its address where that fails.

    Raises:
        OSError: The address cannot be listened on.
    """
    try:
        return listen(host, port)
    except OSError as error:
        address = shown_address(host, port)
        raise OSError(error.errno, error.strerror, address) from None


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
