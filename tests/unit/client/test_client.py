"""Both clients on scripted answers: the same behaviour, written once where it is the same."""

from __future__ import annotations

import asyncio
import inspect
import io
import itertools
import logging
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import (
    ApiError,
    AsyncHipChat,
    BadRequestError,
    ConnectError,
    File,
    ForbiddenError,
    HipChat,
    Hooks,
    RateLimitError,
    RequestError,
    RequestTimeoutError,
    Response,
    ServerError,
    UnauthorizedError,
)
from hipkit.api.response import SentRequest
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)
from hipkit.v2 import (
    GetAllRooms,
    GetCapabilities,
    GetRoom,
    GetRoomMessage,
    GetSession,
    ShareFileWithRoom,
)
from hipkit.v2.catalog import OPERATIONS
from tests.scripted import (
    BASE_URL,
    KINDS,
    STILL,
    TOKEN,
    AsyncScript,
    Kind,
    Script,
    answer,
    connect,
    done,
    error_answer,
    failure,
    headers_of,
    listed,
    script_for,
)

ROOM = answer({"id": 7, "name": "Ops"})
TAGS = {
    "capabilities",
    "emoticons",
    "extensions",
    "files",
    "groups",
    "integrations",
    "invites",
    "oauth_sessions",
    "rooms",
    "users",
}

both = pytest.mark.parametrize("kind", KINDS)


# --- the whole surface --------------------------------------------------------------------------


def methods_of(api: object) -> dict[str, Callable[..., object]]:
    """Return every method by tag, as `rooms.get_room`."""
    return {
        f"{tag}.{name}": method
        for tag in TAGS
        for name, method in inspect.getmembers(getattr(api, tag), callable)
        if not name.startswith("_")
    }


def test_every_operation_is_a_method_of_all_four_surfaces_and_there_is_nothing_else() -> (
    None
):
    expected = {
        f"{entry.tag.lower().replace(' ', '_')}.{entry.operation_id}"
        for entry in OPERATIONS
    }
    assert len(expected) == 100
    for client in (connect("sync", Script()), connect("async", AsyncScript())):
        assert methods_of(client).keys() == expected
        assert methods_of(client.raw).keys() == expected


def test_signatures_are_the_same_on_all_four_surfaces() -> None:
    client, async_client = connect("sync", Script()), connect("async", AsyncScript())
    surfaces = [
        methods_of(api) for api in (client, async_client, client.raw, async_client.raw)
    ]
    for name in surfaces[0]:
        signatures = [inspect.signature(surface[name]) for surface in surfaces]
        assert len({str(each.parameters.values()) for each in signatures}) == 1, name
        assert len({str(list(each.parameters)) for each in signatures}) == 1, name
        assert signatures[0].return_annotation == signatures[1].return_annotation
        raw = f"Response[{signatures[0].return_annotation}]"
        assert signatures[2].return_annotation == raw
        assert signatures[3].return_annotation == raw
        are_async = [inspect.iscoroutinefunction(each[name]) for each in surfaces]
        assert are_async == [False, True, False, True]


def test_every_method_takes_what_its_operation_takes_and_tells_about_it() -> None:
    for name, method in methods_of(connect("sync", Script())).items():
        entry = next(
            each for each in OPERATIONS if each.operation_id == name.partition(".")[2]
        )
        *arguments, options = inspect.signature(method).parameters.values()
        fields = entry.load().__struct_fields__
        assert [each.name for each in arguments] == list(fields)
        assert options.kind is options.VAR_KEYWORD
        assert options.annotation == "Unpack[CallOptions]"
        assert (inspect.getdoc(method) or "").partition("\n")[0].strip(
            "."
        ) == entry.summary


