"""Error trackers write down the local variables of every frame: no secret stands there.

Every way in which a call can fail, over every transport: afterwards no frame of hipkit, nor of a
library below it, holds the token, a password or a client's secret, in whatever form.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import inspect
import json
import pickle
import traceback
import types
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
import pytest

from hipkit import (
    AsyncHipChat,
    AsyncOAuthClient,
    HipChat,
    Hooks,
    OAuthClient,
    RequestError,
)
from hipkit.api.frames import clear_locals
from hipkit.transports.httpcore2 import HttpcoreTransport
from hipkit.v2 import DeleteSession, GenerateToken, GetAllRooms, GetRoom
from tests.contract.transports.scripted_server import Connection, ScriptedServer
from tests.scripted import AsyncScript, Script

TOKEN = "s3cretTokenOfTheCaller1234567890abcdefgh"
CLIENT_SECRET = "s3cretOfTheClient"
PASSWORD = "s3cretPassword"
REFRESH = "s3cretRefreshToken"
HEADER = "s3cretHeader"
HALF = "\ud83d"
BASIC = b64encode(f"client:{CLIENT_SECRET}".encode()).decode()
FORBIDDEN = ("s3cret", BASIC)


# --- looking ------------------------------------------------------------------------------------


def errors_of(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and all that led to it."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or any(each is known for known in seen):
            continue
        seen.append(each)
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def frames_of(error: BaseException) -> Iterator[types.FrameType]:
    """Give every frame in the tracebacks but the tests' own."""
    for each in errors_of(error):
        step = each.__traceback__
        while step is not None:
            name = step.tb_frame.f_globals.get("__name__", "")
            if name.partition(".")[0] not in ("tests", "_pytest", "pytest"):
                yield step.tb_frame
            step = step.tb_next


DEEPEST = 8


def texts_in(value: object, depth: int) -> Iterator[str]:
    """Give what a tracker could write down of a value."""
    yield repr(value)
    yield str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        yield bytes(value).decode("latin-1")
    if depth == DEEPEST:
        return
    inner: Any = ()
    if isinstance(value, Mapping):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        inner = value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = [getattr(value, each.name) for each in dataclasses.fields(value)]
    elif isinstance(value, msgspec.Struct):
        inner = [getattr(value, name) for name in value.__struct_fields__]
    for item in inner:
        yield from texts_in(item, depth + 1)


def leaks(error: BaseException, depth: int = 0) -> list[str]:
    return [
        f"{frame.f_code.co_qualname}: {name}"
        for frame in frames_of(error)
        for name, value in frame.f_locals.items()
        for text in texts_in(value, depth)
        if any(secret in text for secret in FORBIDDEN)
    ]


# --- failing ------------------------------------------------------------------------------------

Answer = Callable[[Connection], object]


def raw(status: str, body: str) -> Answer:
    """Answer with what was sent in place of `%s`, in the body and in a header."""

    def answer(connection: Connection) -> None:
        received = connection.read_request()
        sent = [received.header("authorization") or "", received.target.split("/")[-1]]
        sent += [received.body.decode()]
        quoted = body.replace("%s", json.dumps(" and ".join(sent))[1:-1]).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        head += f"X-Debug: {sent[0]}\r\nContent-Length: {len(quoted)}\r\n\r\n"
        connection.send(head.encode() + quoted)

    return answer


def silence(connection: Connection) -> None:
    connection.read_request()
    connection.hang()


def reset(connection: Connection) -> None:
    connection.read_request()
    connection.reset()


def not_http(connection: Connection) -> None:
    connection.read_request()
    connection.send(f"{TOKEN}\r\n\r\n".encode())


def cut_off(connection: Connection) -> None:
    connection.read_request()
    connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{TOKEN}".encode())


