"""Keeps the latest calls of every token, for people who want to see why a program fails.

In memory and bounded: a thousand calls, of each no more than the beginning. Keeping a call must
cost it next to nothing, so bytes stay as they came. They are decoded, and secrets in them masked
(`masking.py`), when they are read.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import unquote

from hipkit.api.redaction import secret_segments, secrets_in
from hipkit.api.secret import Secret
from hipkit.server.shared.masking import (
    HIDDEN,
    mask_addresses,
    mask_body,
    mask_header,
    mask_target,
    readable,
)

__all__ = ["BODY_BYTES", "MemoryRecentCalls", "RecentCall", "RecordedCall"]

BODY_BYTES = 2048
ANSWER_BYTES = 1024
LONGEST_PEER = 64
TARGET_BYTES = 1024
HEADER_BYTES = 6 * 1024
"""How much memory the headers of one call may take."""
BYTES_AROUND_HEADER = 130
"""What Python needs for a header beside its letters: a tuple, two objects, and their place."""
LONGEST_PROBLEM = 600
SHORTEST_TOKEN = 6
"""Less is no token, but may be a word of what somebody wrote."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True, kw_only=True)
class RecordedCall:
    """A call as it came, secrets included: nothing but `RecentCalls` reads it."""

    at_us: int
    token_id: int | None
    group_id: int | None
    peer: str
    method: str
    target: bytes
    operation_id: str
    headers: Headers
    body: bytes
    status: int
    answer: bytes
    problem: str | None
    milliseconds: float
    note: str | None = None

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
        request_body: Its beginning; empty if it was refused before it was read.
        answer: Its beginning.
        problem: What the error said, where it was one.
        note: What was left out of the request, as it only decorated and could not be read.
    """

    number: int
    at_us: int
    token_id: int | None
    group_id: int | None
    peer: str
    method: str
    target: str
    operation_id: str
    headers: tuple[tuple[str, str], ...]
    request_body: str
    status: int
    answer: str
    problem: str | None
    milliseconds: float
    note: str | None = None


class MemoryRecentCalls:
    """The `RecentCalls` of one process."""

    def __init__(self, most: int = 1000, most_of_token: int = 50) -> None:
        self._most = most
        self._most_of_token = most_of_token
        self._calls: OrderedDict[int, RecordedCall] = OrderedDict()
        self._numbers: dict[int | None, deque[int]] = {}
        self._last = 0

    def add(self, call: RecordedCall) -> None:
        """Keep a call in place of the oldest of its token, or of all."""
        call.peer = call.peer[:LONGEST_PEER]
        call.target = call.target[:TARGET_BYTES]
        left = HEADER_BYTES
        for index, (name, value) in enumerate(call.headers):
            left -= len(name) + len(value) + BYTES_AROUND_HEADER
            if left < 0:
                call.headers = call.headers[:index]
                break
        call.body = call.body[:BODY_BYTES]
        call.answer = call.answer[:ANSWER_BYTES]
        if call.problem is not None:
            call.problem = call.problem[:LONGEST_PROBLEM]
        if call.note is not None:
            call.note = call.note[:LONGEST_PROBLEM]
        self._last += 1
        self._calls[self._last] = call
        numbers = self._numbers.setdefault(call.token_id, deque())
        numbers.append(self._last)
        if len(numbers) > self._most_of_token:
            del self._calls[numbers.popleft()]
        elif len(self._calls) > self._most:
            _, oldest = self._calls.popitem(last=False)
            of_its_token = self._numbers[oldest.token_id]
            of_its_token.popleft()
            if not of_its_token:
                del self._numbers[oldest.token_id]

    def of_token(self, token_id: int, after: int = 0) -> list[RecentCall]:
        """Return a token's calls, the newest first: all, or those after a number."""
        return self._shown(token_id, after)

    def without_token(self, after: int = 0) -> list[RecentCall]:
        """Return the calls without a valid token, the newest first."""
        return self._shown(None, after)

    def last_us(self, token_id: int) -> int | None:
        """Return when a token's latest call was, if it is kept."""
        numbers = self._numbers.get(token_id)
        return self._calls[numbers[-1]].at_us if numbers else None

    def _shown(self, token_id: int | None, after: int) -> list[RecentCall]:
        if after > self._last:
            # A page that was open before the server started again sends such a number.
            after = 0
        numbers = self._numbers.get(token_id, ())
        newer = takewhile(lambda number: number > after, reversed(numbers))
        return [_shown(number, self._calls[number]) for number in newer]


def _shown(number: int, call: RecordedCall) -> RecentCall:
    target = call.target.decode("ascii", "replace")
    authorization = _header(call.headers, b"authorization")
    known = secrets_in(None if authorization is None else Secret(authorization))
    tokens = [
        *(secret.reveal() for secret in known),
        *secret_segments(target),
        *secret_segments(unquote(target)),
    ]

    def without_tokens(text: str) -> str:
        return _without(mask_addresses(text), tokens)

    body = readable(call.body)
    answer = readable(call.answer)
    return RecentCall(
        number=number,
        at_us=call.at_us,
        token_id=call.token_id,
        group_id=call.group_id,
        peer=call.peer,
        method=call.method,
        target=without_tokens(mask_target(target)),
        operation_id=call.operation_id,
        headers=tuple(
            (name.decode("latin-1"), without_tokens(mask_header(name, value)))
            for name, value in call.headers
        ),
        request_body=without_tokens(
            mask_body(body, is_cut=len(call.body) >= BODY_BYTES)
        ),
        status=call.status,
        answer=without_tokens(
            mask_body(answer, is_cut=len(call.answer) >= ANSWER_BYTES)
        ),
        problem=None if call.problem is None else without_tokens(call.problem),
        milliseconds=call.milliseconds,
        note=None if call.note is None else without_tokens(call.note),
    )


def _header(headers: Headers, wanted: bytes) -> str | None:
    return next(
        (value.decode("latin-1") for name, value in headers if name == wanted), None
    )


def _without(text: str, tokens: Iterable[str]) -> str:
    """Hide the call's own token wherever else it stands: users paste it into anything."""
    for token in tokens:
        if len(token) >= SHORTEST_TOKEN:
            text = text.replace(token, HIDDEN)
    return text
