"""Posts events over HTTP, to addresses that were looked at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from hipkit.api.errors import BadRequestError
from hipkit.api.limits import read_retry_after
from hipkit.api.secret import HIDDEN
from hipkit.server.events.replies import read_answer
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.webhooks.deliveries import Delivery, Outcome
from hipkit.server.services.webhooks.egress import EgressPolicy, read_target
from hipkit.transports.protocol import Options, RawResponse, Request, TransportError
from hipkit.transports.resolved import ResolvedTransport

__all__ = ["LONGEST_ANSWER_BYTES", "POST_SECONDS", "HttpPoster"]

POST_SECONDS = 10.0
"""How long a delivery may take, from the look-up of the name to the last byte."""

LONGEST_ANSWER_BYTES = 64 * 1024

LARGEST_ERROR_BYTES = 4 * 1024 * 1024
"""Pages that explain an error may be large; nothing of them but their beginning is used."""

SHOWN_BYTES = 2_000


class HttpPoster:
    """A `Poster` over hipkit's own transport.

    Redirects are not followed, no proxy of the environment is used, and connections go to the
    very addresses that `receivers` looked at.
    """

    def __init__(
        self,
        receivers: EgressPolicy,
        *,
        most_connections: int,
        now_us: Callable[[], int],
        seconds: float = POST_SECONDS,
    ) -> None:
        self._transport = ResolvedTransport(
            receivers.addresses_of, max_connections=most_connections
        )
        self._now_us = now_us
        self._seconds = seconds

    async def post(self, delivery: Delivery) -> Outcome:
        """Send an event, and read what comes back."""
        began = time.monotonic()
        outcome = await self._post(delivery)
        milliseconds = round((time.monotonic() - began) * 1000)
        return replace(outcome, milliseconds=milliseconds)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def _post(self, delivery: Delivery) -> Outcome:
        answer = bytearray()

        def keep(piece: bytes) -> None:
            answer.extend(piece)
            if len(answer) > LONGEST_ANSWER_BYTES:
                raise _LongAnswerError

        try:
            async with asyncio.timeout(self._seconds):
                reply = await self._send(delivery, keep)
        except _LongAnswerError:
            # Only the body of a success is read through `keep`.
            return Outcome(
                verdict_is="delivered",
                problem="the answer is too long to be read",
                answer=_text(_masked(bytes(answer), delivery)),
            )
        except TimeoutError:
            return Outcome(problem=f"no whole answer within {self._seconds:g} seconds")
        except TransportError as fault:
            return Outcome(problem=fault.reason)
        except InvalidValueError as error:
            # The rules were others when this webhook was set.
            return Outcome(verdict_is="refused", problem=str(error))
        return self._outcome(delivery, reply, bytes(answer))

    async def _send(
        self, delivery: Delivery, keep: Callable[[bytes], object]
    ) -> RawResponse:
        target = read_target(delivery.webhook.url)
        request = Request(
            "POST",
            target.scheme,
            target.host,
            target.port,
            _with_query(target.target, delivery.query),
            headers=delivery.headers,
            content=delivery.body,
        )
        options = Options(
            timeout_seconds=self._seconds,
            deadline=time.monotonic() + self._seconds,
            max_response_bytes=LARGEST_ERROR_BYTES,
        )
        return await self._transport.send(request, options, keep)

    def _outcome(self, delivery: Delivery, reply: RawResponse, body: bytes) -> Outcome:
        notification, problem = None, None
        body = _masked(body, delivery)
        if 200 <= reply.status < 300:
            try:
                notification = read_answer(body, delivery.event.room_id)
            except BadRequestError as error:
                problem = f"the answer was not posted: {error.message}"
        else:
            problem = f"the receiver answered {reply.status}"
        now = self._now_us() / SECOND_US
        asked = read_retry_after(reply.headers.get("retry-after"), now)
        return Outcome(
            status=reply.status,
            problem=problem,
            answer=_text(body or _masked(reply.body, delivery)),
            notification=notification,
            asked_seconds=asked,
        )


class _LongAnswerError(Exception):
    """The receiver answers more than is read."""


def _with_query(target: str, query: str) -> str:
    if not query:
        return target
    return f"{target}{'&' if '?' in target else '?'}{query}"


def _masked(body: bytes, delivery: Delivery) -> bytes:
    """Hide signatures that a receiver repeats: pages about errors show the address."""
    for token in delivery.signatures:
        head, _, signature = token.rpartition(".")
        for part in (token, signature, head):
            body = body.replace(part.encode(), HIDDEN.encode())
    return body


def _text(body: bytes) -> str | None:
    return body[:SHOWN_BYTES].decode(errors="replace").replace("\0", "") or None
