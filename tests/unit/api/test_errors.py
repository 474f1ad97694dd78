"""What errors hold, and what of it a pickled copy holds; the same of every public value."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import multiprocessing
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hipkit
from hipkit.api.bodies.reading import UnreadableError
from hipkit.api.calling import Hooks
from hipkit.api.errors import (
    ApiError,
    BadRequestError,
    ConnectError,
    ForbiddenError,
    HipkitError,
    NotFoundError,
    RateLimitError,
    RequestError,
    ResponseError,
)
from hipkit.api.free_request import FreeRequest
from hipkit.api.limits import Limit, Limits
from hipkit.api.model import RuleError
from hipkit.api.response import RequestSummary, Response, SentRequest
from hipkit.api.secret import Secret
from hipkit.api.unreadable import UnreadableItem
from hipkit.client.policy import Policy
from hipkit.client.settings import Site
from hipkit.relay.config.problems import Problem
from hipkit.transports.protocol import Options, RawResponse, Request, TransportError
from hipkit.v2.oauth_sessions import DeleteSession, GenerateToken
from hipkit.v2.rooms import GetAllRooms, GetRoom, SendRoomNotification
from tests.scripted import KINDS, TOKEN, Kind, answer, connect, decode, done, script_for

both = pytest.mark.parametrize("kind", KINDS)


def error_of(
    kind: Kind, response: RawResponse, operation: Any = None, **options: Any
) -> Any:
    client = connect(kind, script_for(kind, response), retries=0, **options)
    with pytest.raises(HipkitError) as caught:
        done(client.send(operation or GetRoom("Dev Ops")))
    return caught.value


# --- what an error tells ------------------------------------------------------------------------


@both
def test_an_api_error_has_the_answer_and_what_may_be_shown_of_the_request(
    kind: Kind,
) -> None:
    body = {"error": {"code": 404, "message": "Room not found"}}
    error = error_of(
        kind,
        answer(body, 404, x_request_id="r-1", set_cookie="a=b"),
        headers={"X-Own": "secret of my own", "Cookie": "c=d"},
    )
    assert error.headers["x-request-id"] == "r-1"
    assert error.headers["set-cookie"] == "a=b"
    assert b"Room not found" in error.body
    assert error.request == RequestSummary(
        "GET",
        "/room/{room_id_or_name}",
        ("user-agent", "accept", "x-own", "x-request-id"),
    )


@both
def test_every_api_error_has_them(kind: Kind) -> None:
    client = connect(kind, script_for(kind, lambda _: answer({}, 418)), retries=0)
    calls: list[Callable[[], Any]] = [
        lambda: client.request("POST", "/oauth/token/s3cret", json={"a": 1}),
        lambda: client.auth_test(GetRoom(1)),
        lambda: client.download("https://chat.example.com/s3cret", "nowhere"),
    ]
    for call in calls:
        with pytest.raises(ApiError) as caught:
            done(call())
        assert caught.value.status == 418
        assert caught.value.headers["content-type"] == "application/json"
        assert caught.value.body == b"{}"
        assert caught.value.request is not None
        assert "s3cret" not in repr(caught.value.request)


@both
def test_no_text_of_an_error_shows_the_body_or_the_headers(kind: Kind) -> None:
    error = error_of(kind, answer({"a": "private"}, 404, set_cookie="private"))
    assert "private" not in f"{error!r} {error} {error.args}"


def test_an_error_without_an_answer_has_none() -> None:
    error = ApiError("no")
    assert (error.headers, error.body, error.request) == ({}, b"", None)


# --- what a pickled one holds -------------------------------------------------------------------

QUOTED = "The text of a message that nobody else should read"


def quoting(operation: Any, *texts: str) -> ApiError:
    text = " and ".join(texts)
    shown = {
        "message": text,
        "type": text,
        "field": text,
        "validation": text,
        "expected_type": [{text: text}],
    }
    response = answer(
        {"error": shown},
        400,
        x_debug=text,
        location=f"https://x/?auth_token={text}",
        set_cookie="session=s3cretCookie",
    )
    with pytest.raises(BadRequestError) as caught:
        decode(operation, response, secrets=tuple(map(Secret, texts)))
    return caught.value


@pytest.mark.parametrize(
    ("operation", "texts"),
    [
        (GetRoom("ops"), [TOKEN]),
        (SendRoomNotification("ops", message="x"), [TOKEN, QUOTED]),
        (DeleteSession("s3cretSessionToken"), ["s3cretSessionToken"]),
        (
            GenerateToken(grant_type="password", username="j", password="s3cretWord"),
            ["s3cretWord"],
        ),
        (FreeRequest("GET", "/x", {"q": "s3cretQuery"}), ["s3cretQuery"]),
    ],
)
def test_a_pickled_error_holds_nothing_that_the_server_quoted(
    operation: Any, texts: list[str]
) -> None:
    error = quoting(operation, *texts)
    assert all(text in error.message for text in texts)
    stored = pickle.dumps(error)
    for text in [*texts, "s3cret"]:
        assert text.encode() not in stored
    again = pickle.loads(stored)
    assert (str(again), again.status) == (str(error), 400)
    assert again.headers["content-type"] == "application/json"
    assert again.body == b""


def test_what_is_not_secret_is_pickled() -> None:
    body = {
        "error": {
            "message": "Value u'pink' for field 'color' is not one of these",
            "type": "Bad Request",
            "field": "color",
            "validation": "enum",
            "expected_type": [{"enum": ["red"]}],
        }
    }
    operation = SendRoomNotification("ops", message="hello to all of you", color="pink")  # type: ignore[arg-type]
    with pytest.raises(BadRequestError) as caught:
        decode(operation, answer(body, 400, retry_after="9"))
    again = pickle.loads(pickle.dumps(caught.value))
    for name in ("message", "type", "field", "validation", "expected_type"):
        assert getattr(again, name) == body["error"][name]
    assert again.headers["retry-after"] == "9"
    # The call itself holds no token, so it can be sent again.
    assert again.operation == operation


def test_a_pickled_response_error_has_no_body() -> None:
    with pytest.raises(ResponseError) as caught:
        decode(GetRoom("ops"), answer({"id": "s3cret"}))
    assert b"s3cret" in caught.value.body
    stored = pickle.dumps(caught.value)
    assert b"s3cret" not in stored
    again = pickle.loads(stored)
    assert (again.where, again.status, again.body) == ("$.id", 200, b"")


def test_a_pickled_error_about_an_item_has_the_position_and_not_the_content() -> None:
    page = {"items": [{"id": 1}, {"id": "s3cret"}]}
    with pytest.raises(ResponseError) as caught:
        decode(GetAllRooms(), answer(page))
    item = caught.value.item
    assert item is not None
    assert item.raw == {"id": "s3cret"}
    stored = pickle.dumps(caught.value)
    assert b"s3cret" not in stored
    again = pickle.loads(stored).item
    assert (again.raw, again.where, again.start_index) == (None, item.where, 2)


def test_a_copy_keeps_everything() -> None:
    error = quoting(DeleteSession("s3cretSessionToken"), "s3cretSessionToken")
    for twin in (copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert twin is not error
        assert vars(twin) == vars(error)
        assert twin.args == error.args


# --- every public error and value ---------------------------------------------------------------


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(hipkit.__path__, "hipkit."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def error_classes() -> list[type[BaseException]]:
    return sorted(
        {
            found
            for module in modules()
            for found in vars(module).values()
            if inspect.isclass(found)
            and issubclass(found, Exception)
            and found.__module__.startswith("hipkit.")
            and not found.__name__.startswith("_")
        },
        key=lambda kind: (kind.__module__, kind.__name__),
    )


VALUES: dict[str, object] = {
    "str": "a text",
    "int": 5,
    "float": 2.5,
    "bool": True,
    "bytes": b"bytes",
    "object": {"a": [1]},
    "TransportErrorKind": "timeout",
    "Operation[object] | None": GetRoom("ops"),
    "SentRequest": SentRequest("GET", "https://x/v2/room/1", {"accept": "a"}),
    "RequestSummary | None": RequestSummary("GET", "/room/{room}", ("accept",)),
    "UnreadableItem | None": UnreadableItem(
        raw=None,
        where="$.items[0]",
        reason="no",
        index=0,
        start_index=1,
        operation=GetRoom("ops"),
    ),
    "Mapping[str, str] | None": {"content-type": "text/plain"},
    "Path": Path("relay.toml"),
    "tuple[Problem, ...]": (Problem(line=1, place="", text="a text"),),
}


def example(kind: type[BaseException]) -> BaseException:
    """Make an error with a value for every argument."""
    arguments, keywords = [], {}
    if kind.__init__ in (Exception.__init__, OSError.__init__, ValueError.__init__):
        return kind("a text")
    for parameter in inspect.signature(kind).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        hint = str(parameter.annotation)
        value = VALUES.get(hint, VALUES.get(hint.partition(" |")[0], "a text"))
        if parameter.kind is parameter.KEYWORD_ONLY:
            keywords[parameter.name] = value
        else:
            arguments.append(value)
    return kind(*arguments, **keywords)


def shown(error: BaseException) -> dict[str, object]:
    left_behind = {"body", "item", "model", "_secrets"}
    return {name: each for name, each in vars(error).items() if name not in left_behind}


@pytest.mark.parametrize(
    "kind", error_classes(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_every_error_can_be_pickled_copied_and_shown(kind: type[BaseException]) -> None:
    error = example(kind)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is kind
        assert (str(again), repr(again)) == (str(error), repr(error))
        assert shown(again) == shown(error)
    for twin in (copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert (str(twin), vars(twin)) == (str(error), vars(error))


def test_the_sweep_covers_errors_of_every_layer() -> None:
    names = {kind.__name__ for kind in error_classes()}
    assert {"TransportError", "RuleError", "UnreadableError", "StorageError"} <= names
    assert {"InvalidValueError", "ForbiddenError", "MethodNotAllowedError"} <= names


PUBLIC_VALUES = [
    Policy(headers={"X-A": "b"}, hooks=Hooks()),
    Options(),
    Request("GET", "https", "chat.example.com", 443, "/v2/room/1"),
    RawResponse(200, {"a": "b"}, b"c"),
    Response(200, {"a": "b"}, b"c", SentRequest("GET", "https://x/", {})),
    RequestSummary("GET", "/room/{room}", ("accept",)),
    Limits(rate=Limit(1, 2, None)),
    Site("https", "::1", 8443, "/v2"),
    hipkit.AuthTest(allowed=True, status=202),
    hipkit.File(b"x", name="x.txt"),
    hipkit.HistoryPosition.from_json('{"date": "2016-09-09T00:00:00+00:00"}'),
    GetRoom("ops"),
    SendRoomNotification("ops", message="hello"),
    FreeRequest("GET", "/flag"),
]


@pytest.mark.parametrize("value", PUBLIC_VALUES, ids=lambda value: type(value).__name__)
def test_every_public_value_can_be_pickled_copied_and_shown(value: Any) -> None:
    twins = [
        pickle.loads(pickle.dumps(value)),
        copy.copy(value),
        copy.deepcopy(value),
    ]
    for twin in twins:
        assert type(twin) is type(value)
        assert repr(twin) == repr(value)
        if dataclasses.is_dataclass(value) or isinstance(value, msgspec.Struct):
            assert twin == value


def fail(number: int) -> None:
    """Fail in another process."""
    errors: list[Exception] = [
        quoting(SendRoomNotification("ops", message=QUOTED), QUOTED),
        ConnectError("no way", operation=GetRoom("ops"), may_have_arrived=False),
        TransportError("timeout", "too late", may_have_arrived=True),
        RuleError("a.b: c", "maxLength", 5, "too long: 6"),
        UnreadableError("not JSON", "$.a"),
    ]
    raise errors[number]


def test_errors_come_back_from_other_processes() -> None:
    # A fork would take the threads of other tests along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        found = [pool.submit(fail, number).exception(60) for number in range(5)]
    api, connect_, failure, rule, unreadable = found
    assert isinstance(api, BadRequestError)
    assert QUOTED not in api.message
    assert api.request is not None
    assert isinstance(connect_, ConnectError)
    assert (connect_.operation, connect_.may_have_arrived) == (GetRoom("ops"), False)
    assert isinstance(failure, TransportError)
    assert (failure.kind, failure.reason, str(failure), failure.may_have_arrived) == (
        "timeout",
        "too late",
        "too late",
        True,
    )
    assert isinstance(rule, RuleError)
    assert (rule.member, rule.limit, str(rule)) == ("a.b: c", 5, "a.b: c: too long: 6")
    assert isinstance(unreadable, UnreadableError)
    assert unreadable.where == "$.a"


def test_a_limit_and_a_lacking_scope_survive() -> None:
    limited = RateLimitError("slow")
    forbidden = ForbiddenError("no")
    forbidden.scopes = ("view_room",)
    assert pickle.loads(pickle.dumps(forbidden)).scopes == ("view_room",)
    assert pickle.loads(pickle.dumps(limited)).retry_at is None
    assert not pickle.loads(
        pickle.dumps(RequestError("x", may_have_arrived=False))
    ).may_have_arrived
    assert pickle.loads(pickle.dumps(NotFoundError("x"))).status == 404
