"""The command line in this process, with a transport whose responses a test sets."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest

from hipkit.cli.commands import run
from hipkit.server.logs import LIBRARIES
from hipkit.transports.protocol import RawResponse, TransportError
from tests.scripted import BASE_URL, TOKEN, Script, answer

__all__ = ["Hipkit", "Outcome", "Server"]


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        document: object = json.loads(self.out)
        return document

    @property
    def error(self) -> dict[str, object]:
        document: dict[str, dict[str, object]] = json.loads(self.err.splitlines()[-1])
        return document["error"]


class Server(Script):
    """Answers 204 unless a test sets other responses."""

    def __init__(self) -> None:
        super().__init__(lambda _: RawResponse(204, {}))

    def answer(self, *outcomes: object) -> None:
        """Answer with these next: responses, transport errors, or values to send as JSON."""
        ready = [
            each if isinstance(each, (RawResponse, TransportError)) else answer(each)
            for each in outcomes
        ]
        self._outcomes[:] = ready

    def fail(self, error: BaseException, after: Sequence[RawResponse] = ()) -> None:
        """Raise an error that no transport raises, after some responses."""

        def broken(_: object) -> RawResponse:
            raise error

        self._outcomes[:] = [*after, broken]

    def close(self) -> None:
        """Stay open: a test may call more than once."""

    @property
    def sent(self) -> object:
        """The JSON of the last body."""
        return json.loads(self.bodies[-1])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("HIPCHAT_BASE_URL", BASE_URL)
    monkeypatch.setenv("HIPCHAT_TOKEN", TOKEN)
    return Server()


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """Take back what a command in this process has set up: other tests read logs too."""
    loggers = [logging.getLogger(name) for name in ("hipkit.server", *LIBRARIES)]
    before = [(log.handlers[:], log.level, log.propagate) for log in loggers]
    yield
    for log, (handlers, level, propagate) in zip(loggers, before, strict=True):
        log.handlers[:], log.propagate = handlers, propagate
        log.setLevel(level)


Hipkit = Callable[..., Outcome]


@pytest.fixture
def hipkit(
    server: Server,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    logs_as_before: None,
) -> Hipkit:
    def call(*arguments: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(arguments, transport=server)
        out, err = capsys.readouterr()
        assert TOKEN not in out + err
        return Outcome(code, out, err)

    return call
