"""The state of a call in the pipeline, and the base of the dialects of the API's versions."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from hipkit.api.catalog import Entry
from hipkit.api.errors import UnauthorizedError
from hipkit.api.operation import Operation
from hipkit.server.http.bodies.reading import BodyRecorder
from hipkit.server.http.requests import Request, Scope
from hipkit.server.http.responses import limit_names
from hipkit.server.http.routes import Match, Router
from hipkit.server.services.context import Context, Runtime
from hipkit.server.shared.limits import Allowance
from hipkit.server.storage.blobs import Upload

__all__ = ["Call", "Dialect", "is_true"]


@dataclass(slots=True)
class Call:
    """One call: each step of the pipeline reads what the steps before it have set.

    Attributes:
        body: Receives the request, and has the beginning of its body.
        runtime: What the calls to this server share.
        request_id: By which the call is found again: the sender's, or one of this server.
        operation_id: For the log and the list of API calls.
        allowance: The caller's; `None` until the caller was identified and counted.
        problem: What the error says, if there is one.
        room: The room that it names, once that is known.
        notes: What was left out of a call that succeeded.
        upload: The file that came along; closed with the call.
        began: By `time.perf_counter`.
        request: Set by parsing, as are the four below.
        path: Below the API's base, as it stood on the request line.
        bearer: The token as it came.
        fields: All arguments of a call of API v1.
        is_auth_test: Whether it only asks if the token suffices.
        context: Set by identifying the caller.
        token_error: What is wrong with the token: an error only where one is needed.
        match: Set by matching, as is the one below.
        kind: The operation's class.
    """

    scope: Scope
    body: BodyRecorder
    runtime: Runtime
    dialect: Dialect
    request_id: str
    operation_id: str = "unknown"
    allowance: Allowance | None = None
    problem: str | None = None
    room: str | None = None
    notes: list[str] = field(default_factory=list)
    upload: Upload | None = None
    began: float = field(default_factory=time.perf_counter)
    request: Request = field(init=False)
    path: bytes = field(init=False)
    bearer: str | None = field(init=False)
    fields: dict[str, object] = field(init=False)
    is_auth_test: bool = field(init=False)
    context: Context = field(init=False)
    token_error: UnauthorizedError | None = None
    match: Match = field(init=False)
    kind: type[Operation[object]] = field(init=False)


class Dialect(ABC):
    """A version of the API: the steps of the pipeline that it does in its own way.

    Attributes:
        name: Its name in addresses.
    """

    name: ClassVar[str]

    def __init__(self, operations: Iterable[Entry], limit_prefix: str) -> None:
        self.router = Router(operations)
        self.limit_names = limit_names(limit_prefix)

    @abstractmethod
    async def parse(self, call: Call) -> None:
        """Set `bearer` and `is_auth_test`, and what else has to be read to know them."""

    def match(self, call: Call) -> Match:
        """Return the operation that the path and the method name.

        Raises:
            NotFoundError: There is none.
            MethodNotAllowedError: The path takes other methods.
        """
        return self.router.match(call.request.method, call.path)

    @abstractmethod
    def check_token(self, call: Call) -> None:
        """Check that a call that needs a token has a valid one, before its scopes are checked.

        Raises:
            UnauthorizedError: It has none.
        """

    @abstractmethod
    def room_of(self, call: Call) -> str | None:
        """Return the room that a call names, which a token bound to a room has to be for."""

    @abstractmethod
    async def decode(self, call: Call) -> Operation[object]:
        """Return the operation with its arguments, read from wherever this version has them.

        Raises:
            BadRequestError: They do not fit, or the body cannot be read.
        """

    def translate_error(self, error: Exception) -> Exception:
        """Return an error as this version has it."""
        return error


def is_true(value: object) -> bool:
    """Return whether an argument of no certain type says yes."""
    return str(value).lower() in ("true", "1")
