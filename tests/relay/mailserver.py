"""A mail server on loopback, in a thread: aiosmtpd, which demands STARTTLS and a password."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

__all__ = ["PASSWORD", "MailServer", "serving_mail"]

PASSWORD = "only-for-this-test"
WAIT_SECONDS = 120.0


@dataclass
class MailServer:
    """A mail server, and what it took."""

    port: int
    authority: Path
    """The certificate of the authority, for `SSL_CERT_FILE`."""
    taken: list[EmailMessage] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, content: bytes) -> None:
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        with self._changed:
            self.taken.append(mail)
            self._changed.notify_all()

    def wait_for_more(self, known: int) -> list[EmailMessage]:
        """Wait for more mails than are known, and return those; empty after a while."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.taken) > known, WAIT_SECONDS)
            return self.taken[known:]

    def wait_for(self, count: int) -> list[EmailMessage]:
        """Return the first mails, once so many came."""
        while len(self.taken) < count:
            known = len(self.taken)
            assert self.wait_for_more(known), f"{known} of {count} mails came"
        return self.taken[:count]


class _Handler:
    """The name and arguments of its method are aiosmtpd's."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self._server.take(content)
        return "250 OK"


@contextlib.contextmanager
def serving_mail(folder: Path) -> Iterator[MailServer]:
    """Run a mail server named localhost, with a certificate of its own authority."""
    # It warns of its own use of what it deprecates, at every login.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    authority = trustme.CA()
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = MailServer(0, path)
    loop = asyncio.new_event_loop()

    def check(smtp: Any, session: Any, envelope: Any, how: str, login: Any) -> Any:
        is_right = login.password == PASSWORD.encode()
        return AuthResult(success=is_right, handled=False)

    async def listen() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(
                _Handler(server),
                hostname="localhost",
                loop=loop,
                tls_context=context,
                require_starttls=True,
                authenticator=check,
                auth_required=True,
            ),
            "127.0.0.1",
            0,
        )

    listening = loop.run_until_complete(listen())
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        # Connections may be open still: a task that is left pending is an error of some later test.
        loop.run_until_complete(_end_others())
        loop.close()


async def _end_others() -> None:
    """End all tasks of the loop but this one."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
