"""Both clients on scripted answers: the same behaviour, written once where it is the same."""

from __future__ import annotations

import asyncio
import inspect
import io
import itertools
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import (
    ApiError,
    AsyncHipChat,
    AsyncOAuthClient,
    AsyncTokenProvider,
    BadRequestError,
    ConnectError,
    File,
    ForbiddenError,
    HipChat,
    Hooks,
    NotFoundError,
    OAuthClient,
    RateLimitError,
    RequestError,
    RequestTimeoutError,
    Response,
    ResponseError,
    ServerError,
    UnauthorizedError,
)
from hipkit.transports.memory import AsyncMemoryTransport, MemoryTransport
from hipkit.transports.protocol import Options, RawResponse, Request, Sink
from hipkit.v2 import (
    GetAllRooms,
    GetCapabilities,
    GetPhoto,
    GetRoom,
    GetRoomMessage,
    GetSession,
    SendRoomNotification,
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
    failure,
    headers_of,
    listed,
    refusal,
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
        assert signatures[2].return_annotation == "Response"
        assert signatures[3].return_annotation == "Response"
        are_async = [inspect.iscoroutinefunction(each[name]) for each in surfaces]
        assert are_async == [False, True, False, True]


def test_every_method_takes_what_its_operation_takes_and_tells_about_it() -> None:
    for name, method in methods_of(connect("sync", Script())).items():
        entry = next(
            each for each in OPERATIONS if each.operation_id == name.partition(".")[2]
        )
        assert list(inspect.signature(method).parameters) == list(
            entry.load().__struct_fields__
        )
        assert (inspect.getdoc(method) or "").partition("\n")[0].strip(
            "."
        ) == entry.summary


# --- options and derived clients ----------------------------------------------------------------


@both
def test_a_derived_client_calls_differently_in_every_way_of_calling(kind: Kind) -> None:
    script = script_for(kind, lambda _: answer({"id": 7, "items": []}))
    client = connect(kind, script)
    assert client.rooms is not None
    derived = client.with_options(timeout=3.5, headers={"X-Own": "1"})
    done(derived.rooms.get_room("ops"))
    done(derived.send(GetRoom("ops")))
    done(derived.raw.rooms.get_room("ops"))
    done(derived.send_raw(GetRoom("ops")))
    done(derived.request("GET", "/room/ops"))
    done(derived.auth_test(GetRoom("ops")))
    listed(derived.pages(GetAllRooms()))
    listed(derived.items(GetAllRooms()))
    listed(derived.history("ops"))
    done(derived.download("/file", io.BytesIO()))
    assert len(script.requests) == 10
    assert {options.timeout_seconds for options in script.options} == {3.5}
    assert {headers_of(request)["x-own"] for request in script.requests} == {"1"}


@both
def test_the_first_client_stays_as_it_was(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script, timeout=9)
    client.with_options(timeout=1, headers={"X-Own": "1"})
    done(client.rooms.get_room("ops"))
    assert script.options[0].timeout_seconds == 9
    assert "x-own" not in headers_of(script.requests[0])


@both
def test_options_may_be_given_for_one_call(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script)
    done(
        client.send(
            GetRoom("ops"), timeout=1, deadline=2.5, max_response_bytes=10, retries=0
        )
    )
    done(client.send(GetRoom("ops")))
    assert script.options[0] == Options(1, 102.5, 10)
    assert script.options[1].timeout_seconds == 30


@both
def test_options_add_up_along_derived_clients(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script).with_options(timeout=3).with_options(deadline=7)
    done(client.with_token("other").send(GetRoom("ops"), max_response_bytes=5))
    assert script.options == [Options(3, 107, 5)]
    assert headers_of(script.requests[0])["authorization"] == "Bearer other"


@both
def test_a_header_of_ones_own_takes_the_place_of_the_usual_one(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    own = {"user-agent": "mine/1", "ACCEPT": "text/html", "Authorization": "Custom x"}
    done(connect(kind, script, headers=own).rooms.get_room("ops"))
    headers = headers_of(script.requests[0])
    assert (headers["user-agent"], headers["accept"]) == ("mine/1", "text/html")
    assert headers["authorization"] == "Custom x"


@both
def test_an_option_that_nobody_knows_is_a_mistake(kind: Kind) -> None:
    client = connect(kind, script_for(kind))
    with pytest.raises(TypeError, match="time_out"):
        client.with_options(time_out=3)
    with pytest.raises(TypeError, match="verify"):
        client.with_options(verify=False)
    with pytest.raises(TypeError, match="tokn"):
        connect(kind, script_for(kind), tokn="x")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"deadline": 0}, "deadline"),
        ({"retries": -1}, "retries"),
        ({"headers": {"a b": "x"}}, "header"),
        ({"headers": {"a:": "x"}}, "header"),
        ({"headers": {"": "x"}}, "header"),
        ({"headers": {"X": "a\nb"}}, "header"),
        ({"headers": {"X": "ä"}}, "header"),
    ],
)
@both
def test_an_option_that_makes_no_sense_is_refused_at_once(
    kind: Kind, options: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        connect(kind, script_for(kind), **options)
    with pytest.raises(ValueError, match=word):
        connect(kind, script_for(kind)).with_options(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timeout": "5"}, "timeout must be a number of seconds"),
        ({"deadline": "5"}, "deadline must be a number of seconds, or None"),
        ({"deadline": timedelta(seconds=5)}, "deadline must be a number of seconds"),
        ({"retries": "3"}, "retries must be a whole number"),
        ({"max_response_bytes": "1 MB"}, "max_response_bytes must be a whole"),
        ({"max_response_bytes": None}, "max_response_bytes must be a whole"),
        ({"hooks": None}, r"hooks must be Hooks\("),
        ({"hooks": print}, r"hooks must be Hooks\("),
        ({"on_unreadable": "skip"}, "on_unreadable must be a function"),
        ({"headers": None}, "headers must be names and values"),
        ({"headers": [("X", "a")]}, "headers must be names and values"),
        ({"headers": {"X": None}}, "the header 'X' must be two strings, .* NoneType"),
        ({"headers": {"X": 1}}, "the header 'X' must be two strings, .* int"),
        ({"headers": {1: "a"}}, "the header 1 must be two strings"),
        ({"headers": {"X": b"word"}}, "the header 'X' must be two strings, .* bytes$"),
    ],
)
@both
def test_an_option_of_the_wrong_type_is_a_mistake_told_in_words(
    kind: Kind, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        connect(kind, script_for(kind), **options)
    with pytest.raises(TypeError, match=words):
        connect(kind, script_for(kind)).with_options(**options)
    with pytest.raises(TypeError, match=words):
        done(connect(kind, script_for(kind)).send(GetRoom("ops"), **options))


@pytest.mark.parametrize("name", ["before", "after", "wait"])
def test_a_hook_must_be_a_function(name: str) -> None:
    with pytest.raises(TypeError, match=f"the hook {name} must be a function"):
        Hooks(**{name: "log"})  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("address", [5, b"https://chat.example.com/v2", Path("/v2")])
@both
def test_an_address_must_be_a_text(kind: Kind, address: Any) -> None:
    with pytest.raises(TypeError, match="base_url must be a string, not"):
        connect(kind, script_for(kind), base_url=address)


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


@both
def test_limits_are_shared_by_derived_clients_but_not_by_other_tokens(
    kind: Kind,
) -> None:
    told = answer(
        {"id": 7},
        x_ratelimit_limit="100",
        x_ratelimit_remaining="9",
        x_ratelimit_reset="1500000100",
    )
    client = connect(kind, script_for(kind, told))
    other = client.with_token("somebodyElse")
    done(client.with_options(timeout=1).rooms.get_room("ops"))
    assert client.limits.rate is not None
    assert client.limits.rate.remaining == 9
    assert other.limits.rate is None


# --- to where, as whom --------------------------------------------------------------------------


@both
def test_address_and_token_come_from_the_environment_unless_given(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIPCHAT_BASE_URL", "https://env.example.com/v2")
    monkeypatch.setenv("HIPCHAT_TOKEN", "fromTheEnvironment\n")
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script, None, base_url=None)
    done(client.rooms.get_room(1))
    done(connect(kind, script, "given").rooms.get_room(1))
    first, second = script.requests
    assert first.host == "env.example.com"
    assert headers_of(first)["authorization"] == "Bearer fromTheEnvironment"
    assert second.host == "chat.example.com"
    assert headers_of(second)["authorization"] == "Bearer given"


@both
def test_without_an_address_there_is_no_client(kind: Kind) -> None:
    with pytest.raises(ValueError, match="HIPCHAT_BASE_URL"):
        connect(kind, script_for(kind), base_url=None)


@both
def test_plain_http_needs_an_explicit_yes(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    url = "http://10.0.0.5:8080/v2"
    with pytest.raises(ValueError, match="allow_http"):
        connect(kind, script, base_url=url)
    done(connect(kind, script, base_url=url, allow_http=True).rooms.get_room(1))
    assert (script.requests[0].scheme, script.requests[0].port) == ("http", 8080)


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
def test_a_token_may_be_text_or_a_function(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    for token in ("fromText", lambda: "fromText", lambda rejected: "fromText"):
        done(connect(kind, script, token).rooms.get_room(1))
    assert {headers_of(each)["authorization"] for each in script.requests} == {
        "Bearer fromText"
    }


def test_a_token_may_be_a_coroutine_function_where_there_is_a_loop() -> None:
    script = AsyncScript(lambda _: ROOM)

    async def token() -> str:
        await asyncio.sleep(0)
        return "awaited"

    async def token_after(rejected: str | None) -> str:
        return f"after{rejected}"

    done(connect("async", script, token).rooms.get_room(1))
    done(connect("async", script, token_after).rooms.get_room(1))
    sent = [headers_of(each)["authorization"] for each in script.requests]
    assert sent == ["Bearer awaited", "Bearer afterNone"]


@both
def test_a_function_is_asked_for_every_call_and_told_what_was_refused(
    kind: Kind,
) -> None:
    script = script_for(kind, ROOM, refusal(401), ROOM)
    seen: list[str | None] = []
    numbers = itertools.count()

    def token(rejected: str | None) -> str:
        seen.append(rejected)
        return f"token{next(numbers)}"

    client = connect(kind, script, token)
    done(client.rooms.get_room(1))
    done(client.rooms.get_room(1))
    assert seen == [None, None, "token1"]
    sent = [headers_of(each)["authorization"] for each in script.requests]
    assert sent == ["Bearer token0", "Bearer token1", "Bearer token2"]


@both
def test_an_optional_argument_of_ones_own_is_left_alone(kind: Kind) -> None:
    """`def read_token(path="token.txt")` is about a path, not about refused tokens."""
    script = script_for(kind, refusal(401), refusal(401))
    seen = []

    def token(path: str = "token.txt", *, strip: bool = True) -> str:
        seen.append((path, strip))
        return "x"

    with pytest.raises(UnauthorizedError):
        done(connect(kind, script, token).rooms.get_room(1))
    assert set(seen) == {("token.txt", True)}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("", ValueError),
        ("two words", ValueError),
        ("line\r\nX-Evil: 1", ValueError),
        ("umläut", ValueError),
        (b"bytesSecret", TypeError),
        (None, TypeError),
        (42, TypeError),
    ],
    ids=repr,
)
@both
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(
    kind: Kind, given: Any, error: type[Exception]
) -> None:
    script = script_for(kind)
    with pytest.raises(error) as caught:
        done(connect(kind, script, lambda: given).rooms.get_room(1))
    shown = [str(caught.value)]
    if given is not None:
        with pytest.raises(error) as caught:
            connect(kind, script, given)
        shown.append(str(caught.value))
    assert not any(word in str(shown) for word in ("words", "Evil", "uml", "Secret"))
    assert script.requests == []


@both
def test_a_failing_token_function_fails_the_call_with_its_own_error(kind: Kind) -> None:
    script = script_for(kind)

    def token() -> str:
        raise OSError("the vault is closed")

    with pytest.raises(OSError, match="vault"):
        done(connect(kind, script, token).rooms.get_room(1))


@both
def test_a_token_function_that_runs_dry_is_an_error_and_no_answer(kind: Kind) -> None:
    """`next` on an iterator at its end must not look like the end of the call."""
    script = script_for(kind, lambda _: ROOM)
    tokens = iter(["one"])
    client = connect(kind, script, lambda: next(tokens))
    assert done(client.rooms.get_room(1)).id == 7
    with pytest.raises((StopIteration, RuntimeError)):
        done(client.rooms.get_room(1))


@both
def test_a_transport_that_runs_dry_is_an_error_and_no_answer(kind: Kind) -> None:
    replies: list[RawResponse] = []

    def response(_: Request) -> RawResponse:
        return next(iter(replies))

    client = connect(kind, script_for(kind, response))
    with pytest.raises((StopIteration, RuntimeError)):
        done(client.rooms.get_room(1))


@both
def test_the_whole_authorization_header_may_be_given(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script, None, authorization="Basic abc=")
    done(client.rooms.get_room(1))
    assert headers_of(script.requests[0])["authorization"] == "Basic abc="


async def awaited_token_function() -> str:
    return "t"


class Vault:
    """A provider of one's own that has to be awaited."""

    async def __call__(self, rejected: str | None = None) -> str:
        return "t"


ASYNC_SOURCES: list[Any] = [
    awaited_token_function,
    partial(awaited_token_function),
    Vault(),
    Vault().__call__,
    AsyncOAuthClient("id", "secret", base_url=BASE_URL).client_credentials(),
]


@pytest.mark.parametrize("source", ASYNC_SOURCES, ids=lambda each: type(each).__name__)
def test_a_client_that_blocks_refuses_a_token_that_must_be_awaited(source: Any) -> None:
    with pytest.raises(TypeError, match="AsyncHipChat"):
        HipChat(source, base_url=BASE_URL)
    client = connect("sync", Script())
    with pytest.raises(TypeError, match="AsyncHipChat"):
        client.with_token(source)
    # An event loop takes it.
    script = AsyncScript(lambda _: ROOM)
    if not isinstance(source, AsyncTokenProvider):
        assert done(connect("async", script, source).rooms.get_room(1)).id == 7


def test_a_function_that_turns_out_to_be_async_is_refused_when_asked() -> None:
    client = connect("sync", Script(), lambda: awaited_token_function())
    with pytest.raises(TypeError, match="AsyncHipChat"):
        client.rooms.get_room(1)


def test_an_event_loop_refuses_a_provider_that_blocks() -> None:
    provider = OAuthClient("id", "secret", base_url=BASE_URL).client_credentials()
    with pytest.raises(TypeError, match="would block"):
        AsyncHipChat(provider, base_url=BASE_URL)
    with pytest.raises(TypeError, match="blocks"):
        connect("async", AsyncScript()).with_token(provider)


def test_a_transport_of_the_other_kind_is_refused_in_words() -> None:
    for wrong in (AsyncScript(), AsyncMemoryTransport(lambda _: ROOM)):
        with pytest.raises(TypeError, match="for AsyncHipChat"):
            HipChat("t", base_url=BASE_URL, transport=wrong)  # type: ignore[arg-type]  # the mistake
    for blocking in (Script(), MemoryTransport(lambda _: ROOM)):
        with pytest.raises(TypeError, match="for HipChat"):
            AsyncHipChat("t", base_url=BASE_URL, transport=blocking)  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("name", ["before", "after", "wait"])
def test_a_hook_that_must_be_awaited_is_refused(name: str) -> None:
    async def hook(*_: object) -> None:
        pass

    with pytest.raises(TypeError, match=name):
        Hooks(**{name: hook})


@both
def test_an_unknown_option_says_which_there_are(kind: Kind) -> None:
    wrong: dict[str, Any] = {"time_out": 3}
    client = connect(kind, script_for(kind))
    calls: list[Callable[[], Any]] = [
        lambda: client.with_options(**wrong),
        lambda: done(client.send(GetRoom(1), **wrong)),
        lambda: done(client.send_raw(GetRoom(1), **wrong)),
        lambda: done(client.request("GET", "/x", **wrong)),
        lambda: done(client.auth_test(GetRoom(1), **wrong)),
        lambda: connect(kind, script_for(kind), **wrong),
        lambda: listed(client.pages(GetAllRooms(), **wrong)),
        lambda: client.history(1, **wrong),
    ]
    for call in calls:
        with pytest.raises(TypeError) as caught:
            call()
        said = str(caught.value)
        assert "'time_out'" in said
        assert "did you mean timeout?" in said
        assert "deadline, headers, hooks" in said
    with pytest.raises(TypeError, match="allow_http, cert, deadline"):
        connect(kind, script_for(kind), **wrong)
    with pytest.raises(TypeError, match=r"^there is no option 'zz'\. There are "):
        connect(kind, script_for(kind), zz=1)
    # What connects belongs to a client, not to a call.
    with pytest.raises(TypeError, match="'verify'"):
        client.with_options(verify=False)


@both
def test_a_token_is_read_past_the_mark_of_a_file(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = script_for(kind, lambda _: ROOM)
    monkeypatch.setenv("HIPCHAT_TOKEN", "\ufeffmarked")
    for token in ("\ufeffmarked\r\n", lambda: "\ufeffmarked", None):
        done(connect(kind, script, token).rooms.get_room(1))
        assert headers_of(script.requests[-1])["authorization"] == "Bearer marked"


def test_a_client_shows_its_address_and_no_token() -> None:
    for kind in KINDS:
        client = connect(kind, script_for(kind), headers={"X-Key": "secretKey"})
        assert repr(client) == f"{type(client).__name__}(base_url={BASE_URL!r})"
        assert TOKEN not in str(vars(client)["_policy"])
        assert "secretKey" not in repr(client)


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


@both
def test_a_call_that_the_spec_lacks_goes_by_hand(kind: Kind) -> None:
    script = script_for(
        kind, answer([1, {"a": None}]), answer(None, 204), answer(b"nope")
    )
    client = connect(kind, script)
    given = done(
        client.request(
            "post",
            "/röom/a b%2Fc?x=1",
            query={"y": "ä&=", "n": 2, "b": True},
            json={"key": None},
        )
    )
    assert given == [1, {"a": None}]
    assert done(client.request("DELETE", "/flag")) is None
    with pytest.raises(ResponseError, match="GET /flag: 200"):
        done(client.request("GET", "/flag"))
    post, delete, _ = script.requests
    assert post.method == "POST"
    assert post.target == "/v2/r%C3%B6om/a%20b%2Fc?x=1&y=%C3%A4%26%3D&n=2&b=true"
    assert headers_of(post)["content-type"] == "application/json"
    assert script.bodies[0] == b'{"key":null}'
    assert delete.content is None
    assert "content-type" not in headers_of(delete)


@both
def test_null_can_be_the_whole_body_of_a_call_by_hand(kind: Kind) -> None:
    script = script_for(kind, lambda _: answer(None, 204))
    done(connect(kind, script).request("PUT", "/x", json=None))
    assert script.bodies == [b"null"]


@both
def test_a_call_by_hand_goes_without_a_token_where_the_client_has_none(
    kind: Kind,
) -> None:
    script = script_for(kind, lambda _: answer({}))
    done(connect(kind, script, None).request("GET", "/capabilities"))
    done(connect(kind, script, lambda: "x").request("GET", "/capabilities"))
    without, with_token = map(headers_of, script.requests)
    assert "authorization" not in without
    assert with_token["authorization"] == "Bearer x"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "room"),
        ("GET", "https://elsewhere.example/room"),
        ("GET", "/room/../user"),
        ("GET", "/room/%2E%2e/user"),
        ("GET", "/room/."),
        ("GET", "/room#x"),
        ("GET", "/room\r\nX: y"),
        ("GET /x", "/room"),
        ("", "/room"),
        ("GÄT", "/room"),
    ],
)
@both
def test_a_call_by_hand_stays_one_call_below_the_base_url(
    kind: Kind, method: str, path: str
) -> None:
    script = script_for(kind)
    with pytest.raises(ValueError, match=r"method|path"):
        done(connect(kind, script).request(method, path))
    assert script.requests == []


