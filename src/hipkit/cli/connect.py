"""Create a client from the global options and the environment."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import click

from hipkit.cli.inputs import first_line, read_text
from hipkit.cli.options import Settings
from hipkit.cli.output import one_line, write_stderr, write_stderr_json
from hipkit.client.client import HipChat
from hipkit.client.policy import Hooks
from hipkit.client.settings import find_token
from hipkit.client.setup import ClientOptions

__all__ = ["client_options", "open_client", "read_token", "report_wait"]


def open_client(settings: Settings) -> HipChat:
    """Create a client from the options.

    Raises:
        click.UsageError: The token file or the CA certificates cannot be read.
        ValueError: There is no base URL, or it is invalid.
    """
    return HipChat(
        read_token(settings),
        base_url=settings.base_url,
        transport=settings.transport,
        **client_options(settings),
    )


def client_options(settings: Settings) -> ClientOptions:
    """Return the client's options, and start logging with `--verbose`.

    Raises:
        click.UsageError: The CA certificates cannot be read.
    """
    options: ClientOptions = {}
    if settings.verbose:
        _log_to_stderr(settings)
    else:  # With --verbose, the log reports waits.
        options["hooks"] = Hooks(wait=lambda *wait: report_wait(settings, *wait))
    if settings.allow_http:
        options["allow_http"] = True
    if settings.ca_file is not None:
        _check_authorities(settings.ca_file)
        options["verify"] = settings.ca_file
    if settings.timeout is not None:
        options["timeout"] = settings.timeout
    if settings.deadline is not None:
        options["deadline"] = settings.deadline or None
    if settings.retries is not None:
        options["retries"] = settings.retries
    return options


def read_token(settings: Settings) -> str | None:
    """Return the token from the options or the environment, or `None`.

    Raises:
        click.UsageError: The token file cannot be read, or its first line is empty.
    """
    if settings.token_file is None:
        return find_token()
    token = first_line(read_text(settings.token_file, "the token"))
    if not token:
        raise click.UsageError("the first line of the token file is empty")
    return token


def report_wait(settings: Settings, seconds: float, reason: str) -> None:
    """Report a wait and its reason on standard error."""
    if settings.json:
        write_stderr_json({"wait": {"seconds": round(seconds, 1), "reason": reason}})
    else:
        write_stderr(f"waiting {seconds:.1f} s: {reason}")


def _check_authorities(path: str) -> None:
    """Check the certificates now: a transport reads them only when it first connects."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    is_folder = Path(path).is_dir()
    try:
        context.load_verify_locations(
            cafile=None if is_folder else path, capath=path if is_folder else None
        )
    except OSError:
        raise click.UsageError(f"--ca-file {path}: no PEM certificates found") from None


class _StderrHandler(logging.Handler):
    """Writes log records to standard error like other messages."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if self._settings.json:
            write_stderr_json({"log": one_line(text)})
        else:
            write_stderr(text)


def _log_to_stderr(settings: Settings) -> None:
    """Write hipkit's log, which contains no secrets, to standard error until the command ends."""
    log = logging.getLogger("hipkit")
    handler, level = _StderrHandler(settings), log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)

    def stop() -> None:
        log.removeHandler(handler)
        log.setLevel(level)

    click.get_current_context().find_root().call_on_close(stop)