# --- options and derived clients ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"limit": "5"}, "limit must be a whole number, not str"),
        ({"limit": 2.5}, "limit must be a whole number, not float"),
        ({"resume": b'{"date": "..."}'}, "not bytes: HistoryPosition.from_json"),
        ({"resume": "{}"}, "resume must be a position, not str"),
        ({"room": None}, "a room's id or name, .* not NoneType"),
        ({"room": GetAllRooms()}, "a room's id or name, .* not GetAllRooms"),
        ({"room": GetAllRooms}, "a room's id or name, .* not GetAllRooms"),
    ],
)
@both
def test_a_history_says_what_it_takes(
    kind: Kind, arguments: dict[str, Any], words: str
) -> None:
    client = connect(kind, script_for(kind))
    with pytest.raises(TypeError, match=words):
        client.history(**{"room": "ops", **arguments})


# --- to where, as whom --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "host", "port", "target"),
    [
        ("https://chat.example.com/v2/", "chat.example.com", 443, "/v2/room/1"),
        ("https://h.example/a%20b/c/v2", "h.example", 443, "/a%20b/c/v2/room/1"),
        ("https://[2001:db8::1]:8443/v2", "2001:db8::1", 8443, "/v2/room/1"),
        ("http://localhost:1234", "localhost", 1234, "/room/1"),
    ],
)
@both
def test_requests_go_below_the_base_url(
    kind: Kind, base_url: str, host: str, port: int, target: str
) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script, base_url=base_url)
    done(client.rooms.get_room(1))
    request = script.requests[0]
    assert (request.host, request.port, request.target) == (host, port, target)
    assert client.base_url == base_url.rstrip("/")


@both
def test_operations_that_need_no_token_never_send_one(kind: Kind) -> None:
    script = script_for(kind, lambda _: answer({"capabilities": {}}))

    def never() -> str:
        raise AssertionError("no token is needed")

    for token in (TOKEN, never):
        done(connect(kind, script, token).capabilities.get_capabilities())
    done(connect(kind, script, None).send(GetCapabilities()))
    assert all("authorization" not in headers_of(each) for each in script.requests)


@both
def test_operations_that_need_a_token_say_so_when_there_is_none(kind: Kind) -> None:
    script = script_for(kind)
    client = connect(kind, script, None)
    attempts: list[Callable[[], object]] = [
        lambda: client.rooms.get_room("ops"),
        lambda: client.raw.rooms.get_room("ops"),
        lambda: client.auth_test(GetRoom("ops")),
        lambda: client.with_token(None).send(GetRoom("ops")),
    ]
    for call in attempts:
        with pytest.raises(ValueError, match=r"GET /room/ops: needs a token.*HIPCHAT_"):
            done(call())
    with pytest.raises(ValueError, match="needs a token"):
        listed(client.items(GetAllRooms()))
    assert script.requests == []


@both
def test_a_failing_token_function_fails_the_call_with_its_own_error(kind: Kind) -> None:
    script = script_for(kind)

    def token() -> str:
        raise OSError("the vault is closed")

    with pytest.raises(OSError, match="vault"):
        done(connect(kind, script, token).rooms.get_room(1))


@both
def test_stop_iteration_in_a_token_function_is_an_error_and_no_result(
    kind: Kind,
) -> None:
    """`next` on an iterator at its end must not look like the end of the call."""
    script = script_for(kind, lambda _: ROOM)
    tokens = iter(["one"])
    client = connect(kind, script, lambda: next(tokens))
    assert done(client.rooms.get_room(1)).id == 7
    with pytest.raises((StopIteration, RuntimeError)):
        done(client.rooms.get_room(1))


@both
def test_stop_iteration_in_a_transport_is_an_error_and_no_result(kind: Kind) -> None:
    replies: list[RawResponse] = []

    def response(_: Request) -> RawResponse:
        return next(iter(replies))

    client = connect(kind, script_for(kind, response))
    with pytest.raises((StopIteration, RuntimeError)):
        done(client.rooms.get_room(1))


# --- raw, request, auth_test --------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 302, 401, 404, 429, 500])
@both
def test_raw_raises_for_no_status(kind: Kind, status: int) -> None:
    script = script_for(kind, answer(b"{}", status, x_a="1"))
    client = connect(kind, script, retries=0)
    response = done(client.raw.rooms.get_room("ops", expand=["owner"]))
    assert isinstance(response, Response)
    assert (response.status, response.body) == (status, b"{}")
    assert response.headers["x-a"] == "1"
    assert response.request.url == f"{BASE_URL}/room/ops?expand=owner"
    assert TOKEN not in repr(response)


