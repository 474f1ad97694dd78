"""The two directions between servers and add-ons, as transports of each side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hipkit.transports.protocol import Options, RawResponse, Request, Sink

if TYPE_CHECKING:
    from hipkit.addon.addon import AddOn
    from hipkit.testing.addons.network import Network

__all__ = ["ToAddOns", "ToServers"]


class ToServers:
    """Sends the calls of an add-on."""

    name = "memory"

    def __init__(self, network: Network, addon: AddOn) -> None:
        self._network = network
        self.addon = addon

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send once, as `protocol.AsyncTransport` says."""
        return await self._network.send_to_server(self.addon, request, options, sink)

    async def aclose(self) -> None:
        """Do nothing: the network ends with its host."""


class ToAddOns:
    """Sends the calls of a server, from any event loop."""

    name = "memory"

    def __init__(self, network: Network, host: str) -> None:
        self._network = network
        self._host = host

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send once, as `protocol.AsyncTransport` says."""
        work = self._network.send_to_addon(self._host, request, options, sink)
        return await asyncio.wrap_future(self._network.submit(work))

    async def aclose(self) -> None:
        """Do nothing: the network ends with its host."""
