"""Spans as OpenTelemetry's own SDK records them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hipkit import AsyncHipChat, ForbiddenError, Hooks, RequestTimeoutError
from hipkit.api.response import SentRequest
from hipkit.otel import tracing_hooks
from hipkit.testing import AsyncMemoryTransport, HipChatServer
from tests.scripted import (
    BASE_URL,
    KINDS,
    TOKEN,
    Client,
    Kind,
    answer,
    connect,
    done,
    failure,
    headers_of,
    script_for,
)

both = pytest.mark.parametrize("kind", KINDS)


class Recorder:
    """A provider whose spans a test reads."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.hooks = tracing_hooks(tracer_provider=self.provider)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.provider.shutdown()


@both
def test_a_call_is_a_client_span_with_the_conventions_attributes(
    kind: Kind, recorder: Recorder
) -> None:
    script = script_for(kind, answer({"id": 7, "name": "Dev Ops"}))
    done(connect(kind, script, hooks=recorder.hooks).rooms.get_room("Dev Ops"))
    (span,) = recorder.spans
    assert span.name == "GET /v2/room/{room_id_or_name}"
    assert span.kind is trace.SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "server.address": "chat.example.com",
        "server.port": 443,
        "url.full": f"{BASE_URL}/room/Dev%20Ops",
        "url.template": "/v2/room/{room_id_or_name}",
        "http.request.header.x-request-id": (script.requests[0].request_id,),
        "http.response.status_code": 200,
    }
    assert span.status.status_code is trace.StatusCode.UNSET
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "hipkit"


@both
def test_every_attempt_has_a_span_that_says_how_it_ended(
    kind: Kind, recorder: Recorder
) -> None:
    script = script_for(kind, failure("timeout"), answer({}, 503), answer({}, 403))
    client = connect(kind, script, hooks=recorder.hooks)
    with pytest.raises(ForbiddenError):
        done(client.rooms.get_room("ops"))
    attributes = [dict(span.attributes or {}) for span in recorder.spans]
    assert [each.get("http.request.resend_count") for each in attributes] == [
        None,
        1,
        2,
    ]
    assert [each["error.type"] for each in attributes] == ["timeout", "503", "403"]
    assert [each.get("http.response.status_code") for each in attributes] == [
        None,
        503,
        403,
    ]
    statuses = [span.status for span in recorder.spans]
    assert {each.status_code for each in statuses} == {trace.StatusCode.ERROR}
    assert [each.description for each in statuses] == ["a timeout failure", None, None]


@both
def test_a_span_belongs_to_the_current_one_and_its_context_is_sent(
    kind: Kind, recorder: Recorder
) -> None:
    script = script_for(kind, answer({}, 503), answer({"id": 7, "name": "ops"}))
    client = connect(kind, script, hooks=recorder.hooks)
    with recorder.provider.get_tracer("test").start_as_current_span("outer") as outer:
        done(client.rooms.get_room("ops"))
    first, second, _ = recorder.spans
    for span, request in zip((first, second), script.requests, strict=True):
        assert span.parent is not None
        assert span.parent.span_id == outer.get_span_context().span_id
        assert span.context is not None
        ids = f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-"
        assert headers_of(request)["traceparent"].startswith(ids)


SECRET = "s3cretOfFortyCharacters1234567890abcdefg"


@both
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.oauth_sessions.delete_session(SECRET),
        lambda client: client.request("GET", f"/room?auth_token={SECRET}"),
        lambda client: client.request("GET", "/room", query={"jwt": SECRET}),
        lambda client: client.rooms.send_message("ops", message=SECRET),
        lambda client: client.with_options(headers={"X-Key": SECRET}).rooms.get_room(7),
    ],
    ids=["path", "query of a path", "query", "body", "header"],
)
def test_no_attribute_holds_a_secret(
    kind: Kind, call: Client, recorder: Recorder
) -> None:
    script = script_for(kind, lambda _: answer({}, 404))
    client = connect(kind, script, hooks=recorder.hooks)
    with pytest.raises(Exception, match="404"):
        done(call(client))
    (span,) = recorder.spans
    (request,) = script.requests
    assert SECRET in f"{request.target} {request.headers} {script.bodies}"
    shown = span.to_json()
    assert SECRET not in shown
    assert TOKEN not in shown


