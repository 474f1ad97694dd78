"""A call on its way: what is known of it so far, and what is remembered of it afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import cast

from hipkit.server.http.requests import Message, Receive, Scope
from hipkit.server.http.responses import Answer
from hipkit.server.services.context import Context
from hipkit.server.shared.limits import Allowance
from hipkit.server.shared.recent_calls import BODY_BYTES, RecordedCall

__all__ = ["Call"]


@dataclass(slots=True)
class Call:
    """What has become known of a call so far; its answer and its log line tell it."""

    receive: Receive
    version: bytes = b"v2"
    operation_id: str = "unknown"
    context: Context | None = None
    allowance: Allowance | None = None
    body: bytes = b""
    """The beginning of what was received."""
    problem: str | None = None
    notes: list[str] = field(default_factory=list)
    """What was left out of a call that went well."""

    async def hear(self) -> Message:
        """Receive a piece of the request, and keep the first ones."""
        message = await self.receive()
        if len(self.body) < BODY_BYTES:
            self.body += cast("bytes", message.get("body") or b"")[:BODY_BYTES]
        return message

    def heard(
        self, scope: Scope, answer: Answer, at_us: int, began: float
    ) -> RecordedCall:
        """Return what is to be remembered; `began` is of `time.perf_counter`."""
        actor = None if self.context is None else self.context.actor_or_none
        token = None if actor is None else actor.token
        client = cast("tuple[str, int] | None", scope.get("client"))
        query = cast("bytes", scope.get("query_string") or b"")
        path = cast("bytes", scope.get("raw_path") or b"")
        return RecordedCall(
            at_us=at_us,
            token_id=None if token is None else token.id,
            group_id=None if actor is None else actor.group_id,
            peer="" if client is None else client[0],
            method=str(scope["method"]),
            target=path + b"?" + query if query else path,
            operation_id=self.operation_id,
            headers=cast("list[tuple[bytes, bytes]]", scope["headers"]),
            body=self.body,
            status=answer.status,
            answer=answer.body,
            problem=self.problem,
            note=" ".join(self.notes) or None,
            milliseconds=(time.perf_counter() - began) * 1000,
        )
