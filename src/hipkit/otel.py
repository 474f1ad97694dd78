"""Tracing with OpenTelemetry, for the extra `otel`.

```python
from hipkit import HipChat
from hipkit.otel import tracing_hooks

client = HipChat(hooks=tracing_hooks())
```

Names and attributes are those of OpenTelemetry's conventions for HTTP clients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from hipkit.api.addresses import DEFAULT_PORTS
from hipkit.api.calling import Hooks
from hipkit.api.response import SentRequest
from hipkit.api.transport_error import TransportError
from hipkit.extras import install_hint
from hipkit.version import VERSION

try:
    from opentelemetry import propagate, trace
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"hipkit.otel needs the extra otel: {install_hint('otel')}", name=error.name
    ) from None

__all__ = ["tracing_hooks"]

KNOWN_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
"""Other methods are no names of spans: anybody could invent any number of them."""


def tracing_hooks(
    hooks: Hooks | None = None, *, tracer_provider: trace.TracerProvider | None = None
) -> Hooks:
    """Return hooks that record a client span for every attempt of a call, and pass its context on.

    A span belongs to the span that is current where the call is made. It has no token, no secret
    argument of a path or query, no body, and no header but the call's `X-Request-Id`. The header
    `traceparent` and others of the program's propagators are sent to the server.

    Args:
        hooks: Further hooks, which are called as well.
        tracer_provider: Defaults to the global one.
    """
    others = Hooks() if hooks is None else hooks
    tracing = _Tracing(
        others, trace.get_tracer("hipkit", VERSION, tracer_provider=tracer_provider)
    )
    return replace(others, headers=tracing.start, after=tracing.end)


class _Tracing:
    """The spans of the attempts that are under way."""

    def __init__(self, others: Hooks, tracer: trace.Tracer) -> None:
        self._others = others
        self._tracer = tracer
        # Both hooks of an attempt receive the same request, which lives until the second returns.
        self._spans: dict[int, trace.Span] = {}

    def start(self, request: SentRequest) -> Mapping[str, str]:
        """Start a span, and return the headers that carry its context."""
        headers: dict[str, str] = {}
        if self._others.headers is not None:
            headers.update(self._others.headers(request))
        span = self._tracer.start_span(
            _name(request),
            kind=trace.SpanKind.CLIENT,
            attributes=_attributes(request),
        )
        self._spans[id(request)] = span
        propagate.inject(headers, trace.set_span_in_context(span))
        return headers

    def end(
        self, request: SentRequest, outcome: int | TransportError, seconds: float
    ) -> None:
        """End the span of a request."""
        span = self._spans.pop(id(request), trace.INVALID_SPAN)
        if isinstance(outcome, TransportError):
            span.set_attribute("error.type", outcome.kind)
            span.set_status(trace.StatusCode.ERROR, outcome.reason)
        else:
            span.set_attribute("http.response.status_code", outcome)
            if outcome >= 400:
                span.set_attribute("error.type", str(outcome))
                span.set_status(trace.StatusCode.ERROR)
        span.end()
        if self._others.after is not None:
            self._others.after(request, outcome, seconds)


def _name(request: SentRequest) -> str:
    method = request.method if request.method in KNOWN_METHODS else "HTTP"
    return f"{method} {request.template}".rstrip()


def _attributes(request: SentRequest) -> dict[str, str | int | Sequence[str]]:
    # A room's name is shown with its spaces.
    url = request.url.replace(" ", "%20")
    parts = urlsplit(url)
    is_known = request.method in KNOWN_METHODS
    attributes: dict[str, str | int | Sequence[str]] = {
        "http.request.method": request.method if is_known else "_OTHER",
        "server.address": parts.hostname or "",
        "server.port": parts.port or DEFAULT_PORTS[parts.scheme],
        "url.full": url,
    }
    if not is_known:
        attributes["http.request.method_original"] = request.method
    if request.request_id:
        attributes["http.request.header.x-request-id"] = [request.request_id]
    if request.template:
        attributes["url.template"] = request.template
    if request.resend_count:
        attributes["http.request.resend_count"] = request.resend_count
    return attributes