ANSWERS: dict[str, Answer | None] = {
    "nobody listens": None,
    "400": raw("400 Bad Request", '{"error": {"message": "%s", "field": "%s"}}'),
    "401": raw("401 Unauthorized", '{"error": {"message": "bad session %s"}}'),
    "403": raw("403 Forbidden", '{"error": {"message": "scopes: [u\'%s\']"}}'),
    "429": raw("429 Too Many Requests", "%s"),
    "500": raw("500 Internal Server Error", "%s"),
    "302": raw("302 Found", "%s"),
    "not JSON": raw("200 OK", '{"access_token": "%s'),
    "another shape": raw("200 OK", '{"access_token": ["%s"], "id": "%s"}'),
    "a web page": raw("200 OK", "<html>%s</html>"),
    "silence": silence,
    "reset": reset,
    "not HTTP": not_http,
    "cut off": cut_off,
}


OPENED: list[Any] = []
"""The clients of a test, to be closed."""


def kept(client: Any) -> Any:
    OPENED.append(client)
    return client


def oauth(make: Callable[..., Any], **options: Any) -> Any:
    kind = OAuthClient if make is HipChat else AsyncOAuthClient
    return kept(kind("client", CLIENT_SECRET, **options))


def bearer(make: Callable[..., Any], **options: Any) -> Any:
    return kept(make(TOKEN, headers={"X-Key": HEADER}, **options))


def asked(make: Callable[..., Any], **options: Any) -> Any:
    return kept(make(lambda: TOKEN, **options))


def provided(make: Callable[..., Any], **options: Any) -> Any:
    return kept(make(oauth(make, **options).client_credentials(), **options))


def refreshed(make: Callable[..., Any], **options: Any) -> Any:
    provider = oauth(make, **options).refresh_token(REFRESH, access_token=TOKEN)
    return kept(make(provider, **options))


def first(items: Any) -> Any:
    return anext(items) if hasattr(items, "__anext__") else next(items)


def parsed(response: Any) -> Any:
    async def wait() -> Any:
        return (await response).parse()

    return wait() if inspect.isawaitable(response) else response.parse()


CALLS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "a method": (bearer, lambda client: client.rooms.get_room("ops")),
    "a method, raw": (bearer, lambda client: client.raw.rooms.get_room("ops")),
    "a value": (bearer, lambda client: client.send(GetRoom("ops"))),
    "a header of one call": (
        bearer,
        lambda client: client.send(
            GetRoom("ops"), headers={"Authorization": f"Bearer {HEADER}"}
        ),
    ),
    "a header of one method": (
        bearer,
        lambda client: client.rooms.get_room("ops", headers={"X-A": HEADER}),
    ),
    "a header of one raw method": (
        bearer,
        lambda client: client.raw.rooms.get_room("ops", headers={"X-A": HEADER}),
    ),
    "a raw answer that is parsed": (
        bearer,
        lambda client: parsed(client.raw.oauth_sessions.get_session(TOKEN)),
    ),
    "a page": (
        bearer,
        lambda client: first(client.pages(GetAllRooms(), headers={"X-A": HEADER})),
    ),
    "a history": (
        bearer,
        lambda client: first(client.history("ops", headers={"X-A": HEADER})),
    ),
    "a message": (
        bearer,
        lambda client: client.rooms.send_room_notification("ops", message=PASSWORD),
    ),
    "a token by its method": (
        bearer,
        lambda client: client.oauth_sessions.delete_session(TOKEN),
    ),
    "a token as a value": (bearer, lambda client: client.send(DeleteSession(TOKEN))),
    "a password grant as a value": (
        bearer,
        lambda client: client.send(
            GenerateToken(grant_type="password", username="jane", password=PASSWORD)
        ),
    ),
    "a free request": (
        bearer,
        lambda client: client.request("POST", f"/oauth/token/{TOKEN}", json=PASSWORD),
    ),
    "a test of rights": (bearer, lambda client: client.auth_test(DeleteSession(TOKEN))),
    "a download": (
        bearer,
        lambda client: client.download(f"{client.base_url}/{TOKEN}", "/dev/null"),
    ),
    "a function's token": (asked, lambda client: client.rooms.get_room("ops")),
    "a provider": (provided, lambda client: client.rooms.get_room("ops")),
    "a refresh": (refreshed, lambda client: client.rooms.get_room("ops")),
    "the secret of a client": (
        oauth,
        lambda client: client.generate_token(grant_type="client_credentials"),
    ),
    "a password grant": (
        oauth,
        lambda client: client.generate_token(
            grant_type="password", username="jane", password=PASSWORD
        ),
    ),
    "a code": (
        oauth,
        lambda client: client.generate_token(
            grant_type="authorization_code", code=PASSWORD
        ),
    ),
    "a session": (oauth, lambda client: client.get_session(TOKEN)),
    "a revocation": (oauth, lambda client: client.delete_session(TOKEN)),
    "a provider asked directly": (
        oauth,
        lambda client: client.refresh_token(REFRESH)(TOKEN),
    ),
}
NETWORKS = {
    "httpcore2": (HipChat, "httpcore2"),
    "httpcore2-async": (AsyncHipChat, "httpcore2"),
    "pycurl": (HipChat, "pycurl"),
    "pycurl-async": (AsyncHipChat, "pycurl"),
}


