"""A transport that hands its requests to a function, as the network of the tests needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hipkit.transports.protocol import Options, RawResponse, Request, Sink

__all__ = ["FunctionTransport"]


class FunctionTransport:
    """Sends requests by calling a function.

    Args:
        send: What answers a request, or raises a `TransportError`.
    """

    name = "memory"

    def __init__(
        self, send: Callable[[Request, Options, Sink | None], Awaitable[RawResponse]]
    ) -> None:
        self._send = send

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send once, as `protocol.AsyncTransport` says."""
        return await self._send(request, options, sink)

    async def aclose(self) -> None:
        """Do nothing: the function's owner ends what it uses."""
