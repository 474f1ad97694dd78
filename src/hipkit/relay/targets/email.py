"""E-mail: one mail with a text and an HTML part for each message (pure).

The same message is the same mail at every try, `Message-ID` and `Date` included, so that readers'
programs can tell the second from the first.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from email.charset import Charset
from email.contentmanager import ContentManager, raw_data_manager
from email.message import EmailMessage
from email.policy import Compat32
from email.utils import format_datetime
from html import escape
from ipaddress import IPv6Address
from typing import ClassVar, Literal

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import fit
from hipkit.relay.markup.html import write_html
from hipkit.relay.markup.marked_text import text_as_typed
from hipkit.relay.markup.tree import Node
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets.parts import COLORS, message_nodes
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Mail,
    MailServer,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["Email", "EmailSettings"]

HOST = re.compile(r"[A-Za-z0-9.-]+")
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
"""What every mail server takes: the exotic forms of RFC 5322 are left out."""
PORTS = {"none": 25, "starttls": 587, "tls": 465}
LONGEST_TEXT = 200_000
"""Of each part, in characters."""
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,200}>")
UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")
"""Controls, separators of lines and halves of pairs: a header has none of them."""
LONGEST_SUBJECT = 120
LONGEST_NAME = 80
PLAIN_NAME = re.compile(r"[A-Za-z0-9 ]+")
UTF_8 = Charset("utf-8")
MOST_ENCODED_BYTES = 39
"""Of one encoded word: with `Subject: ` before it a line has at most 76 characters."""


class _MailPolicy(Compat32):
    """Takes headers as they are given: parsing each again takes ten times as long as all else."""

    content_manager: ContentManager = raw_data_manager


POLICY = _MailPolicy()


class EmailSettings(Settings, frozen=True, kw_only=True):
    """A mail server, and who writes to whom."""

    server: str
    """The host of the mail server."""
    sender: str
    """The address that mails come from."""
    recipients: tuple[str, ...]
    """Who gets them."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted; `none` is for a mail server on the same machine."""
    port: int | None = None
    """Default: 587 for `starttls`, 465 for `tls`, 25 for `none`."""
    username: str | None = None
    password: Secret | None = None
    attach_bytes: int = 10_000_000
    """How large the files attached to one mail may be together, 0 for none."""

    def __post_init__(self) -> None:
        if not self.recipients:
            raise ValueError("recipients is empty")
        for address in (self.sender, *self.recipients):
            if not ADDRESS.fullmatch(address):
                raise ValueError(
                    f"{address!a} is no address: it is like ops@example.com"
                )
        if not HOST.fullmatch(self.server) and not _is_ipv6(self.server):
            raise ValueError(
                "server is no host: it is like smtp.example.com; its port is given as port"
            )
        if self.port is not None and not 0 < self.port < 65536:
            raise ValueError("port is not between 1 and 65535")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.password is not None and self.security == "none":
            raise ValueError('a password needs security = "starttls" or "tls"')


class Email(Target[EmailSettings]):
    """Addresses of people."""

    name: ClassVar[str] = "email"
    settings: ClassVar[type[Settings]] = EmailSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = False
    uploads_bytes: ClassVar[int] = 0

    def render(
        self, message: RelayMessage, settings: EmailSettings, options: RenderOptions
    ) -> Mail:
        """Return a mail; refused before, it is text without attachments."""
        attached = () if options.plain else _attached(message, settings)
        linked = [file for file in message.files if file not in attached]
        nodes = message_nodes(message, linked)
        text = fit(nodes, text_as_typed, LONGEST_TEXT, link=message.link)
        mail = _with_headers(message, settings, options, _subject(message, text))
        if options.plain:
            _set_text(mail, _signed(message, text), "plain")
        else:
            _set_text(part := EmailMessage(POLICY), _signed(message, text), "plain")
            _set_text(html := EmailMessage(POLICY), _html(message, nodes), "html")
            # No part can hold it: quoted-printable has no `=_`, Base64 no `_`.
            boundary = f"=_{_id(message.id)}"
            mail["Content-Type"] = f'multipart/alternative; boundary="{boundary}"'
            mail.set_payload([part, html])
        server = _server(settings)
        return Mail(
            host=server.host,
            port=server.port,
            security=server.security,
            username=server.username,
            password=server.password,
            sender=settings.sender,
            recipients=settings.recipients,
            message=mail,
            files=attached,
        )

    def render_upload(self, file: RelayFile, settings: EmailSettings) -> HttpCall:
        """Raise: files are attached."""
        raise NotImplementedError("a mail's files are attached")

    def read(self, reply: Reply) -> Answer:
        """Raise: a mail server does not answer over HTTP."""
        raise NotImplementedError("a mail server does not answer over HTTP")

    def read_upload(self, reply: Reply) -> Answer:
        """Raise: files are attached."""
        raise NotImplementedError("a mail's files are attached")

    def render_check(self, settings: EmailSettings) -> MailServer | None:
        """Return the login."""
        return None if settings.password is None else _server(settings)

    def read_check(self, reply: Reply) -> Answer:
        """Raise: a mail server does not answer over HTTP."""
        raise NotImplementedError("a mail server does not answer over HTTP")

    def host(self, settings: EmailSettings) -> str:
        """Return the mail server."""
        return settings.server