def failure_of(work: Callable[[], Any]) -> BaseException | None:
    """Do it, await what there is to await, and return what it raised."""

    async def wait(value: Any) -> Any:
        try:
            return await value
        finally:
            for client in OPENED:
                await client.aclose()

    try:
        value = work()
        if inspect.isawaitable(value):
            asyncio.run(wait(value))
    except Exception as error:
        return error
    finally:
        for client in OPENED:
            if hasattr(client, "close"):
                client.close()
        OPENED.clear()
    return None


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_no_failed_call_leaves_a_secret_in_a_frame(network: str, answer: str) -> None:
    make, transport = NETWORKS[network]
    importlib.import_module(f"hipkit.transports.{transport}")
    script = ANSWERS[answer]
    server = ScriptedServer(script or reset)
    if script is None:
        server.close()
    failed = 0
    try:
        for name, (connect, call) in CALLS.items():
            client = connect(
                make,
                base_url=f"http://127.0.0.1:{server.port}/v2",
                transport=transport,
                retries=0,
                timeout=0.2,
            )
            error = failure_of(partial(call, client))
            if error is not None:
                failed += 1
                assert leaks(error) == [], name
    finally:
        server.close()
    # Some calls take what comes: a raw one, a download, one without an answer.
    assert failed >= 10


@pytest.mark.parametrize("make", [HipChat, AsyncHipChat], ids=["sync", "async"])
def test_nor_does_a_transport_in_memory(make: Any) -> None:
    def refuse(_: object) -> Any:
        raise RequestError("a transport that fails")

    for name, (connect, call) in CALLS.items():
        script = Script(refuse) if make is HipChat else AsyncScript(refuse)
        client = connect(make, base_url="https://chat.example.com/v2", transport=script)
        error = failure_of(partial(call, client))
        assert isinstance(error, RequestError)
        assert leaks(error) == [], name


