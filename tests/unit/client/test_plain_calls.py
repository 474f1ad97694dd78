"""A plain call is sent without the generator: every outcome is the same as with it.

The generator is forced by a hook that does nothing. Each case is driven both ways, by both clients.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from hipkit import Hooks, Operation
from hipkit.api.calling import CallOptions
from hipkit.transports.protocol import RawResponse, Request, TransportError
from hipkit.v2 import (
    DeleteSession,
    GetAllRooms,
    GetCapabilities,
    GetRoom,
    SendRoomNotification,
    ShareFileWithRoom,
)
from tests.scripted import (
    KINDS,
    TOKEN,
    Kind,
    answer,
    connect,
    done,
    error_answer,
    failure,
    script_for,
)

Outcome = RawResponse | TransportError

OPERATIONS: dict[str, Operation[Any]] = {
    "a model": GetRoom("ops"),
    "a list": GetAllRooms(start_index=100),
    "nothing": SendRoomNotification("ops", message="hello there, everyone"),
    "a file": ShareFileWithRoom("ops", file=b"content"),
    "a secret in the path": DeleteSession("s3cretTokenInThePath"),
    "no token": GetCapabilities(),
}
ROOM = {"id": 1, "name": "ops", "privacy": "public"}
LIMITS: dict[str, Any] = {
    "x_ratelimit_limit": "100",
    "x_ratelimit_remaining": "7",
    "x_ratelimit_reset": "1500000100",
}
OUTCOMES: dict[str, Callable[[], list[Outcome]]] = {
    "an object": lambda: [answer(ROOM)],
    "limits": lambda: [answer(ROOM, **LIMITS)],
    "no content": lambda: [answer(status=204)],
    "a list": lambda: [answer({"items": [{"id": 1, "name": "a"}], "links": {}})],
    "an unreadable item": lambda: [
        answer({"items": [{"id": "x", "name": 5}, {"id": 2, "name": "b"}]})
    ],
    "broken JSON": lambda: [answer(b'{"id": ')],
    "another shape": lambda: [answer(["x"])],
    "an error with 200": lambda: [error_answer(200, "hello there, everyone")],
    "a page": lambda: [answer(b"<html><body>Sign in</body></html>")],
    "a redirect": lambda: [answer(status=302, location="https://elsewhere/x")],
    "a redirect without target": lambda: [answer(status=302)],
    "not modified": lambda: [answer(status=304)],
    "400": lambda: [error_answer(400, "Value 'x' for field 'message' is bad")],
    "401": lambda: [error_answer(401, f"Invalid session {TOKEN}")],
    "403": lambda: [error_answer(403, "scopes: [u'view_room']")],
    "404": lambda: [error_answer(404)],
    "500": lambda: [error_answer(500), answer(ROOM)],
    "429 for now": lambda: [error_answer(429, retry_after="0"), answer(ROOM)],
    "429 for long": lambda: [error_answer(429, retry_after="9999")],
    "429 always": lambda: [error_answer(429, **LIMITS, retry_after="0")] * 9,
    "502 for now": lambda: [error_answer(502), answer(ROOM)],
    "503 for now": lambda: [error_answer(503, retry_after="0"), answer(ROOM)],
    "503": lambda: [error_answer(503), error_answer(503), answer(ROOM)],
    "no connection": lambda: [failure("connect", arrived=False), answer(ROOM)],
    "never a connection": lambda: [failure("connect", arrived=False)] * 9,
    "broken, not arrived": lambda: [failure("broken", arrived=False), answer(ROOM)],
    "broken, may have arrived": lambda: [failure("broken"), answer(ROOM)],
    "silence": lambda: [failure("timeout")] * 9,
    "not HTTP": lambda: [failure("garbage"), error_answer(403)],
    "too large": lambda: [failure("too_large")],
    "settings": lambda: [failure("settings", arrived=False)],
    "an unknown authority": lambda: [failure("untrusted", arrived=False)],
}
OPTIONS: dict[str, CallOptions] = {
    "defaults": {},
    "no retries": {"retries": 0},
    "a deadline": {"deadline": 1, "timeout": 0.5, "max_response_bytes": 99},
    "no deadline": {"deadline": None},
    "own headers": {"headers": {"X-Own": "1", "accept": "text/html"}},
    "on_unreadable": {"on_unreadable": lambda _: None},
}


def result_of(work: Callable[[], Any]) -> object:
    """Return a result, or everything about an error; a cause is compared in the same way."""
    try:
        return done(work())
    except Exception as error:
        return everything(error)


def everything(error: BaseException | None) -> object:
    if error is None:
        return None
    own = {name: repr(value) for name, value in vars(error).items()}
    return type(error), str(error), own, everything(error.__cause__)


def sent(request: Request, body: bytes) -> object:
    boundary = dict(request.headers).get("Content-Type", "").partition("boundary=")[2]
    headers = [
        (name, value.partition("boundary=")[0]) for name, value in request.headers
    ]
    parts = (request.method, request.scheme, request.host, request.port, request.target)
    return *parts, headers, body.replace(boundary.encode() or b" ", b" ")


def observed(
    kind: Kind, case: str, outcomes: str, options: CallOptions, hooks: Hooks, token: Any
) -> object:
    """Make a call, and return all that can be seen of it."""
    script = script_for(kind, *OUTCOMES[outcomes]())
    client = connect(kind, script, token, **options, hooks=hooks)
    result = result_of(lambda: client.send(OPERATIONS[case]))
    requests = [*map(sent, script.requests, script.bodies)]
    return result, requests, script.options, client.limits


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcomes", OUTCOMES)
@pytest.mark.parametrize("case", OPERATIONS)
def test_a_plain_call_is_the_same_as_one_by_the_generator(
    kind: Kind, case: str, outcomes: str
) -> None:
    for options in OPTIONS.values():
        for token in (TOKEN, lambda: TOKEN):
            waits: list[list[object]] = [[], []]
            plain = Hooks(wait=lambda *wait, seen=waits[0]: seen.append(wait))
            forced = Hooks(
                before=lambda _: None,
                wait=lambda *wait, seen=waits[1]: seen.append(wait),
            )
            one = observed(kind, case, outcomes, options, plain, token)
            assert one == observed(kind, case, outcomes, options, forced, token)
            assert waits[0] == waits[1]


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_not_plain_needs_the_generator(kind: Kind) -> None:
    """While a request is sent, the drivers of the generator are in the stack or not."""
    drivers: list[bool] = []

    def look(_: Request) -> RawResponse:
        frame = sys._getframe()
        names = []
        while frame.f_back is not None:
            frame = frame.f_back
            if frame.f_globals["__name__"].startswith("hipkit.client"):
                names.append(frame.f_code.co_name)
        drivers.append("_run" in names)
        return answer(ROOM)

    client = connect(kind, script_for(kind, look))
    for options in ({}, {"timeout": 3}, {"hooks": Hooks(before=lambda _: None)}):
        done(client.send(GetRoom(1), **options))
    done(client.with_token(lambda: TOKEN).send(GetRoom(1)))
    done(client.send(GetRoom(1), pace=True))
    assert drivers == [False, False, True, True, True]