@both
def test_a_failed_call_by_hand_shows_no_secret_of_its_path_query_or_body(
    kind: Kind,
) -> None:
    echo = refusal(400, "bad: s3cretInThePath and s3cretInTheQuery, s3cretInTheBody")
    client = connect(kind, script_for(kind, echo))
    # Not written in the call itself: a traceback shows the lines of the program.
    path = "/oauth/token/s3cretInThePath"
    query = {"auth_token": "s3cretInTheQuery"}
    body = {"deep": [{"text": "s3cretInTheBody"}]}
    with pytest.raises(BadRequestError) as caught:
        done(client.request("PUT", path, query=query, json=body))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "s3cret" not in shown + repr(caught.value.operation)


@both
def test_an_auth_test_asks_without_doing(kind: Kind) -> None:
    told = {"success": {"code": 202, "type": "Accepted", "message": "It may."}}
    script = script_for(kind, answer(told, 202), answer(None, 202))
    client = connect(kind, script)
    outcome = done(client.auth_test(SendRoomNotification("ops", message="hi")))
    assert outcome
    assert (outcome.allowed, outcome.status, outcome.lacking_scopes) == (True, 202, ())
    done(client.auth_test(GetRoom("a?b", expand=["owner"])))
    assert script.targets == [
        "/v2/room/ops/notification?auth_test=true",
        "/v2/room/a%3Fb?expand=owner&auth_test=true",
    ]
    assert script.bodies[0] == b'{"message":"hi"}'


