"""The setup of both clients: options, tokens, base URL and transport."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hipkit import (
    AsyncHipChat,
    AsyncOAuthClient,
    AsyncTokenProvider,
    HipChat,
    Hooks,
    OAuthClient,
    UnauthorizedError,
)
from hipkit.testing import AsyncMemoryTransport, MemoryTransport
from hipkit.transports.protocol import Options
from hipkit.v2 import (
    GetAllRooms,
    GetRoom,
)
from tests.scripted import (
    BASE_URL,
    KINDS,
    AsyncScript,
    Kind,
    Script,
    answer,
    connect,
    done,
    error_answer,
    headers_of,
    listed,
    script_for,
)

ROOM = answer({"id": 7, "name": "Ops"})


both = pytest.mark.parametrize("kind", KINDS)


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
def test_an_unknown_option_is_a_type_error(kind: Kind) -> None:
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
def test_an_option_of_the_wrong_type_raises_a_readable_type_error(
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


@both
def test_limits_are_shared_by_derived_clients_but_not_by_other_tokens(
    kind: Kind,
) -> None:
    report = answer(
        {"id": 7},
        x_ratelimit_limit="100",
        x_ratelimit_remaining="9",
        x_ratelimit_reset="1500000100",
    )
    client = connect(kind, script_for(kind, report))
    other = client.with_token("somebodyElse")
    done(client.with_options(timeout=1).rooms.get_room("ops"))
    assert client.limits.rate is not None
    assert client.limits.rate.remaining == 9
    assert other.limits.rate is None


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
def test_a_function_is_called_for_every_call_and_passed_the_rejected_token(
    kind: Kind,
) -> None:
    script = script_for(kind, ROOM, error_answer(401), ROOM)
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
    script = script_for(kind, error_answer(401), error_answer(401))
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
    with pytest.raises(TypeError, match="would block"):
        connect("async", AsyncScript()).with_token(provider)


def test_a_transport_of_the_other_kind_is_rejected_with_a_readable_error() -> None:
    for wrong in (AsyncScript(), AsyncMemoryTransport(lambda _: ROOM)):
        with pytest.raises(TypeError, match="for AsyncHipChat"):
            HipChat("t", base_url=BASE_URL, transport=wrong)  # type: ignore[arg-type]  # the mistake
    for blocking in (Script(), MemoryTransport(lambda _: ROOM)):
        with pytest.raises(TypeError, match="for HipChat"):
            AsyncHipChat("t", base_url=BASE_URL, transport=blocking)  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("name", ["before", "headers", "after", "wait"])
def test_a_hook_that_must_be_awaited_is_refused(name: str) -> None:
    async def hook(*_: object) -> Any:
        pass

    with pytest.raises(TypeError, match=name):
        Hooks(**{name: hook})  # type: ignore[arg-type]  # the mistake


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
        assert "secretKey" not in repr(client)


@both
def test_an_unknown_transport_is_named(kind: Kind) -> None:
    with pytest.raises(ValueError, match=r"'curl'.*httpcore2, pycurl"):
        connect(kind, "curl")


@both
def test_connection_settings_belong_to_the_transport_that_was_given(kind: Kind) -> None:
    with pytest.raises(ValueError, match="proxy, verify"):
        connect(kind, script_for(kind), verify=False, proxy="http://p:1")