def _server(settings: EmailSettings) -> MailServer:
    return MailServer(
        host=settings.server,
        port=settings.port or PORTS[settings.security],
        security=settings.security,
        username=settings.username,
        password=settings.password,
    )


def _with_headers(
    message: RelayMessage, settings: EmailSettings, options: RenderOptions, subject: str
) -> EmailMessage:
    domain = settings.sender.rpartition("@")[2]
    mail = EmailMessage(POLICY)
    label = message.label or message.sender
    mail["From"] = f"{_phrase(label)} <{settings.sender}>"
    mail["To"] = ", ".join(settings.recipients)
    mail["Subject"] = _encoded(subject)
    mail["Date"] = format_datetime(message.sent_at)
    mail["Message-ID"] = f"<{_id(message.id)}@{domain}>"
    if thread := _thread(message, options, domain):
        mail["In-Reply-To"] = thread
        mail["References"] = thread
    mail["List-Id"] = _list_id(message.room, domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail["MIME-Version"] = "1.0"
    if message.loud and options.notify == "mention":
        mail["Importance"] = "high"
    return mail


def _signed(message: RelayMessage, text: str) -> str:
    """Return a text with where it is from, below the line that programs know signatures by."""
    link = "" if message.link is None else f"\n{message.link}"
    return f"{text}\n\n-- \n{_origin(message)}{link}\n"


def _html(message: RelayMessage, nodes: tuple[Node, ...]) -> str:
    border = ""
    if message.color is not None:
        border = f"border-left: 4px solid {COLORS[message.color]}; "
    body = fit(nodes, _write_html, LONGEST_TEXT, link=message.link)
    origin = escape(_origin(message))
    if message.link is not None:
        origin = f'<a href="{escape(message.link)}">{origin}</a>'
    return (
        '<!doctype html>\n<html><body style="font-family: sans-serif">\n'
        f'<div style="{border}padding-left: 12px">{body}</div>\n'
        f'<p style="color: #666666">{origin}</p>\n</body></html>\n'
    )


def _write_html(nodes: Sequence[Node]) -> str:
    return write_html(nodes, shows_pictures=True)


def _origin(message: RelayMessage) -> str:
    """Return whom and where a message is from, in one line."""
    sender = _line(message.label or message.sender, LONGEST_NAME)
    return sender if message.room is None else f"{sender} in {message.room}"


def _set_text(part: EmailMessage, text: str, kind: Literal["plain", "html"]) -> None:
    """Set a part's text. `set_content` does the same, ten times slower."""
    # A return alone could end a mail early at servers that take it for the end of a line.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(encoded.decode("ascii"))


def _subject(message: RelayMessage, text: str) -> str:
    words = message.card.title if message.card else text
    return ": ".join(filter(None, (message.title, words))) or "(no text)"


def _thread(message: RelayMessage, options: RenderOptions, domain: str) -> str | None:
    """Return the `Message-ID` of what a message belongs to."""
    if message.thread is None:
        return None
    known = options.references.get(message.thread, "")
    if MESSAGE_ID.fullmatch(known):
        return known
    # It may have been sent by another route, or be known for too short: its id is made anew.
    return f"<{_id(message.thread)}@{domain}>"


def _id(text: str) -> str:
    """Return an id as it may stand in a `Message-ID`: ids of cards may be any text."""
    if SAFE_ID.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _list_id(room: str | None, domain: str) -> str:
    """Return what mail programs sort by: a room's name, and a host's name made of it."""
    if room is None:
        return f"<private.hipkit.{domain}>"
    label = re.sub(r"[^a-z0-9]+", "-", room.lower()).strip("-")[:40]
    short = hashlib.sha256(room.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{_phrase(room)} <{label or 'room'}-{short}.hipkit.{domain}>"


def _phrase(text: str) -> str:
    """Return a name as it may stand before an address."""
    shown = _line(text, LONGEST_NAME)
    if PLAIN_NAME.fullmatch(shown):
        return shown
    if shown.isascii() and "=?" not in shown:
        quoted = re.sub(r'(["\\])', r"\\\1", shown)
        return f'"{quoted}"'
    return _encoded(shown)


def _encoded(text: str) -> str:
    """Return a header's text in ASCII."""
    shown = _line(text, LONGEST_SUBJECT)
    # What looks encoded already would be read as something else than it says.
    if shown.isascii() and "=?" not in shown:
        return shown
    # `email.header` does the same, but measures the whole line again with each letter.
    return "\n ".join(map(UTF_8.header_encode, _pieces(shown)))


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces of at most so many bytes, none within a letter."""
    left = text.encode()
    while left:
        piece = left[:MOST_ENCODED_BYTES].decode("utf-8", "ignore")
        yield piece
        left = left[len(piece.encode()) :]


def _line(text: str, limit: int) -> str:
    """Return a text in one line, cut at a word."""
    line = UNSEEN.sub(" ", text[: 4 * limit]).strip()
    if len(line) <= limit:
        return line
    return f"{line[:limit].rsplit(' ', 1)[0]} …"


def _attached(message: RelayMessage, settings: EmailSettings) -> tuple[RelayFile, ...]:
    """Return the first files that together are within the limit."""
    left, attached = settings.attach_bytes, []
    for file in message.files:
        if file.size_bytes <= left:
            attached.append(file)
            left -= file.size_bytes
    return tuple(attached)


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
