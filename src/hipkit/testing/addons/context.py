"""What an `AddOnHost`, its rooms and its installations have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hipkit.testing.addons.network import Network
from hipkit.testing.addons.records import TestCall
from hipkit.testing.server import HipChatServer
from hipkit.testing.values import TestUser

if TYPE_CHECKING:  # Loaded when a server is made.
    from hipkit.client.hipchat import HipChat
    from hipkit.server.services.context import Runtime

__all__ = ["HostContext"]


class HostContext:
    """A server, the network between it and add-ons, and clients that act as its users.

    Attributes:
        server: The server.
        network: The network, which servers of several hosts can share.
    """

    def __init__(self, server: HipChatServer, network: Network) -> None:
        self.server = server
        self.network = network
        self._clients: dict[str, HipChat] = {}

    @property
    def runtime(self) -> Runtime:
        """What the server's services stand on."""
        return self.server._server.runtime

    @property
    def calls(self) -> list[TestCall]:
        """All calls of the add-ons to servers, in their order."""
        return [*self.network.calls]

    def client_for(self, user: TestUser | None) -> HipChat:
        """Return a client that acts as a user; without one, as the administrator."""
        if user is None:
            return self.server.client
        if user.token not in self._clients:
            self._clients[user.token] = self.server.client_for(user.token)
        return self._clients[user.token]

    def deliver(self) -> None:
        """Deliver events until the add-ons have handled them all."""
        self.network.run(self.network.settle())
