"""What a target is: how it renders a message, and how its answers are read (pure)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from hipkit.api.secret import Secret
from hipkit.relay.message import RelayFile, RelayMessage

__all__ = [
    "PLACE",
    "Answer",
    "AppriseCall",
    "ChecksToken",
    "FindsPlace",
    "HttpCall",
    "Limit",
    "LinksFiles",
    "Mail",
    "MailServer",
    "Notify",
    "RenderOptions",
    "Rendered",
    "Reply",
    "Settings",
    "Target",
    "Verdict",
]

FILE_MARK = b"\0the bytes of the file\0"
"""Stands for a file's bytes in the body of an `HttpCall`. JSON and the headers of a multipart form
cannot contain it."""

Notify = Literal["never", "normal", "mention"]
"""What a route allows: nothing that rings; what HipChat rang for, as the target usually does; a
mention of everybody for that."""

Verdict = Literal["delivered", "content", "route", "later"]
"""Taken; this content will never be taken; the route is misconfigured; it may work later."""


PLACE = "\nplace"
"""The key in `RenderOptions.references` of what `FindsPlace.read_place` read.

No message or card has it as its id: those are one line.
"""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a route's table in the file says about its target. Targets extend it.

    A field of the type `Secret` is a reference in the file, and read when the file is.
    """

    allow_private_network: bool = False
    """Whether the target may be in a private network, as the relay's own file says so."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of the settings, the longest first: one may be a part of another."""
        found: list[Secret] = []
        for _, value in self._items():
            values = value if isinstance(value, tuple) else (value,)
            found += [each for each in values if isinstance(each, Secret)]
        return tuple(sorted(found, key=lambda one: len(one.reveal()), reverse=True))

    @property
    def public(self) -> dict[str, object]:
        """Everything in the settings that is no secret."""
        secrets = set(self.secrets)
        return {
            name: value
            for name, value in self._items()
            if secrets.isdisjoint(value if isinstance(value, tuple) else (value,))
        }

    def _items(self) -> list[tuple[str, object]]:
        return [(name, getattr(self, name)) for name in self.__struct_fields__]


S = TypeVar("S", bound=Settings, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What a route says about every message, whatever its target."""

    mentions: Mapping[str, str] = field(default_factory=dict)
    """HipChat's mention names, without the `@`, and whom they are at the target."""
    notify: Notify = "normal"
    references: Mapping[str, str] = field(default_factory=dict)
    """What is known of the target: ids of messages there by the ids here, for threads, and what
    uploads of files were answered, by `RelayFile.key`."""
    now: datetime | None = None
    """When it is sent, in UTC: for targets that sign the time. Nothing else may depend on it, so
    that a second try is the same."""
    plain: bool = False
    """Whether the target refused this content before: plain text, nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a target takes at most. Tests measure requests by it, and the reference shows it."""

    place: str
    """Where in the request's JSON, such as `attachments[].text`; empty for the whole request."""
    most: int
    unit: Literal["characters", "bytes", "utf16", "items"] = "characters"
    """Bytes are those of UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One HTTP request."""

    method: Literal["GET", "POST", "PUT"]
    url: Secret
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    file: RelayFile | None = None
    """The file whose bytes follow, read by the sender: `body` is empty then, or a multipart frame
    with `FILE_MARK` in their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server, and who uses it: by itself a login that sends nothing."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail(MailServer):
    """One mail."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage = field(repr=False)
    files: tuple[RelayFile, ...] = ()
    """What is attached, read by the sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseCall:
    """One notification by Apprise."""

    url: Secret
    title: str
    text: str = field(repr=False)
    type: Literal["info", "success", "warning", "failure"]


Rendered = HttpCall | Mail | AppriseCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a target answered over HTTP."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Their names are in lower case."""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer means."""

    verdict: Verdict
    problem: str | None = None
    """What went wrong, in one line without secrets or anything that was sent."""
    wait_seconds: float | None = None
    """How long the target asks to wait."""
    reference: str | None = None
    """The message's id at the target, for what belongs to its thread."""


class Target(Protocol[S]):
    """A chat system, or a way to reach one."""

    name: ClassVar[str]
    """As `to` in the file names it."""
    settings: ClassVar[type[Settings]]
    pace_seconds: ClassVar[float]
    """The least time between two messages of a route, 0 for none."""
    is_idempotent: ClassVar[bool]
    """Whether the target drops what it is sent again."""
    can_tell_repeats: ClassVar[bool] = False
    """Whether what is sent again can be told from what is new, also a while later: the target drops
    it, and that was tried, or its receiver is promised an id to know it by. Then the outcomes of
    several messages are stored together: all of them are sent again after a crash."""
    most_tries: ClassVar[int | None] = None
    """The tries after which a message is set aside, where no answer tells whether it will ever be
    taken; `None` for as many as there are in 24 hours."""
    uploads_bytes: ClassVar[int]
    """The largest file that is uploaded, 0 for none."""
    limits: ClassVar[tuple[Limit, ...]] = ()
    """What it takes at most, as its documentation says or as it was tried."""

    def render(
        self, message: RelayMessage, settings: S, options: RenderOptions
    ) -> Rendered:
        """Return a message as the target takes it, within every limit of the target."""

    def render_upload(self, file: RelayFile, settings: S) -> HttpCall:
        """Return the upload of a file, which comes before the message."""

    def read(self, reply: Reply) -> Answer:
        """Return what an answer over HTTP to the message means."""

    def read_upload(self, reply: Reply) -> Answer:
        """Return what an answer to an upload means; its reference goes into the message."""

    def host(self, settings: S) -> str:
        """Return the host that is called: deliveries take turns by host, and it may be shown."""


class LinksFiles:
    """What a target has in common with others that upload nothing: files are linked."""

    uploads_bytes: ClassVar[int] = 0

    def render_upload(self, file: RelayFile, settings: Any) -> HttpCall:
        """Raise `NotImplementedError`."""
        raise NotImplementedError

    def read_upload(self, reply: Reply) -> Answer:
        """Raise `NotImplementedError`."""
        raise NotImplementedError


class FindsPlace(ABC, Generic[S]):
    """A target that must ask where its messages go, once for each route and before the first."""

    @abstractmethod
    def render_place(self, settings: S) -> HttpCall:
        """Return the request whose answer names the place."""

    @abstractmethod
    def read_place(self, reply: Reply) -> Answer:
        """Return what its answer means; its reference goes into every message."""


@runtime_checkable
class ChecksToken(Protocol[S]):
    """A target that has a call which shows whether it takes the token, and changes nothing."""

    def render_check(self, settings: S) -> HttpCall | MailServer | None:
        """Return that call; `None` where the settings have no token."""

    def read_check(self, reply: Reply) -> Answer:
        """Return what its answer means: `delivered` for a token that is taken."""
