"""Recent calls, for users who look why a program fails: as recorded, and as shown.

Recording must cost a call next to nothing, so its bytes stay as they came. They are decoded, and
secrets in them masked (`masking.py`), when they are shown.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal
from urllib.parse import unquote

from hipkit.api.redaction import secret_segments, secrets_in
from hipkit.api.secret import HIDDEN, Secret
from hipkit.server.shared.masking import (
    mask_addresses,
    mask_body,
    mask_header,
    mask_target,
    readable,
)
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = [
    "ANSWER_BYTES",
    "BODY_BYTES",
    "CallCounts",
    "CallFilter",
    "Limit",
    "RecentCall",
    "RecordedCall",
    "show_call",
]

BODY_BYTES = 2048
ANSWER_BYTES = 1024
"""How much of each is kept; one of this length may have been cut off."""
FIRST_ERROR = 400
SHORTEST_TOKEN = 6
"""Shorter values are no tokens, but may be words of a message."""

Limit = Literal[
    "messages",
    "user calls",
    "client calls",
    "strangers' calls",
    "calls of an address",
]
"""What is counted, and of whom."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True, kw_only=True)
class RecordedCall:
    """A call as it came, secrets included: nothing but `RecentCalls` reads it.

    The token is kept as it was: its calls stay visible to those who managed it when it is revoked.
    """

    at_us: int
    token: TokenRecord | None
    peer: str
    method: str
    target: bytes
    operation_id: str
    request_id: str
    headers: Headers
    body: bytes
    status: int
    answer: bytes
    problem: str | None
    milliseconds: float
    note: str | None = None
    room: str | None = None
    message: tuple[int, str] | None = None
    exceeded: tuple[Limit, int] | None = None

    @property
    def token_id(self) -> int | None:
        """The call's token; `None` without one, or with one that is not valid."""
        return None if self.token is None else self.token.id

    @property
    def is_failed(self) -> bool:
        """Whether the answer was an error."""
        return self.status >= FIRST_ERROR

    def __repr__(self) -> str:
        return f"RecordedCall({self.operation_id!r}, {self.status})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentCall:
    """A call as it may be shown.

    Attributes:
        number: Grows from call to call.
        token_id: The call's token; `None` without one, or with one that is not valid.
        target: Path and query.
        operation_id: `unknown` where no operation has the path.
        request_id: By which its sender and the log name it.
        request_body: Its beginning; empty if it was refused before it was read.
        answer: Its beginning.
        problem: What the error said, where it was one.
        note: What was left out of the request, as it only decorated and could not be read.
        room: The room that it named, by id or name.
        message: The message that it created in a room: ids of the conversation and the message.
        exceeded: The limit that it exceeded, and how much that allows.
    """

    number: int
    at_us: int
    token_id: int | None
    peer: str
    method: str
    target: str
    operation_id: str
    request_id: str
    headers: tuple[tuple[str, str], ...]
    request_body: str
    status: int
    answer: str
    problem: str | None
    milliseconds: float
    note: str | None = None
    room: str | None = None
    message: tuple[int, str] | None = None
    exceeded: tuple[Limit, int] | None = None

    @property
    def is_failed(self) -> bool:
        """Whether the answer was an error."""
        return self.status >= FIRST_ERROR

    @property
    def user_agent(self) -> str:
        """How the program that sent it names itself; empty if it does not."""
        return next((text for name, text in self.headers if name == "user-agent"), "")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are wanted: those that fit in every respect.

    Attributes:
        tokens: Of which tokens; `None` among them stands for calls without a valid token.
        only_failed: Whether calls that succeeded are left out.
        operation_id: Of which operation; empty for all.
        peer: From which address; empty for all.
        request_id: With which request id; empty for all.
    """

    tokens: Container[int | None] = ()
    _: KW_ONLY
    only_failed: bool = False
    operation_id: str = ""
    peer: str = ""
    request_id: str = ""

    def fits(self, call: RecordedCall) -> bool:
        """Return whether a call is wanted."""
        return (
            call.token_id in self.tokens
            and (call.is_failed or not self.only_failed)
            and self.operation_id in ("", call.operation_id)
            and self.peer in ("", call.peer)
            and self.request_id in ("", call.request_id)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """How many calls are kept.

    Attributes:
        all: How many in all.
        failed: How many of them failed.
        operation_ids: The operations that were called.
    """

    all: int
    failed: int
    operation_ids: frozenset[str]


def show_call(number: int, call: RecordedCall) -> RecentCall:
    """Return a call as it may be shown: decoded, and without its secrets."""
    target = call.target.decode("ascii", "replace")
    credentials = (value for name, value in call.headers if name == b"authorization")
    authorization = next((Secret(each.decode("latin-1")) for each in credentials), None)
    tokens = [
        *(secret.reveal() for secret in secrets_in(authorization)),
        *secret_segments(target),
        *secret_segments(unquote(target)),
    ]

    def without_tokens(text: str) -> str:
        return _without(mask_addresses(text), tokens)

    def shown_body(raw: bytes, most: int) -> str:
        return without_tokens(mask_body(readable(raw), is_cut=len(raw) >= most))

    return RecentCall(
        number=number,
        at_us=call.at_us,
        token_id=call.token_id,
        peer=call.peer,
        method=call.method,
        target=without_tokens(mask_target(target)),
        operation_id=call.operation_id,
        request_id=call.request_id,
        headers=tuple(
            (name.decode("latin-1"), without_tokens(mask_header(name, value)))
            for name, value in call.headers
        ),
        request_body=shown_body(call.body, BODY_BYTES),
        status=call.status,
        answer=shown_body(call.answer, ANSWER_BYTES),
        problem=call.problem and without_tokens(call.problem),
        milliseconds=call.milliseconds,
        note=call.note and without_tokens(call.note),
        room=call.room,
        message=call.message,
        exceeded=call.exceeded,
    )


def _without(text: str, tokens: Iterable[str]) -> str:
    """Hide the call's own token wherever else it stands: users paste it into anything."""
    for token in tokens:
        if len(token) >= SHORTEST_TOKEN:
            text = text.replace(token, HIDDEN)
    return text