@both
def test_raw_hides_secret_path_arguments(kind: Kind) -> None:
    script = script_for(kind, lambda _: answer({}))
    response = done(connect(kind, script).raw.oauth_sessions.get_session("s3cret/1"))
    assert script.targets == ["/v2/oauth/token/s3cret%2F1"]
    assert response.request.url == f"{BASE_URL}/oauth/token/{{access_token}}"


@both
def test_raw_raises_where_no_answer_came(kind: Kind) -> None:
    client = connect(kind, script_for(kind, failure("timeout")), retries=0)
    with pytest.raises(RequestTimeoutError):
        done(client.raw.rooms.get_room("ops"))


# --- hooks and logging --------------------------------------------------------------------------


@both
def test_hooks_and_log_show_every_step_and_no_secret(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    hooks = Hooks(
        before=lambda request: seen.append(f"before {request.method} {request.url}"),
        after=lambda request, outcome, seconds: seen.append(f"after {outcome}"),
        wait=lambda seconds, reason: seen.append(f"wait {seconds} {reason}"),
    )
    script = script_for(kind, failure("connect", arrived=False), answer({}, 503), ROOM)
    client = connect(kind, script, hooks=hooks)
    with caplog.at_level(logging.DEBUG, logger="hipkit"):
        done(client.rooms.get_room("ops"))
    assert seen == [
        f"before GET {BASE_URL}/room/ops",
        "after a connect failure",
        "wait 0.0 a connect failure",
        f"before GET {BASE_URL}/room/ops",
        "after 503",
        "wait 0.0 the server answered 503",
        f"before GET {BASE_URL}/room/ops",
        "after 200",
    ]
    assert "GET /room/ops -> 200" in caplog.text
    assert TOKEN not in caplog.text + str(seen)


@both
def test_nothing_is_logged_above_debug_for_an_ordinary_call(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        done(connect(kind, script_for(kind, ROOM)).rooms.get_room("ops"))
    assert [record for record in caplog.records if record.name == "hipkit"] == []


@both
def test_hooks_are_not_shown_tokens_in_queries(kind: Kind) -> None:
    seen: list[str] = []
    hooks = Hooks(before=lambda request: seen.append(repr(request)))
    script = script_for(kind, lambda _: answer({}))
    client = connect(kind, script, hooks=hooks)
    done(client.request("GET", "/room?auth_token=s3cretOne&a=1"))
    done(client.request("GET", "/room", query={"auth_token": "s3cretTwo"}))
    done(client.request("GET", "/room", query={"jwt": "s3cretThree"}))
    assert "s3cret" not in str(seen)


@both
def test_what_a_hook_raises_ends_the_call(kind: Kind) -> None:
    def refuse(_: object) -> None:
        raise PermissionError("not now")

    client = connect(kind, script_for(kind), hooks=Hooks(before=refuse))
    with pytest.raises(PermissionError, match="not now"):
        done(client.rooms.get_room("ops"))


@both
@pytest.mark.parametrize(
    ("headers", "kind_of_error"),
    [
        ({"X-Key": "hunter2\r\nEvil: b"}, ValueError),
        ({"X-Key": 1}, TypeError),
        (None, TypeError),
    ],
)
def test_headers_of_a_hook_are_checked(
    kind: Kind, headers: Any, kind_of_error: type[Exception]
) -> None:
    script = script_for(kind, ROOM)
    client = connect(kind, script, hooks=Hooks(headers=lambda _: headers))

    with pytest.raises(kind_of_error, match="header") as caught:
        done(client.rooms.get_room("ops"))

    assert "hunter2" not in str(caught.value)
    assert script.requests == []


@both
def test_a_hook_adds_headers_to_each_attempt(kind: Kind) -> None:
    seen: list[tuple[str, int]] = []

    def headers(request: SentRequest) -> dict[str, str]:
        seen.append((request.template, request.resend_count))
        return {"Traceparent": f"00-{request.resend_count}", "accept": "text/plain"}

    script = script_for(kind, answer({}, 503), ROOM)
    client = connect(kind, script, hooks=Hooks(headers=headers))
    done(client.rooms.get_room("ops"))
    assert seen == [
        ("/v2/room/{room_id_or_name}", 0),
        ("/v2/room/{room_id_or_name}", 1),
    ]
    sent = [headers_of(request) for request in script.requests]
    assert [each["traceparent"] for each in sent] == ["00-0", "00-1"]
    assert sent[0]["accept"] == "text/plain"
    assert sent[0]["authorization"] == f"Bearer {TOKEN}"


@both
def test_a_header_of_a_hook_is_not_shown(kind: Kind) -> None:
    secret = "s3cretSignature"
    echo = answer({"error": {"message": f"the signature {secret} is wrong"}}, 400)
    client = connect(
        kind,
        script_for(kind, echo, echo),
        hooks=Hooks(headers=lambda request: {"X-Signature": secret}),
    )
    with pytest.raises(BadRequestError) as caught:
        done(client.rooms.get_room("ops"))
    assert secret not in str(caught.value)
    response = done(client.raw.rooms.get_room("ops"))
    assert response.request.headers["x-signature"] == "***"


@both
def test_a_request_of_no_operation_has_no_template(kind: Kind) -> None:
    seen: list[str] = []
    hooks = Hooks(before=lambda request: seen.append(request.template))
    client = connect(kind, script_for(kind, answer({})), hooks=hooks)
    done(client.request("GET", "/user/s3cret"))
    assert seen == [""]


@both
def test_a_hook_learns_of_an_attempt_that_was_interrupted(kind: Kind) -> None:
    seen: list[object] = []
    hooks = Hooks(after=lambda request, outcome, seconds: seen.append(outcome))

    def interrupt(_: object) -> Any:
        raise KeyboardInterrupt

    client = connect(kind, script_for(kind, interrupt), hooks=hooks)
    with pytest.raises(KeyboardInterrupt):
        done(client.rooms.get_room("ops"))
    (outcome,) = seen
    assert isinstance(outcome, TransportError)
    assert outcome.kind == "interrupted"


# --- failures and errors ---------------------------------------------------------


@both
def test_errors_have_attributes_for_what_a_caller_needs(kind: Kind) -> None:
    body = {
        "error": {
            "code": 400,
            "type": "Bad Request",
            "message": "Value u'x' for field 'color' is not one of these",
            "field": "color",
            "validation": "enum",
            "expected_type": ["yellow", "green"],
            "value": "x",
        }
    }
    script = script_for(kind, answer(body, 400))
    operation = GetRoom("ops")
    with pytest.raises(BadRequestError) as caught:
        done(connect(kind, script).send(operation))
    error = caught.value
    assert (error.status, error.type, error.field) == (400, "Bad Request", "color")
    assert (error.validation, error.expected_type) == ("enum", ["yellow", "green"])
    assert error.operation == operation
    assert str(error).startswith("GET /room/ops: 400, ")


@given(
    status=st.integers(400, 599),
    body=st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(
                        ["error", "message", "type", "field", "error_description", "x"]
                    ),
                    inner,
                )
            ),
            max_leaves=8,
        ).map(msgspec.json.encode),
    ),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]),
        st.text() | st.integers().map(str) | st.floats().map(str),
    ),
)
def test_an_error_response_of_any_format_is_an_api_error_with_its_status(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    client = connect("sync", Script(RawResponse(status, headers, body)), retries=0)
    with pytest.raises(ApiError) as caught:
        client.rooms.get_room("ops")
    assert caught.value.status == status
    assert str(caught.value).startswith(f"GET /room/ops: {status}, ")
    assert str(caught.value).isprintable()


@both
def test_a_403_names_the_sufficient_scopes(kind: Kind) -> None:
    client = connect(kind, script_for(kind, error_answer(403, "no")))
    with pytest.raises(ForbiddenError, match="view_group, view_room") as caught:
        done(client.rooms.get_room("ops"))
    assert caught.value.scopes == ("view_group", "view_room")


@both
def test_a_429_that_lasts_too_long_has_the_time_of_the_reset(kind: Kind) -> None:
    late = error_answer(429, x_ratelimit_remaining="0", x_ratelimit_reset="1500009999")
    client = connect(kind, script_for(kind, late))
    with pytest.raises(RateLimitError) as caught:
        done(client.rooms.get_room("ops"))
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == 1500009999


@both
def test_a_post_whose_fate_is_unknown_says_so(kind: Kind) -> None:
    client = connect(kind, script_for(kind, failure("broken", arrived=True)))
    with pytest.raises(RequestError, match="may have arrived") as caught:
        done(client.rooms.send_room_notification("ops", message="hi"))
    assert caught.value.may_have_arrived
    client = connect(
        kind, script_for(kind, failure("connect", arrived=False)), retries=0
    )
    with pytest.raises(ConnectError, match="not carried out") as caught:
        done(client.rooms.send_room_notification("ops", message="hi"))
    assert not caught.value.may_have_arrived


@both
def test_a_file_that_can_be_read_once_is_never_sent_twice(kind: Kind) -> None:
    """Sent again it would be empty: after a renewal of the token as after a wait."""

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    tokens = iter(["old", "new", "newer"])
    for refused, error in (
        (error_answer(401), UnauthorizedError),
        (error_answer(429), RateLimitError),
        (answer({}, 503, retry_after="0"), ServerError),
    ):
        script = script_for(kind, refused, answer(None, 204))
        client = connect(kind, script, lambda rejected: next(tokens))
        file = File(Stream(b"x" * 100), name="a")
        with pytest.raises(error):
            done(client.send(ShareFileWithRoom("ops", file=file)))
        assert len(script.requests) == 1


@both
def test_a_file_that_can_be_read_again_is_sent_again_whole(kind: Kind) -> None:
    tokens = iter(["old", "new"])
    script = script_for(kind, error_answer(401), answer(None, 204))
    client = connect(kind, script, lambda rejected: next(tokens))
    done(
        client.rooms.share_file_with_room(
            "ops", file=File(io.BytesIO(b"x" * 100), name="a")
        )
    )
    assert script.bodies[0] == script.bodies[1]


@both
def test_a_traceback_has_at_most_six_frames_of_hipkit(kind: Kind) -> None:
    def trace(call: Callable[[], Any]) -> list[str]:
        try:
            done(call())
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            return [frame.name for frame in frames if "/src/hipkit/" in frame.filename]
        raise AssertionError("nothing was raised")

    for outcome in (
        error_answer(404),
        failure("broken"),
        answer(b"[]"),
        answer(b"\xff"),
    ):
        client = connect(kind, script_for(kind, outcome), retries=0)
        frames = trace(lambda client=client: client.rooms.get_room("ops"))  # type: ignore[misc]
        assert len(frames) <= 6, frames


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("HipChat", ["chat_client", "client", "hipchat"]),
        ("AsyncHipChat", ["async_chat_client", "async_client", "async_hipchat"]),
        ("OAuthClient", ["chat_client", "client", "hipchat", "tokens"]),
        (
            "AsyncOAuthClient",
            ["async_chat_client", "async_client", "async_hipchat", "async_tokens"],
        ),
    ],
)
def test_a_client_loads_neither_its_other_half_nor_asyncio(
    name: str, modules: list[str]
) -> None:
    names = ["chat_client", "client", "hipchat", "tokens"]
    halves = [*(f"async_{each}" for each in names), *names]
    code = (
        f"import sys; from hipkit import {name};"
        f"loaded = ['hipkit.client.' + name for name in {halves}];"
        "print(*(name for name in ['asyncio', *loaded] if name in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [f"hipkit.client.{module}" for module in modules]


# --- closing, threads, tasks --------------------------------------------------------------------


def test_leaving_the_block_closes_the_connections_also_of_derived_clients() -> None:
    script = Script(lambda _: ROOM)
    with HipChat(TOKEN, base_url=BASE_URL, transport=script, clock=STILL) as client:
        derived = client.with_options(timeout=1)
        derived.rooms.get_room("ops")
    assert script.closed
    with pytest.raises(RuntimeError, match="closed"):
        derived.rooms.get_room("ops")
    client.close()


def test_leaving_the_async_block_closes_the_connections() -> None:
    script = AsyncScript(lambda _: ROOM)

    async def run() -> None:
        client = AsyncHipChat(TOKEN, base_url=BASE_URL, transport=script, clock=STILL)
        async with client:
            await client.rooms.get_room("ops")
        assert script.closed
        with pytest.raises(RuntimeError, match="closed"):
            await client.rooms.get_room("ops")
        await client.aclose()

    asyncio.run(run())


def test_one_client_serves_many_threads() -> None:
    def room(request: Request) -> RawResponse:
        return answer({"id": request.target.rpartition("/")[2]})

    client = connect("sync", Script(room))
    found: list[tuple[int, int]] = []

    def work(first: int) -> None:
        for number in range(first, first + 50):
            found.append((number, client.rooms.get_room(number).id))

    threads = [
        threading.Thread(target=work, args=(1000 * index,)) for index in range(8)
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(found) == 400
    assert all(asked == answered for asked, answered in found)


def test_a_cancelled_call_ends_and_leaves_the_client_usable() -> None:
    async def run() -> None:
        started = asyncio.Event()

        class Hanging(AsyncScript):
            async def send(
                self, request: Request, options: Options, sink: Sink | None = None
            ) -> RawResponse:
                if request.target.endswith("slow"):
                    started.set()
                    await asyncio.Event().wait()
                return await super().send(request, options, sink)

        client = connect("async", Hanging(lambda _: ROOM))
        task = asyncio.create_task(client.rooms.get_room("slow"))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.rooms.get_room("ops")).id == 7

    asyncio.run(run())


def test_many_tasks_at_once_get_each_its_own_answer() -> None:
    def room(request: Request) -> RawResponse:
        return answer({"id": request.target.rpartition("/")[2]})

    async def run() -> list[int]:
        client = connect("async", AsyncScript(room))
        rooms = await asyncio.gather(
            *(client.rooms.get_room(number) for number in range(100))
        )
        return [each.id for each in rooms]

    assert asyncio.run(run()) == list(range(100))


# --- making a client ----------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["httpcore2", "pycurl"])
@both
def test_a_client_is_made_without_touching_the_network(
    kind: Kind, transport: str
) -> None:
    client = connect(
        kind, transport, verify=False, trust_env=False, proxy="http://127.0.0.1:1"
    )
    done(client.close() if kind == "sync" else client.aclose())


@both
def test_a_path_argument_that_would_call_another_operation_is_refused(
    kind: Kind,
) -> None:
    script = script_for(kind)
    client = connect(kind, script)
    attempts: list[Callable[[str], object]] = [
        lambda name: client.rooms.get_room(name),
        lambda name: client.raw.rooms.get_room(name),
        lambda name: client.send(GetRoomMessage("ops", name)),
        lambda name: client.send(GetSession(name)),
        lambda name: client.auth_test(GetRoom(name)),
        lambda name: listed(client.history(name)),
    ]
    for call, name in itertools.product(attempts, ("", ".", "..")):
        with pytest.raises(ValueError, match="would call another operation"):
            done(call(name))
    assert script.requests == []


@both
def test_half_a_character_is_refused_before_anything_is_sent(kind: Kind) -> None:
    script = script_for(kind)
    client = connect(kind, script)
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        done(client.rooms.get_room("a\udcff"))
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        done(client.rooms.set_topic("ops", topic="a\udcff"))
    assert script.requests == []
