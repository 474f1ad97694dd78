"""Sends what a target rendered, whichever way it takes."""

from __future__ import annotations

import ssl

from hipkit.relay.sending.apprise import AppriseSender
from hipkit.relay.sending.http import send_call
from hipkit.relay.sending.network import Network
from hipkit.relay.targets.protocol import (
    Answer,
    AppriseCall,
    HttpCall,
    MailServer,
    Rendered,
    Reply,
    Settings,
)
from hipkit.server.services.context import Runtime

__all__ = ["TargetSender"]


class TargetSender:
    """Sends requests, mails and notifications of all routes.

    Args:
        runtime: The server's.
        tls: The authorities that mail servers are trusted by; without it, the system's.
    """

    def __init__(self, runtime: Runtime, *, tls: ssl.SSLContext | None = None) -> None:
        self._blobs = runtime.blobs
        self._network = Network(runtime)
        self._tls = tls
        self._apprise = AppriseSender()

    async def send(
        self, rendered: Rendered | MailServer, settings: Settings
    ) -> Reply | Answer:
        """Send what a target rendered once; whatever goes wrong is returned, not raised.

        Returns:
            A reply over HTTP, which only the target can read; else what happened.
        """
        is_private = settings.allow_private_network
        if isinstance(rendered, HttpCall):
            transport = self._network.transport(is_private=is_private)
            return await send_call(rendered, transport, self._blobs)
        if isinstance(rendered, AppriseCall):
            return await self._apprise.send(rendered)
        # Loaded late: most relays send no mail, and `hipkit serve` may lack the extra.
        try:
            from hipkit.relay.sending.mail import send_mail
        except ModuleNotFoundError as error:
            return Answer(verdict="route", problem=str(error))
        policy = self._network.policy(is_private=is_private)
        return await send_mail(rendered, policy, self._blobs, tls=self._tls)

    async def aclose(self) -> None:
        """Close connections; the next call opens new ones."""
        await self._network.aclose()

    def close(self) -> None:
        """Release threads."""
        self._apprise.close()
        self._network.close()