@both
def test_an_auth_test_tells_which_scopes_would_do(kind: Kind) -> None:
    message = "This action requires one of the following scopes: [u'admin_room']"
    script = script_for(kind, refusal(403, message), refusal(403, "no"), refusal(401))
    client = connect(kind, script)
    told = done(client.auth_test(GetRoom("ops")))
    assert not told
    assert (told.status, told.lacking_scopes) == (403, ("admin_room",))
    known = done(client.auth_test(GetRoom("ops")))
    assert known.lacking_scopes == ("view_group", "view_room")
    bad = done(client.auth_test(GetRoom("ops")))
    assert (bad.allowed, bad.status, bad.lacking_scopes) == (False, 401, ())


@both
def test_an_auth_test_never_quotes_the_token(kind: Kind) -> None:
    for status in (401, 403):
        script = script_for(kind, refusal(status, f"the token {TOKEN} is no good"))
        outcome = done(connect(kind, script).auth_test(GetRoom("ops")))
        assert TOKEN not in repr(outcome)
        assert "is no good" in outcome.message


@both
def test_an_auth_test_that_fails_for_another_reason_raises(kind: Kind) -> None:
    for status, error in ((404, NotFoundError), (400, BadRequestError)):
        script = script_for(kind, refusal(status, f"what about {TOKEN}?"))
        with pytest.raises(error) as caught:
            done(connect(kind, script).auth_test(GetRoom("ops")))
        assert TOKEN not in str(caught.value)


