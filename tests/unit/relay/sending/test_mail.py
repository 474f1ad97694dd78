"""Mails to a server on this machine, which answers as each test says."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from hipkit.api.secret import Secret
from hipkit.relay.message import RelayFile
from hipkit.relay.sending.mail import send_mail
from hipkit.relay.targets.protocol import Answer, Mail, MailServer
from hipkit.server.storage.blobs import BlobStore
from hipkit.transports.egress import EgressPolicy

HOST = "mail.example"
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
PASSWORD = "s3cret"


class Handler:
    """Keeps what comes, and answers each step as it is told.

    The names and arguments of its methods are aiosmtpd's.
    """

    def __init__(self) -> None:
        self.kept: list[Envelope] = []
        self.answers: dict[str, str] = {}
        self.hello = ""

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, name: str, responses: list[str]
    ) -> list[str]:
        self.hello = session.host_name = name
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.kept.append(envelope)
        return answer


class Server:
    """A mail server on a port of this machine."""

    def __init__(self, handler: Handler, port: int) -> None:
        self.handler, self.port = handler, port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@contextlib.asynccontextmanager
async def serving(
    authority: trustme.CA | None = None, *, name: str = HOST, is_tls: bool = False
) -> AsyncIterator[Server]:
    context = None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
    handler = Handler()

    def check(server: Any, session: Any, envelope: Any, how: str, login: Any) -> Any:
        return AuthResult(success=login.password == PASSWORD.encode(), handled=False)

    options: dict[str, Any] = {"hostname": "mail.example"}
    if context is not None and not is_tls:
        options |= {"tls_context": context, "authenticator": check}
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: SMTP(handler, loop=loop, **options),
        "127.0.0.1",
        0,
        ssl=context if is_tls else None,
    )
    async with listening:
        yield Server(handler, listening.sockets[0].getsockname()[1])


def mail(port: int, security: str = "none", **rest: Any) -> Mail:
    message = EmailMessage(policy=MAIL_POLICY)
    message["From"], message["To"] = "relay@example.com", "ops@example.com"
    message["Subject"], message["Message-ID"] = "disk full", "<one@relay.example>"
    message.set_content("The disk is full.\n.\nReally.")
    values: dict[str, Any] = {
        "sender": "relay@example.com",
        "recipients": ("ops@example.com",),
        **rest,
    }
    return Mail(host=HOST, port=port, security=security, message=message, **values)  # type: ignore[arg-type]  # one of its three


async def send(
    sent: MailServer,
    *,
    tls: ssl.SSLContext | None = None,
    policy: EgressPolicy | None = None,
    folder: Path = Path("/nowhere"),
    seconds: float = 30,
) -> Answer:
    policy = policy or EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.1"])
    try:
        return await send_mail(
            sent, policy, BlobStore(folder), tls=tls, seconds=seconds
        )
    finally:
        policy.close()


async def test_mail_arrives_whole() -> None:
    async with serving() as server:
        answer = await send(mail(server.port))
        (kept,) = server.handler.kept
    assert answer == Answer(verdict="delivered", reference="<one@relay.example>")
    assert (kept.mail_from, kept.rcpt_tos) == ("relay@example.com", ["ops@example.com"])
    assert isinstance(kept.content, bytes)
    assert b"Message-ID: <one@relay.example>\r\n" in kept.content
    assert kept.content.endswith(b"The disk is full.\r\n.\r\nReally.\r\n")


async def test_server_learns_no_name_of_this_machine() -> None:
    async with serving() as server:
        await send(mail(server.port))
        assert server.handler.hello == "[127.0.0.1]"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_mail_arrives_over_verified_tls(
    security: str, authority: trustme.CA, trusted: ssl.SSLContext
) -> None:
    async with serving(authority, is_tls=security == "tls") as server:
        answer = await send(mail(server.port, security), tls=trusted)
        assert len(server.handler.kept) == 1
    assert answer.verdict == "delivered"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_server_with_the_certificate_of_another_gets_nothing(
    security: str, authority: trustme.CA, trusted: ssl.SSLContext
) -> None:
    async with serving(
        authority, name="other.example", is_tls=security == "tls"
    ) as server:
        answer = await send(mail(server.port, security), tls=trusted)
        assert server.handler.kept == []
    assert answer.verdict == "later"
    assert "certificate" in str(answer.problem)


async def test_mail_does_not_go_without_tls_where_it_has_to() -> None:
    async with serving() as server:
        answer = await send(mail(server.port, "starttls"))
        assert server.handler.kept == []
    assert answer.verdict == "route"


async def test_login_is_over_tls(
    authority: trustme.CA, trusted: ssl.SSLContext
) -> None:
    async with serving(authority) as server:
        login = {"username": "relay", "password": Secret(PASSWORD)}
        answer = await send(mail(server.port, "starttls", **login), tls=trusted)
        assert len(server.handler.kept) == 1
    assert answer.verdict == "delivered"


async def test_wrong_password_breaks_the_route_and_is_not_shown(
    authority: trustme.CA, trusted: ssl.SSLContext
) -> None:
    async with serving(authority) as server:
        login = {"username": "relay", "password": Secret("wr0ng")}
        answer = await send(mail(server.port, "starttls", **login), tls=trusted)
    assert answer.verdict == "route"
    assert "wr0ng" not in str(answer)


@pytest.mark.parametrize(
    ("password", "verdict"), [(PASSWORD, "delivered"), ("wr0ng", "route")]
)
async def test_a_login_alone_sends_nothing(
    authority: trustme.CA, trusted: ssl.SSLContext, password: str, verdict: str
) -> None:
    async with serving(authority) as server:
        login = MailServer(
            host=HOST,
            port=server.port,
            security="starttls",
            username="relay",
            password=Secret(password),
        )
        answer = await send(login, tls=trusted)
        assert server.handler.kept == []
    assert answer.verdict == verdict


@pytest.mark.parametrize(
    ("step", "code", "verdict"),
    [
        ("MAIL", 451, "later"),
        ("MAIL", 550, "route"),
        ("ops@example.com", 450, "later"),
        ("ops@example.com", 550, "route"),
        ("DATA", 452, "later"),
        ("DATA", 552, "content"),
        ("DATA", 554, "content"),
    ],
)
async def test_refusals_tell_content_route_and_later_apart(
    step: str, code: int, verdict: str
) -> None:
    async with serving() as server:
        server.handler.answers[step] = f"{code} no: <b>disk full</b>"
        answer = await send(mail(server.port))
    assert answer.verdict == verdict
    assert str(code) in str(answer.problem)
    assert "disk" not in str(answer.problem)


async def test_mail_that_one_of_two_got_is_delivered() -> None:
    async with serving() as server:
        server.handler.answers["b@example.com"] = "550 unknown"
        both = ("a@example.com", "b@example.com")
        answer = await send(mail(server.port, recipients=both))
        (kept,) = server.handler.kept
    assert kept.rcpt_tos == ["a@example.com"]
    assert answer.verdict == "delivered"
    assert answer.problem == "1 of 2 recipients were refused"


async def test_server_that_is_not_there_may_come_back() -> None:
    answer = await send(mail(1))
    assert answer.verdict == "later"


async def test_private_server_is_not_called() -> None:
    async with serving() as server:
        policy = EgressPolicy(look_up=lambda host, port: ["127.0.0.1"])
        answer = await send(mail(server.port), policy=policy)
        assert server.handler.hello == ""
    assert answer.verdict == "later"
    assert "allow_private_network = true" in str(answer.problem)


async def test_server_that_is_silent_is_waited_for_within_bounds() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        answer = await send(mail(port), seconds=0.05)
        for writer in writers:
            writer.close()
    assert answer.verdict == "later"


async def test_server_that_hangs_up_may_come_back() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with listening:
        answer = await send(mail(listening.sockets[0].getsockname()[1]))
    assert answer.verdict == "later"


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 70_000])
async def test_server_of_another_protocol_is_told_as_such(said: bytes) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listening:
        answer = await send(mail(listening.sockets[0].getsockname()[1]))
    assert answer.verdict == "later"
    assert (answer.problem or "").endswith("answered is not SMTP")


async def test_files_are_attached_from_the_store(tmp_path: Path) -> None:
    data = bytes(range(256))
    file = RelayFile(
        key=BlobStore(tmp_path).save(data),
        name="Bericht ä.bin",
        size_bytes=len(data),
        content_type="application/x-thing",
    )
    async with serving() as server:
        answer = await send(mail(server.port, files=(file,)), folder=tmp_path)
        (kept,) = server.handler.kept
    assert isinstance(kept.content, bytes)
    (attached,) = message_from_bytes(
        kept.content, policy=MAIL_POLICY
    ).iter_attachments()
    assert answer.verdict == "delivered"
    assert attached.get_content() == data
    assert attached.get_filename() == "Bericht ä.bin"
    assert attached.get_content_type() == "application/x-thing"


async def test_file_that_is_gone_is_content_that_cannot_be_sent(tmp_path: Path) -> None:
    file = RelayFile(key="x" * 43, name="a", size_bytes=1, content_type="text/plain")
    answer = await send(mail(1, files=(file,)), folder=tmp_path)
    assert answer.verdict == "content"
