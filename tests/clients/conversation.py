"""Takes apart what a relay kept: calls in the order in which they came in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.clients.relay import Connection

HEAD_END = b"\r\n\r\n"
WITHOUT_BODY = (204, 304)
CONTINUE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it was sent, and its answer as far as a program looks at it."""

    request: str
    headers: list[tuple[str, str]]
    body: bytes
    status: int
    answer: object

    @property
    def operation(self) -> str:
        """The request line without the version of HTTP."""
        return self.request.rpartition(" ")[0]


@dataclass(frozen=True, slots=True)
class Message:
    """One request or answer in a stream of them."""

    position: int
    line: str
    headers: list[tuple[str, str]]
    body: bytes


def calls_of(connections: Iterable[Connection]) -> list[Call]:
    """Return all calls, in the order in which their first bytes came in."""
    found = []
    for connection in connections:
        answers = answers_in(bytes(connection.answered))
        for request in messages(bytes(connection.asked)):
            answer = next(answers)
            status = int(answer.line.split()[1])
            call = Call(
                request=request.line,
                headers=request.headers,
                body=request.body,
                status=status,
                answer=read(answer.body),
            )
            found.append((connection.arrival(request.position), request.position, call))
    return [call for _, _, call in sorted(found, key=lambda entry: entry[:2])]


def answers_in(data: bytes) -> Iterator[Message]:
    for message in messages(data, answers=True):
        if int(message.line.split()[1]) != CONTINUE:
            yield message


def messages(data: bytes, *, answers: bool = False) -> Iterator[Message]:
    """Yield the messages of one direction. A call of `HEAD` is more than this can follow."""
    start = 0
    while start < len(data):
        body = data.index(HEAD_END, start) + len(HEAD_END)
        line, *lines = (
            data[start : body - len(HEAD_END)].decode("latin-1").split("\r\n")
        )
        headers = [split_header(one) for one in lines]
        known = {name.lower(): value for name, value in headers}
        end = body
        if answers and int(line.split()[1]) in WITHOUT_BODY:
            pass
        elif "chunked" in known.get("transfer-encoding", "").lower():
            end = end_of_chunks(data, body)
        else:
            end += int(known.get("content-length", 0))
        yield Message(start, line, headers, data[body:end])
        start = end


def split_header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")


def end_of_chunks(data: bytes, start: int) -> int:
    while True:
        line_end = data.index(b"\r\n", start)
        size = int(data[start:line_end].partition(b";")[0], 16)
        start = line_end + 2 + size + 2
        if not size:
            return start


def read(body: bytes) -> object:
    """Return what a body holds, or nothing where it is no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None