@both
def test_an_auth_test_that_a_server_carries_out_all_the_same_was_allowed(
    kind: Kind,
) -> None:
    picture = answer(None, 302, location="https://files.example.com/1.png")
    script = script_for(kind, picture, ROOM, answer(b"garbage"))
    client = connect(kind, script)
    assert done(client.auth_test(GetPhoto("@jane", "big"))).status == 302
    assert done(client.auth_test(GetRoom("ops"))).allowed
    assert done(client.auth_test(GetRoom("ops"))).allowed


# --- hooks and logging --------------------------------------------------------------------------


@both
def test_hooks_and_log_tell_every_step_and_no_secret(
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


# --- failures and errors ---------------------------------------------------------


@both
def test_errors_tell_in_attributes_what_a_caller_needs(kind: Kind) -> None:
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
def test_a_refusal_of_any_form_is_an_api_error_with_its_status(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    client = connect("sync", Script(RawResponse(status, headers, body)), retries=0)
    with pytest.raises(ApiError) as caught:
        client.rooms.get_room("ops")
    assert caught.value.status == status
    assert str(caught.value).startswith(f"GET /room/ops: {status}, ")
    assert str(caught.value).isprintable()


@both
def test_a_403_names_the_scopes_that_would_do(kind: Kind) -> None:
    client = connect(kind, script_for(kind, refusal(403, "no")))
    with pytest.raises(ForbiddenError, match="view_group, view_room") as caught:
        done(client.rooms.get_room("ops"))
    assert caught.value.scopes == ("view_group", "view_room")


@both
def test_a_429_that_lasts_too_long_tells_until_when(kind: Kind) -> None:
    late = refusal(429, x_ratelimit_remaining="0", x_ratelimit_reset="1500009999")
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
        (refusal(401), UnauthorizedError),
        (refusal(429), RateLimitError),
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
    script = script_for(kind, refusal(401), answer(None, 204))
    client = connect(kind, script, lambda rejected: next(tokens))
    done(
        client.rooms.share_file_with_room(
            "ops", file=File(io.BytesIO(b"x" * 100), name="a")
        )
    )
    assert script.bodies[0] == script.bodies[1]


@both
def test_a_stack_trace_shows_at_most_six_frames_of_ours(kind: Kind) -> None:
    def trace(call: Callable[[], Any]) -> list[str]:
        try:
            done(call())
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            return [frame.name for frame in frames if "/src/hipkit/" in frame.filename]
        raise AssertionError("nothing was raised")

    for outcome in (refusal(404), failure("broken"), answer(b"[]"), answer(b"\xff")):
        client = connect(kind, script_for(kind, outcome), retries=0)
        frames = trace(lambda client=client: client.rooms.get_room("ops"))  # type: ignore[misc]
        assert len(frames) <= 6, frames


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


@both
def test_an_unknown_transport_is_named(kind: Kind) -> None:
    with pytest.raises(ValueError, match=r"'curl'.*httpx2, pycurl"):
        connect(kind, "curl")


@both
def test_connection_settings_belong_to_the_transport_that_was_given(kind: Kind) -> None:
    with pytest.raises(ValueError, match="proxy, verify"):
        connect(kind, script_for(kind), verify=False, proxy="http://p:1")


@pytest.mark.parametrize("transport", ["httpx2", "pycurl"])
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