MISTAKES: dict[str, Callable[[], Any]] = {
    "a bad token": lambda: HipChat(f"{TOKEN}\n\0", base_url="https://a/v2"),
    "a bad address": lambda: HipChat(TOKEN, base_url="ftp://a"),
    "an unknown option": lambda: HipChat(TOKEN, base_url="https://a/v2", tokn=TOKEN),  # type: ignore[call-arg]  # the mistake
    "a bad header": lambda: HipChat("t", headers={"X": f"{HEADER}\n"}),
    "a client's bad address": lambda: OAuthClient("id", CLIENT_SECRET, base_url="x"),
    "another token": lambda: HipChat("t", base_url="https://a/v2").with_token(
        f"{TOKEN} {TOKEN}"
    ),
    "other options": lambda: HipChat("t", base_url="https://a/v2").with_options(
        headers={"X": f"{HEADER}\n"}
    ),
    "a function's bad token": lambda: HipChat(
        lambda: f"{TOKEN}\n\0", base_url="https://a/v2"
    ).rooms.get_room(1),
    "an async function's bad token": lambda: AsyncHipChat(
        lambda: f"{TOKEN}\n\0", base_url="https://a/v2"
    ).rooms.get_room(1),
    "a bad header of one call": lambda: HipChat("t", base_url="https://a/v2").send(
        GetRoom("ops"), headers={"X": f"{HEADER}\n"}
    ),
    "a method's bad header": lambda: HipChat(
        "t", base_url="https://a/v2"
    ).rooms.get_room("ops", headers={"X": f"{HEADER}\n"}),
    "a message under a misspelt name": lambda: HipChat(
        "t", base_url="https://a/v2"
    ).rooms.send_room_notification("ops", message="hi", mesage=PASSWORD),  # type: ignore[call-arg]  # the mistake
    "a page's bad header": lambda: next(
        HipChat("t", base_url="https://a/v2").pages(
            GetAllRooms(), headers={"X": f"{HEADER}\n"}
        )
    ),
    "a bad start of a history": lambda: HipChat("t", base_url="https://a/v2").history(
        "ops",
        since="yesterday",  # type: ignore[arg-type]  # the mistake
        headers={"X": HEADER},
    ),
    "a bad path": lambda: HipChat(TOKEN, base_url="https://a/v2").rooms.get_room(".."),
    "no token": lambda: HipChat(base_url="https://a/v2").oauth_sessions.delete_session(
        TOKEN
    ),
    "a client's half a character": lambda: OAuthClient(
        "id", f"{CLIENT_SECRET}{HALF}", base_url="https://a/v2"
    ),
    "a password's half a character": lambda: OAuthClient(
        "id", "x", base_url="https://a/v2"
    ).generate_token(
        grant_type="password", username="ann", password=f"{PASSWORD}{HALF}"
    ),
    "a refresh token's half a character": lambda: HipChat(
        OAuthClient("id", "x", base_url="https://a/v2").refresh_token(
            f"{REFRESH}{HALF}"
        ),
        base_url="https://a/v2",
    ).rooms.get_room(1),
    "a path's half a character": lambda: HipChat(
        "t", base_url="https://a/v2"
    ).oauth_sessions.delete_session(f"{TOKEN}{HALF}"),
    "a raw call's half a character": lambda: HipChat(
        "t", base_url="https://a/v2"
    ).raw.oauth_sessions.delete_session(f"{TOKEN}{HALF}"),
    "an async raw call's half a character": lambda: AsyncHipChat(
        "t", base_url="https://a/v2"
    ).raw.oauth_sessions.delete_session(f"{TOKEN}{HALF}"),
    "a raw call's bad header": lambda: HipChat("t", base_url="https://a/v2").send_raw(
        GetRoom("ops"), headers={"X": f"{HEADER}\n"}
    ),
    "a test of rights with half a character": lambda: HipChat(
        "t", base_url="https://a/v2"
    ).auth_test(DeleteSession(f"{TOKEN}{HALF}")),
    "a test of rights with a bad header": lambda: HipChat(
        "t", base_url="https://a/v2"
    ).auth_test(GetRoom("ops"), headers={"X": f"{HEADER}\n"}),
    "half a character by hand": lambda: HipChat("t", base_url="https://a/v2").request(
        "POST", "/x", json={"password": f"{PASSWORD}{HALF}"}
    ),
    "a proxy's half a character": lambda: HipChat(
        "t", base_url="https://a/v2", proxy=f"http://a:{PASSWORD}{HALF}@b"
    ).rooms.get_room(1),
    "a transport's bad proxy": lambda: HttpcoreTransport(
        proxy=f"gopher://a:{PASSWORD}@b"
    ),
    "a transport's bad certificate": lambda: HttpcoreTransport(
        cert=("a", "b", PASSWORD, "c")  # type: ignore[arg-type]  # the mistake
    ),
    "a bad proxy": lambda: HipChat(
        TOKEN, base_url="https://a/v2", proxy=f"gopher://a:{PASSWORD}@b"
    ),
    "a proxy's bad port": lambda: HipChat(
        TOKEN, base_url="https://a/v2", proxy=f"http://a:{PASSWORD}@b:99999"
    ),
    "a hook that fails": lambda: HipChat(
        TOKEN, base_url="https://a/v2", hooks=Hooks(before=lambda _: 1 / 0)
    ).oauth_sessions.delete_session(TOKEN),
    "a store that fails": lambda: OAuthClient(
        "client",
        CLIENT_SECRET,
        base_url="https://a/v2",
        transport=Script(
            lambda _: __import__("tests.scripted").scripted.answer(
                {"access_token": TOKEN, "expires_in": 5}
            )
        ),
    ).client_credentials(on_token=lambda _: 1 / 0)(),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_no_mistake_of_the_caller_leaves_one(name: str) -> None:
    error = failure_of(MISTAKES[name])
    assert isinstance(error, (ValueError, TypeError, ZeroDivisionError))
    assert leaks(error) == []
    shown = [f"{each!r} {each} {pickle.dumps(each)!r}" for each in errors_of(error)]
    assert not any(secret in text for secret in FORBIDDEN for text in shown)


def test_a_transports_settings_show_no_password() -> None:
    settings = HttpcoreTransport(
        proxy=f"http://a:{PASSWORD}@b", cert=("a", "b", PASSWORD)
    )._settings
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize("transport", ["httpcore2", "pycurl"])
def test_an_error_that_a_hook_reports_leaves_none(transport: Any) -> None:
    failures: list[Any] = []
    server = ScriptedServer(reset)
    client = bearer(
        HipChat,
        base_url=f"http://127.0.0.1:{server.port}/v2",
        transport=transport,
        retries=0,
        hooks=Hooks(after=lambda request, outcome, seconds: has_data(outcome)),
    )

    def has_data(outcome: Any) -> None:
        failures.append(outcome)
        # The frames of the call are at work still, and what they hold shows nothing.
        assert leaks(outcome, DEEPEST) == []

    error = failure_of(lambda: client.rooms.get_room(1))
    server.close()
    assert isinstance(error, RequestError)
    assert len(failures) == 1


def test_a_programs_own_frames_keep_their_variables() -> None:
    def own() -> str:
        mine = "my own variable"
        raise LookupError(mine)

    error = failure_of(lambda: HipChat(own, base_url="https://a/v2").rooms.get_room(1))
    assert isinstance(error, LookupError)
    steps = []
    step = error.__traceback__
    while step is not None:
        steps.append(step.tb_frame)
        step = step.tb_next
    assert steps[-1].f_locals["mine"] == "my own variable"


def test_the_lines_of_a_traceback_stay() -> None:
    error = failure_of(lambda: HipChat(TOKEN, base_url="https://a/v2", retries=0))
    assert error is None
    server = ScriptedServer(reset)
    client = bearer(HipChat, base_url=f"http://127.0.0.1:{server.port}/v2", retries=0)
    error = failure_of(lambda: client.rooms.get_room(1))
    server.close()
    assert isinstance(error, RequestError)
    lines = "".join(traceback.format_exception(error))
    for name in ("get_room", "send", "_run", "steps", "deliver"):
        assert f", in {name}\n" in lines


def test_frames_of_an_earlier_error_are_not_cleared() -> None:
    """An earlier error of the program is the context of ours: its frames are the program's."""

    def earlier() -> None:
        mine = "my own variable"
        raise LookupError(mine)

    def later() -> None:
        try:
            earlier()
        except LookupError:
            HipChat(TOKEN, base_url="ftp://a")

    error = failure_of(later)
    assert isinstance(error, ValueError)
    first = error.__context__
    assert isinstance(first, LookupError)
    assert first.__traceback__ is not None
    assert first.__traceback__.tb_next is not None
    assert first.__traceback__.tb_next.tb_frame.f_locals["mine"] == "my own variable"


def test_the_sweep_would_notice() -> None:
    namespace: dict[str, Any] = {"__name__": "hipkit.made_up"}
    lines = ["def fail(token):", " held = [{'a': (token,)}]", " raise ValueError"]
    exec("\n".join(lines), namespace)  # noqa: S102  # A frame that looks like one of hipkit's.
    error = failure_of(lambda: namespace["fail"](TOKEN))
    assert error is not None
    assert {*leaks(error)} == {"fail: token", "fail: held"}
    clear_locals(error)
    assert leaks(error) == []
