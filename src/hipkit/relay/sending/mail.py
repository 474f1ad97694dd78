"""Sends a mail once: over TLS that is verified, to a server that the egress policy allows."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import socket
import ssl
from email.message import EmailMessage

from hipkit.extras import install_hint
from hipkit.relay.sending.network import explained
from hipkit.relay.targets.protocol import Answer, Mail, MailServer, Verdict
from hipkit.server.storage.blobs import BlobStore
from hipkit.transports.egress import EgressPolicy

try:
    import aiosmtplib
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"E-mail needs the extra relay: {install_hint('relay')}", name=error.name
    ) from error

__all__ = ["MAIL_SECONDS", "send_mail"]

MAIL_SECONDS = 60.0
"""How long a mail may take, from the look-up of the name to the server's last answer."""

QUIT_SECONDS = 2.0

FILE_GONE = "a file is not there any more"


async def send_mail(
    mail: MailServer,
    policy: EgressPolicy,
    blobs: BlobStore,
    *,
    tls: ssl.SSLContext | None = None,
    seconds: float = MAIL_SECONDS,
) -> Answer:
    """Send a mail once, over a connection of its own.

    Args:
        mail: The mail; without one, the server, where nothing is done but to log in.
        policy: Decides which addresses may be reached.
        blobs: Where the bytes of attached files are.
        tls: The trusted authorities; without it, the system's (`SSL_CERT_FILE` names others).
        seconds: The time limit.

    Returns:
        What the server's answer means. It is delivered once one recipient was accepted: a second
        try would reach that one twice.
    """
    where = f"{mail.host}:{mail.port}"
    try:
        message = None
        if isinstance(mail, Mail):
            message = mail.message
            if mail.files:
                # In a thread: megabytes are read and encoded while calls go on.
                message = await asyncio.to_thread(_with_files, mail, blobs)
        async with asyncio.timeout(seconds) as limit:
            return await _send(mail, message, policy, tls, limit)
    except _FileGoneError:
        return Answer(verdict="content", problem=FILE_GONE)
    except TimeoutError:
        return Answer(verdict="later", problem=f"{where} took too long")
    except aiosmtplib.SMTPNotSupported:
        return Answer(verdict="route", problem=f"{where} lacks what the mail needs")
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [recipient.code for recipient in error.recipients]
        return _refused(where, "no recipient", min(codes, default=550), "route")
    except aiosmtplib.SMTPDataError as error:
        return _refused(where, "not the mail", error.code, "content")
    except aiosmtplib.SMTPResponseException as error:
        return _refused(where, "no mail of this route", error.code, "route")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Answer(verdict="later", problem=_connection_problem(where, error))


async def _send(
    mail: MailServer,
    message: EmailMessage | None,
    policy: EgressPolicy,
    tls: ssl.SSLContext | None,
    limit: asyncio.Timeout,
) -> Answer:
    tls = tls or await asyncio.to_thread(ssl.create_default_context)
    connected = await _connect(policy, mail.host, mail.port)
    # From here the socket is the client's, which closes it.
    client = aiosmtplib.SMTP(
        hostname=mail.host,
        sock=connected,
        # An address is a name that every server accepts, and reveals no name of this machine.
        local_hostname=_literal(connected),
        use_tls=mail.security == "tls",
        start_tls=False,
        tls_context=tls,
        timeout=MAIL_SECONDS,
    )
    try:
        await client.connect()
        await client.ehlo()
        if mail.security == "starttls":
            if not client.supports_extension("starttls"):
                # Without it a password and the mail would go over the network as plain text.
                return Answer(verdict="route", problem=f"{mail.host} has no STARTTLS")
            await client.starttls(server_hostname=mail.host)
        if mail.username is not None and mail.password is not None:
            await client.login(mail.username, mail.password.reveal())
        if message is None or not isinstance(mail, Mail):
            await _quit(client)
            return Answer(verdict="delivered")
        refused, _ = await client.send_message(
            message, sender=mail.sender, recipients=list(mail.recipients)
        )
        # The mail is accepted: whatever happens while saying goodbye changes nothing. A time limit
        # that ended here would send it again.
        if not limit.expired():
            limit.reschedule(None)
        await _quit(client)
    finally:
        client.close()
    reference = None if message["Message-ID"] is None else str(message["Message-ID"])
    if not refused:
        return Answer(verdict="delivered", reference=reference)
    problem = f"{len(refused)} of {len(mail.recipients)} recipients were refused"
    return Answer(verdict="delivered", problem=problem, reference=reference)


async def _quit(client: aiosmtplib.SMTP) -> None:
    """Say goodbye. Whatever goes wrong with that changes nothing."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        async with asyncio.timeout(QUIT_SECONDS):
            await client.quit()


async def _connect(policy: EgressPolicy, host: str, port: int) -> socket.socket:
    """Connect to one of the very addresses that the policy has checked."""
    loop, problem = asyncio.get_running_loop(), OSError("the name has no address")
    for address in await policy.addresses_of(host, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connected = socket.socket(family, socket.SOCK_STREAM)
        connected.setblocking(False)
        try:
            await loop.sock_connect(connected, (address, port))
        except OSError as error:
            connected.close()
            problem = error
        except BaseException:
            connected.close()
            raise
        else:
            return connected
    raise problem


def _literal(connected: socket.socket) -> str:
    address: str = connected.getsockname()[0].partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


class _FileGoneError(Exception):
    """An attachment is not there any more."""


def _with_files(mail: Mail, blobs: BlobStore) -> EmailMessage:
    """Return a mail's message with its attachments.

    Raises:
        _FileGoneError: One of them is gone.
    """
    whole = copy.deepcopy(mail.message)
    for file in mail.files:
        path = blobs.find(file.key)
        if path is None:
            raise _FileGoneError
        main, _, sub = file.content_type.partition(";")[0].strip().partition("/")
        if main in {"multipart", "message"} or not sub:
            main, sub = "application", "octet-stream"
        whole.add_attachment(
            path.read_bytes(), maintype=main, subtype=sub, filename=file.name
        )
    return whole


def _refused(where: str, what: str, code: int, permanent: Verdict) -> Answer:
    # The server's text is left out: it may quote what was sent, or an address.
    if code < 0:  # So aiosmtplib calls what it cannot read.
        return Answer(verdict="later", problem=f"what {where} answered is not SMTP")
    verdict = permanent if code >= 500 else "later"
    return Answer(verdict=verdict, problem=f"{where} takes {what}: {code}")


def _connection_problem(where: str, error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        problem = f"its certificate is not trusted: {cause.verify_message}"
    elif isinstance(cause, OSError) and not isinstance(cause, aiosmtplib.SMTPException):
        problem = explained(cause.strerror or str(cause))
    else:
        problem = "the connection broke"
    return f"cannot send to {where}: {problem}"
