"""Where a descriptor is read from: a file, standard input, a URL."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

import click

from hipkit.api.errors import BadRequestError, RequestError, ResponseError, error_class
from hipkit.cli.options import Settings
from hipkit.client.setup import choose_transport
from hipkit.descriptors.data_urls import is_data_url, read_data_url
from hipkit.descriptors.document import LARGEST_DESCRIPTOR
from hipkit.transports.egress import Endpoint, parse_endpoint
from hipkit.transports.protocol import Options, RawResponse, TransportError

__all__ = ["Fetched", "is_web_url", "read_source"]

FETCH_SECONDS = 10.0


class Fetched(NamedTuple):
    """What was read."""

    body: bytes
    url: str | None = None
    """Where it was fetched from."""
    content_type: str = "application/json"


def is_web_url(text: str) -> bool:
    """Return whether a text is meant as an `http` or `https` URL."""
    return text[:8].lower().startswith(("http://", "https://"))


def read_source(source: str, settings: Settings) -> Fetched:
    """Read a descriptor, but not more than `LARGEST_DESCRIPTOR` and one byte.

    Args:
        source: A path, `-` for standard input, or a URL with `http:`, `https:` or `data:`.
        settings: The options.

    Raises:
        click.UsageError: The file cannot be read, or the URL is invalid.
        RequestError: No response came.
        ApiError: The server answered with an error status.
        ResponseError: The server answered with a redirect, or with too much.
    """
    if is_web_url(source):
        return _fetch(source, settings)
    if is_data_url(source):
        return Fetched(read_data_url(source))
    if source == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise click.UsageError("cannot read the descriptor: no standard input")
        return Fetched(sys.stdin.buffer.read(LARGEST_DESCRIPTOR + 1))
    try:
        with Path(source).open("rb") as file:
            return Fetched(file.read(LARGEST_DESCRIPTOR + 1))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise click.UsageError(f"{source}: {reason}") from None


def _fetch(url: str, settings: Settings) -> Fetched:
    try:
        endpoint = parse_endpoint(url)
    except BadRequestError:
        # The URL is not repeated: it may hold a password.
        raise click.UsageError(
            "the URL must be absolute, without user name, password and spaces"
        ) from None
    place = _shown(endpoint)
    response = _send(endpoint, place, settings)
    if response.status == 200:
        return Fetched(response.body, url, response.headers.get("content-type", ""))
    text = f"{place} answered {response.status} instead of 200"
    if response.status >= 400:
        raise error_class(response.status)(text, status=response.status)
    if response.status >= 300:
        target = _redirect_target(url, response.headers.get("location", ""))
        text += (
            f", a redirect{target}, which is not followed: use the URL that it leads to"
        )
    raise ResponseError(text)


def _shown(endpoint: Endpoint) -> str:
    """Return a URL without its query, which may hold a secret."""
    return f"{endpoint.origin}{endpoint.target.partition('?')[0]}"


def _redirect_target(url: str, location: str) -> str:
    try:
        return f" to {_shown(parse_endpoint(urljoin(url, location)))}"
    except (BadRequestError, ValueError):
        return ""


def _send(endpoint: Endpoint, place: str, settings: Settings) -> RawResponse:
    seconds = settings.timeout or FETCH_SECONDS
    connecting = {} if settings.ca_file is None else {"verify": settings.ca_file}
    transport = choose_transport(
        settings.transport or "httpcore2", connecting, "HipChat"
    )
    request = endpoint.request("GET", headers=(("Accept", "application/json"),))
    limits = Options(
        timeout_seconds=seconds,
        deadline=time.monotonic() + seconds,
        max_response_bytes=LARGEST_DESCRIPTOR,
    )
    try:
        return transport.send(request, limits)
    except TransportError as failure:
        text = f"the descriptor at {place} cannot be read: {failure.reason}"
        if failure.kind == "too_large":
            raise ResponseError(text) from None
        raise RequestError(text, may_have_arrived=failure.may_have_arrived) from None
    finally:
        transport.close()