@both
def test_a_request_of_no_operation_is_named_by_its_method(
    kind: Kind, recorder: Recorder
) -> None:
    client = connect(kind, script_for(kind, lambda _: answer({})), hooks=recorder.hooks)
    done(client.request("GET", "/flag/7"))
    done(client.request("LIST", "/flag"))
    known, unknown = recorder.spans
    assert known.name == "GET"
    assert "url.template" not in (known.attributes or {})
    assert unknown.name == "HTTP"
    assert (unknown.attributes or {})["http.request.method"] == "_OTHER"
    assert (unknown.attributes or {})["http.request.method_original"] == "LIST"


@both
def test_other_hooks_are_called_as_well(kind: Kind, recorder: Recorder) -> None:
    seen: list[str] = []

    def headers(request: SentRequest) -> dict[str, str]:
        return {"X-Mine": "1", "traceparent": "replaced"}

    hooks = Hooks(
        before=lambda request: seen.append("before"),
        headers=headers,
        after=lambda request, outcome, seconds: seen.append(f"after {outcome}"),
        wait=lambda seconds, reason: seen.append("wait"),
    )
    script = script_for(kind, answer({}, 503), answer({"id": 7, "name": "ops"}))
    both_hooks = tracing_hooks(hooks, tracer_provider=recorder.provider)
    done(connect(kind, script, hooks=both_hooks).rooms.get_room("ops"))
    assert seen == ["before", "after 503", "wait", "before", "after 200"]
    sent = headers_of(script.requests[0])
    assert sent["x-mine"] == "1"
    assert sent["traceparent"].startswith("00-")


def test_a_cancelled_call_ends_its_span(recorder: Recorder) -> None:
    async def main() -> None:
        is_sent = asyncio.Event()

        async def never(_: object) -> object:
            is_sent.set()
            return await asyncio.get_running_loop().create_future()

        client = AsyncHipChat(
            TOKEN,
            base_url=BASE_URL,
            transport=AsyncMemoryTransport(never),  # type: ignore[arg-type]  # No answer.
            hooks=recorder.hooks,
        )
        call = asyncio.ensure_future(client.rooms.get_room("ops"))
        sending = asyncio.ensure_future(is_sent.wait())
        await asyncio.wait({call, sending}, return_when=asyncio.FIRST_COMPLETED)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(main())
    (span,) = recorder.spans
    assert (span.attributes or {})["error.type"] == "interrupted"


def test_calls_at_the_same_time_have_their_own_spans(recorder: Recorder) -> None:
    async def main(server: HipChatServer) -> None:
        tracer = recorder.provider.get_tracer("test")
        client = server.async_client_for().with_options(hooks=recorder.hooks)

        async def look(room: str) -> None:
            with tracer.start_as_current_span(room):
                await client.rooms.get_room(room)

        async with client:
            await asyncio.gather(look("Room"), look("1"))

    with HipChatServer() as server:
        asyncio.run(main(server))
    outer = {
        span.context.span_id: span.name
        for span in recorder.spans
        if span.parent is None and span.context is not None
    }
    urls = {
        (outer[span.parent.span_id], str((span.attributes or {})["url.full"])[-4:])
        for span in recorder.spans
        if span.parent is not None
    }
    assert urls == {("Room", "Room"), ("1", "om/1")}


def test_without_a_provider_nothing_is_recorded_or_sent() -> None:
    script = script_for("sync", failure("timeout"))
    client = connect("sync", script, hooks=tracing_hooks(), retries=0)
    with pytest.raises(RequestTimeoutError):
        client.rooms.get_room("ops")
    assert "traceparent" not in headers_of(script.requests[0])


def test_without_the_extra_only_this_module_is_missing() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None
from hipkit import HipChat
HipChat(base_url="https://a.example/v2")
try:
    import hipkit.otel
except ModuleNotFoundError as error:
    print(error)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "the extra otel: pip install '.[otel]'" in ended.stdout
    loaded = "import sys, hipkit.client.client; print('opentelemetry' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "False\n"
