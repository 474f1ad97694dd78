"""Posts events over HTTP, to addresses that the egress policy allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from hipkit.api.errors import BadRequestError
from hipkit.api.limits import read_retry_after
from hipkit.api.secret import HIDDEN
from hipkit.server.events.delivery import Outcome
from hipkit.server.services.webhooks.deliveries import WebhookDelivery
from hipkit.server.storage.stores.timestamps import SECOND_US
from hipkit.transports.egress import parse_endpoint
from hipkit.transports.protocol import (
    AsyncTransport,
    Options,
    RawResponse,
    Request,
    TransportError,
)

__all__ = ["LONGEST_ANSWER_BYTES", "POST_SECONDS", "HttpPoster"]

POST_SECONDS = 10.0
"""How long a delivery may take, from the look-up of the name to the last byte."""

LONGEST_ANSWER_BYTES = 64 * 1024

LARGEST_ERROR_BYTES = 4 * 1024 * 1024
"""Error pages may be large; only their beginning is used."""

SHOWN_BYTES = 2_000

UNTRUSTED = "; set SSL_CERT_FILE for hipkit serve to name its authority"


class HttpPoster:
    """Posts over the server's transport for outgoing calls, `Runtime.outgoing`."""

    def __init__(
        self,
        transport: AsyncTransport,
        *,
        now_us: Callable[[], int],
        seconds: float = POST_SECONDS,
    ) -> None:
        self._transport = transport
        self._now_us = now_us
        self._seconds = seconds

    async def post(self, delivery: WebhookDelivery) -> Outcome:
        """Send an event, and read the response; whatever goes wrong is an outcome."""
        began = time.monotonic()
        outcome = await self._post(delivery)
        milliseconds = round((time.monotonic() - began) * 1000)
        return replace(outcome, milliseconds=milliseconds)

    async def _post(self, delivery: WebhookDelivery) -> Outcome:
        answer = bytearray()

        def keep(piece: bytes) -> None:
            answer.extend(piece)
            if len(answer) > LONGEST_ANSWER_BYTES:
                raise _LongAnswerError

        try:
            async with asyncio.timeout(self._seconds):
                response = await self._send(delivery, keep)
        except _LongAnswerError:
            # Only the body of a success is read through `keep`.
            return Outcome(
                verdict_is="delivered",
                problem="the answer is too long to be read",
                answer=_text(_masked(bytes(answer), delivery)),
            )
        except TimeoutError:
            return Outcome(problem=f"no whole answer within {self._seconds:g} seconds")
        except TransportError as error:
            remedy = UNTRUSTED if error.kind == "untrusted" else ""
            return Outcome(problem=error.reason + remedy)
        except BadRequestError as error:
            # Endpoints were parsed by other rules when this one was stored.
            return Outcome(verdict_is="refused", problem=str(error))
        return self._outcome(delivery, response, bytes(answer))

    async def _send(
        self, delivery: WebhookDelivery, keep: Callable[[bytes], object]
    ) -> RawResponse:
        endpoint = parse_endpoint(delivery.url)
        target = endpoint.target
        if delivery.query:
            target += f"{'&' if '?' in target else '?'}{delivery.query}"
        request = Request(
            "POST",
            endpoint.scheme,
            endpoint.host,
            endpoint.port,
            target,
            headers=delivery.headers,
            content=delivery.body,
        )
        options = Options(
            timeout_seconds=self._seconds,
            deadline=time.monotonic() + self._seconds,
            max_response_bytes=LARGEST_ERROR_BYTES,
        )
        return await self._transport.send(request, options, keep)

    def _outcome(
        self, delivery: WebhookDelivery, response: RawResponse, body: bytes
    ) -> Outcome:
        body = _masked(body, delivery)
        is_success = 200 <= response.status < 300
        now = self._now_us() / SECOND_US
        return Outcome(
            status=response.status,
            problem=None if is_success else f"the receiver answered {response.status}",
            body=body,
            answer=_text(body or _masked(response.body, delivery)),
            asked_seconds=read_retry_after(response.headers.get("retry-after"), now),
        )


class _LongAnswerError(Exception):
    """The endpoint answers more than is read."""


def _masked(body: bytes, delivery: WebhookDelivery) -> bytes:
    """Mask signatures that an endpoint repeats: error pages show the address called."""
    for token in delivery.signatures:
        head, _, signature = token.rpartition(".")
        for part in (token, signature, head):
            body = body.replace(part.encode(), HIDDEN.encode())
    return body


def _text(body: bytes) -> str | None:
    return body[:SHOWN_BYTES].decode(errors="replace").replace("\0", "") or None
