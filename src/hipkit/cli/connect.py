"""Create a client from the global options and the environment."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hipkit.api.calling import Hooks
from hipkit.cli.inputs import first_line, read_text
from hipkit.cli.options import Settings
from hipkit.cli.output import one_line, write_stderr, write_stderr_json
from hipkit.client.hipchat import HipChat
from hipkit.client.settings import HIPCHAT, find_token
from hipkit.client.setup import ClientOptions, TransportName
from hipkit.transports.protocol import Transport

if TYPE_CHECKING:  # tomllib and subprocess are loaded for a profile only.
    from hipkit.client.profiles import Profile

__all__ = ["connection", "credentials", "open_client", "report_wait"]


class Connection(ClientOptions, total=False):
    """What a client is created from, except its token."""

    base_url: str | None
    transport: TransportName | Transport


def open_client(settings: Settings) -> HipChat:
    """Create a client from the options.

    Raises:
        click.UsageError: The token file or the CA certificates cannot be read.
        ValueError: There is no base URL, or it is invalid; or the profile cannot be used.
    """
    token, chosen = credentials(settings)
    return HipChat(token, **chosen)


def credentials(settings: Settings) -> tuple[str | None, Connection]:
    """Return the token, and what a client is created from; `None` if there is no token.

    A profile is read once: written in between, its token would go to another address.

    Raises:
        click.UsageError: The token file or the CA certificates cannot be read.
        ValueError: The profile or its token cannot be read.
    """
    profile = _profile(settings)
    return _token(settings, profile), _connection(settings, profile)


def connection(settings: Settings) -> Connection:
    """Return what a client is created from, and start logging with `--verbose`.

    Raises:
        click.UsageError: The CA certificates cannot be read.
        ValueError: The profile cannot be read.
    """
    return _connection(settings, _profile(settings))


def _connection(settings: Settings, profile: Profile | None) -> Connection:
    options = _options(settings)
    if profile is None:
        chosen: Connection = {
            "base_url": settings.base_url,
            "transport": "httpcore2",
            **options,
        }
    else:
        chosen = {
            "base_url": profile.base_url,
            "transport": profile.transport,
            **profile.options(options),
        }
        if profile.ca_file is not None and settings.ca_file is None:
            _check_authorities(profile.ca_file)
    if settings.transport is not None:
        chosen["transport"] = settings.transport
    return chosen


def _token(settings: Settings, profile: Profile | None) -> str | None:
    if profile is not None:
        return profile.read_token().reveal()
    if settings.token_file is None:
        return find_token(HIPCHAT.token)
    token = first_line(read_text(settings.token_file, "the token"))
    if not token:
        raise click.UsageError("the first line of the token file is empty")
    return token


def _profile(settings: Settings) -> Profile | None:
    if settings.profile is None:
        return None
    # A token must not go to another address than the profile's.
    if settings.base_url is not None or settings.token_file is not None:
        raise click.UsageError(
            "--profile sets URL and token: leave out --base-url and --token-file"
        )
    from hipkit.client.profiles import read_profile

    return read_profile(settings.profile)


def _options(settings: Settings) -> ClientOptions:
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
        raise click.UsageError(f"{path}: no PEM certificates found") from None


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
