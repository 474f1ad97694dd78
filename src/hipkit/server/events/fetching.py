"""Calls a URL elsewhere, such as an add-on's: bounded in time and size, without redirects.

Where it leads is decided by the transport, `Runtime.outgoing`, and its egress policy.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from hipkit.api.errors import BadRequestError, HipkitError
from hipkit.transports.egress import parse_endpoint
from hipkit.transports.protocol import AsyncTransport, Options, TransportError

__all__ = ["FETCH_SECONDS", "FetchError", "Fetched", "fetch", "shown_origin"]

FETCH_SECONDS = 10.0
"""How long a call may take, from the look-up of the name to the last byte."""

LARGEST_ERROR_BYTES = 4 * 1024 * 1024
"""Error pages may be large; only their beginning is used."""

USER_AGENT = ("User-Agent", "HipChat.com")


class FetchError(HipkitError):
    """A call got no usable answer. The message is a clause, without what was sent.

    Attributes:
        was_connected: Whether there was a server to answer, as far as is known.
    """

    def __init__(self, message: str, *, was_connected: bool = True) -> None:
        super().__init__(message)
        self.was_connected = was_connected


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer, with any status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Their names are in lower case."""
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300


async def fetch(
    transport: AsyncTransport,
    method: Literal["GET", "POST", "DELETE"],
    url: str,
    *,
    content: bytes | None = None,
    accept: str = "application/json",
    most_bytes: int,
    seconds: float = FETCH_SECONDS,
) -> Fetched:
    """Call a URL once.

    Args:
        transport: The server's own, `Runtime.outgoing`.
        method: The method.
        url: The URL, `http` or `https`.
        content: JSON to send.
        accept: The media type to ask for.
        most_bytes: The largest body of a success that is accepted.
        seconds: How long it may take altogether.

    Raises:
        FetchError: The URL cannot be called, no answer came, or it is too large.
    """
    headers = [USER_AGENT, ("Accept", accept)]
    if content is not None:
        headers.append(("Content-Type", "application/json"))
    body = bytearray()

    def keep(piece: bytes) -> None:
        body.extend(piece)
        if len(body) > most_bytes:
            raise FetchError(f"the answer is larger than {most_bytes // 1024} KiB")

    try:
        endpoint = parse_endpoint(url)
        request = endpoint.request(method, headers=tuple(headers), content=content)
        options = Options(
            timeout_seconds=seconds,
            deadline=time.monotonic() + seconds,
            max_response_bytes=LARGEST_ERROR_BYTES,
        )
        async with asyncio.timeout(seconds):
            response = await transport.send(request, options, keep)
    except TimeoutError:
        raise FetchError(f"no whole answer within {seconds:g} seconds") from None
    except TransportError as error:
        raise FetchError(error.reason, was_connected=error.may_have_arrived) from None
    except BadRequestError as error:
        raise FetchError(f"it cannot be called: {error.message}") from None
    return Fetched(
        status=response.status,
        headers=response.headers,
        body=bytes(body) or response.body,
    )


def shown_origin(url: str) -> str:
    """Return a URL as far as its host: what follows may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
