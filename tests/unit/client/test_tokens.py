"""Getting tokens, keeping them fresh, and once for everybody who waits."""

from __future__ import annotations

import asyncio
import itertools
import threading
import traceback
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hipkit import (
    AsyncOAuthClient,
    AsyncTokenProvider,
    ConnectError,
    OAuthClient,
    TokenProvider,
    UnauthorizedError,
)
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)
from hipkit.v2 import GenerateToken
from hipkit.v2.models import Token
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
    failure,
    headers_of,
    script_for,
)

both = pytest.mark.parametrize("kind", KINDS)
CLIENT_ID = "c1f6-client"
CLIENT_SECRET = "s3cret:ClientSecret/ü"
BASIC = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()


def issued(name: str, expires_in: int = 3600, **members: object) -> RawResponse:
    return answer({"access_token": name, "expires_in": expires_in, **members})


def oauth(kind: Kind, script: Any, **options: Any) -> Any:
    """Make an OAuth client of either kind on a script."""
    options = {"base_url": BASE_URL, **options}
    if kind == "sync":
        return OAuthClient(CLIENT_ID, CLIENT_SECRET, transport=script, **options)
    return AsyncOAuthClient(CLIENT_ID, CLIENT_SECRET, transport=script, **options)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Issuer:
    """Answers the token operation with `token1`, `token2` ..., and all else with a room."""

    def __init__(self, expires_in: int = 3600, **members: Callable[[], object]) -> None:
        self.expires_in = expires_in
        self.members = members
        self.numbers = itertools.count(1)
        self.grants: list[dict[str, str]] = []
        self.refused: set[str] = set()
        self.lock = threading.Lock()

    def __call__(self, request: Request) -> RawResponse | TransportError:
        if request.target.endswith("/oauth/token"):
            assert isinstance(request.content, bytes)
            with self.lock:
                self.grants.append(dict(parse_qsl(request.content.decode())))
                number = next(self.numbers)
            members = {name: make() for name, make in self.members.items()}
            return issued(f"token{number}", self.expires_in, **members)
        if headers_of(request)["authorization"].removeprefix("Bearer ") in self.refused:
            return error_answer(401, "Invalid OAuth session")
        return answer({"id": 7})


# --- the token operations -----------------------------------------------------------------------

GRANTS: list[dict[str, object]] = [
    {"grant_type": "client_credentials"},
    {"grant_type": "client_credentials", "scope": "send_notification view_room"},
    {"grant_type": "client_credentials", "username": "jane@example.com"},
    {
        "grant_type": "authorization_code",
        "code": "c/o+d=e",
        "redirect_uri": "https://example.com/back?a=1&b=2",
        "user_id": 1,
        "group_id": 2,
        "client_name": "Mein Klient",
    },
    {"grant_type": "refresh_token", "refresh_token": "r/e+f=r"},
    {"grant_type": "password", "username": "jane", "password": "p&ä=s s+w%rd"},
    {"grant_type": "personal"},
    {"grant_type": "room_notification"},
]


@pytest.mark.parametrize("grant", GRANTS, ids=str)
@both
def test_every_grant_goes_as_a_form_with_the_clients_own_name_and_secret(
    kind: Kind, grant: dict[str, Any]
) -> None:
    script = script_for(kind, issued("t", scope="a b", refresh_token="r"))
    token = done(oauth(kind, script).generate_token(**grant))
    assert isinstance(token, Token)
    assert (token.access_token, token.refresh_token) == ("t", "r")
    (request,) = script.requests
    headers = headers_of(request)
    assert (request.method, request.target) == ("POST", "/v2/oauth/token")
    assert headers["authorization"] == BASIC
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    sent = dict(parse_qsl(script.bodies[0].decode(), strict_parsing=True))
    assert sent == {name: str(value) for name, value in grant.items()}


@both
def test_a_token_is_looked_up_and_revoked_by_its_own_right(kind: Kind) -> None:
    session = answer({"access_token": "t/1", "scopes": ["view_room"]})
    script = script_for(kind, session, answer(None, 204))
    client = oauth(kind, script)
    assert done(client.get_session("t/1")).scopes == ["view_room"]
    assert done(client.delete_session("t/1")) is None
    get, delete = script.requests
    assert (get.method, get.target) == ("GET", "/v2/oauth/token/t%2F1")
    assert (delete.method, delete.target) == ("DELETE", "/v2/oauth/token/t%2F1")
    assert headers_of(get)["authorization"] == "Bearer t/1"
    assert headers_of(delete)["authorization"] == "Bearer t/1"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ((None, "word"), "client_id"),
        (("me", None), "client_secret"),
        ((b"me", "x"), "client_id"),
    ],
)
@both
def test_a_client_that_is_not_set_is_a_mistake(
    kind: Kind, given: tuple[Any, Any], name: str
) -> None:
    make: Any = OAuthClient if kind == "sync" else AsyncOAuthClient
    with pytest.raises(TypeError, match=f"{name} must be a string, not"):
        make(*given, base_url=BASE_URL, transport=script_for(kind))


@both
def test_a_token_in_the_environment_is_none_of_an_oauth_clients_business(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIPCHAT_TOKEN", "fromTheEnvironment")
    monkeypatch.setenv("HIPCHAT_BASE_URL", "https://env.example.com/v2")
    script = script_for(kind, issued("t"))
    done(oauth(kind, script, base_url=None).generate_token(grant_type="personal"))
    assert headers_of(script.requests[0])["authorization"] == BASIC
    assert script.requests[0].host == "env.example.com"


@both
def test_a_client_that_was_removed_is_unauthorized_and_asked_once(kind: Kind) -> None:
    script = script_for(
        kind, error_answer(401, f"bad client {CLIENT_ID} {CLIENT_SECRET}")
    )
    with pytest.raises(UnauthorizedError) as caught:
        done(oauth(kind, script).generate_token(grant_type="client_credentials"))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "s3cret" not in shown
    assert len(script.requests) == 1


@both
def test_an_ordinary_client_may_ask_for_tokens_too(kind: Kind) -> None:
    script = script_for(kind, lambda _: issued("t"))
    for token in (None, "apiToken"):
        client = connect(kind, script, token)
        done(client.oauth_sessions.generate_token(grant_type="personal"))
    without, with_token = map(headers_of, script.requests)
    assert "authorization" not in without
    assert with_token["authorization"] == "Bearer apiToken"


def test_leaving_the_block_closes_an_oauth_client() -> None:
    script = Script()
    with oauth("sync", script):
        pass
    assert script.closed
    async_script = AsyncScript()

    async def run() -> None:
        async with oauth("async", async_script):
            pass

    asyncio.run(run())
    assert async_script.closed


@both
def test_nothing_secret_is_shown(kind: Kind) -> None:
    client = oauth(kind, script_for(kind))
    provider = client.refresh_token("s3cretRefresh", access_token="s3cretAccess")
    shown = repr([client, provider, client.client_credentials()])
    shown += repr(GenerateToken(grant_type="password", password="s3cretWord"))
    shown += repr(Token(access_token="s3cretA", expires_in=1, refresh_token="s3cretR"))
    assert "s3cret" not in shown


# --- providers ----------------------------------------------------------------------------------


@both
def test_a_provider_fetches_when_first_asked_and_then_keeps(kind: Kind) -> None:
    issuer = Issuer()
    script = script_for(kind, issuer)
    provider = oauth(kind, script).client_credentials(scope="view_room")
    assert script.requests == []
    client = connect(kind, script, provider)
    for _ in range(3):
        done(client.rooms.get_room(1))
    assert issuer.grants == [{"grant_type": "client_credentials", "scope": "view_room"}]
    sent = {headers_of(each)["authorization"] for each in script.requests[1:]}
    assert sent == {"Bearer token1"}


def make_provider(
    kind: Kind, script: Any, grant: GenerateToken | None = None, **options: Any
) -> Any:
    client = connect(kind, script, None, authorization=BASIC, retries=0)
    grant = grant or GenerateToken(grant_type="client_credentials")
    make = TokenProvider if kind == "sync" else AsyncTokenProvider
    return make(client.send, grant, **options)


@both
def test_a_token_is_renewed_a_minute_before_its_end(kind: Kind) -> None:
    clock, issuer = Clock(), Issuer(expires_in=3600)
    provider = make_provider(kind, script_for(kind, issuer), clock=clock)
    assert done(provider()) == "token1"
    clock.now += 3539
    assert done(provider()) == "token1"
    clock.now += 1
    assert done(provider()) == "token2"
    assert done(provider()) == "token2"


@both
def test_a_short_life_is_used_by_half(kind: Kind) -> None:
    clock, issuer = Clock(), Issuer(expires_in=20)
    provider = make_provider(kind, script_for(kind, issuer), clock=clock)
    assert done(provider()) == "token1"
    clock.now += 9.9
    assert done(provider()) == "token1"
    clock.now += 0.1
    assert done(provider()) == "token2"


@both
def test_a_life_of_any_length_is_one(kind: Kind) -> None:
    for digits in (30, 400, 3_000):
        body = b'{"access_token": "long", "expires_in": 1' + b"0" * digits + b"}"
        script = script_for(kind, answer(body))
        provider = make_provider(kind, script, clock=Clock())
        assert done(provider()) == done(provider()) == "long"
        assert len(script.requests) == 1


@pytest.mark.parametrize("expires_in", [0, -1])
@both
def test_a_token_without_any_life_left_is_used_for_its_one_call(
    kind: Kind, expires_in: int
) -> None:
    issuer = Issuer(expires_in=expires_in)
    provider = make_provider(kind, script_for(kind, issuer), clock=Clock())
    assert [done(provider()), done(provider())] == ["token1", "token2"]


@both
def test_the_time_that_fetching_took_counts_as_part_of_the_tokens_life(
    kind: Kind,
) -> None:
    clock = Clock()

    def slow(_: Request) -> RawResponse:
        clock.now += 100
        return issued("token", 200)

    provider = make_provider(kind, script_for(kind, slow), clock=clock)
    done(provider())
    clock.now += 39
    done(provider())
    assert clock.now == 1139
    clock.now += 1
    done(provider())
    assert clock.now == 1240


@both
def test_a_refused_token_is_renewed_once_and_the_call_repeated(kind: Kind) -> None:
    issuer = Issuer()
    issuer.refused.add("token1")
    script = script_for(kind, issuer)
    client = connect(kind, script, oauth(kind, script).client_credentials())
    assert done(client.rooms.get_room(1)).id == 7
    assert len(issuer.grants) == 2
    issuer.refused.update({"token2", "token3"})
    with pytest.raises(UnauthorizedError):
        done(client.rooms.get_room(1))
    assert len(issuer.grants) == 3


@both
def test_a_refusal_of_an_older_token_does_not_cost_a_new_one(kind: Kind) -> None:
    issuer = Issuer()
    provider = make_provider(kind, script_for(kind, issuer))
    assert done(provider()) == "token1"
    assert done(provider("token1")) == "token2"
    assert done(provider("token1")) == "token2"
    assert len(issuer.grants) == 2


@both
def test_a_known_token_is_used_until_it_is_refused(kind: Kind) -> None:
    issuer = Issuer()
    issuer.refused.add("known")
    script = script_for(kind, issuer)
    provider = oauth(kind, script).refresh_token("r0", access_token="known")
    assert done(provider()) == "known"
    assert done(connect(kind, script, provider).rooms.get_room(1)).id == 7
    assert issuer.grants == [{"grant_type": "refresh_token", "refresh_token": "r0"}]


@both
def test_a_refresh_token_that_was_replaced_is_used_next_time(kind: Kind) -> None:
    fresh = iter(["r1", None, "r3"])
    issuer = Issuer(refresh_token=lambda: next(fresh))
    provider = make_provider(
        kind,
        script_for(kind, issuer),
        GenerateToken(grant_type="refresh_token", refresh_token="r0"),
    )
    for rejected in (None, "token1", "token2"):
        done(provider(rejected))
    assert [each["refresh_token"] for each in issuer.grants] == ["r0", "r1", "r1"]


@both
def test_the_refresh_token_of_another_grant_is_not_mixed_in(kind: Kind) -> None:
    issuer = Issuer(refresh_token=lambda: "r")
    provider = make_provider(kind, script_for(kind, issuer))
    done(provider())
    done(provider("token1"))
    assert issuer.grants == [{"grant_type": "client_credentials"}] * 2


@both
def test_every_new_token_is_handed_on_once(kind: Kind) -> None:
    stored: list[Token] = []
    issuer = Issuer(refresh_token=lambda: "r")
    script = script_for(kind, issuer)
    provider = oauth(kind, script).client_credentials(on_token=stored.append)
    done(provider())
    done(provider())
    done(provider("token1"))
    assert [each.access_token for each in stored] == ["token1", "token2"]
    assert {each.refresh_token for each in stored} == {"r"}


def test_a_coroutine_function_may_store_tokens_where_there_is_a_loop() -> None:
    stored: list[str] = []

    async def store(token: Token) -> None:
        await asyncio.sleep(0)
        stored.append(token.access_token)

    client = oauth("async", AsyncScript(Issuer()))
    done(client.client_credentials(on_token=store)())
    done(client.refresh_token("r", on_token=store)())
    assert stored == ["token1", "token2"]


@both
def test_a_store_that_fails_says_so_and_the_token_is_not_lost(kind: Kind) -> None:
    def store(token: Token) -> None:
        raise OSError("the disk is full")

    issuer = Issuer()
    provider = make_provider(kind, script_for(kind, issuer), on_token=store)
    with pytest.raises(OSError, match="disk"):
        done(provider())
    assert done(provider()) == "token1"
    assert len(issuer.grants) == 1


@both
def test_a_failed_fetch_fails_the_call_and_the_next_call_tries_again(
    kind: Kind,
) -> None:
    script = script_for(
        kind, failure("connect", arrived=False), error_answer(401), issued("token")
    )
    provider = make_provider(kind, script)
    with pytest.raises(ConnectError):
        done(provider())
    with pytest.raises(UnauthorizedError):
        done(provider())
    assert done(provider()) == "token"


@both
def test_the_error_of_a_fetch_names_the_token_operation(kind: Kind) -> None:
    script = script_for(kind, error_answer(401, "gone"))
    client = connect(kind, script, oauth(kind, script).client_credentials())
    with pytest.raises(UnauthorizedError, match="POST /oauth/token: 401") as caught:
        done(client.rooms.get_room(1))
    assert isinstance(caught.value.operation, GenerateToken)


def test_a_provider_that_blocks_refuses_what_nobody_would_await() -> None:
    async def store(token: Token) -> None:
        raise AssertionError("never called")

    client = oauth("sync", Script())
    with pytest.raises(TypeError, match=r"on_token.*AsyncOAuthClient"):
        client.client_credentials(on_token=store)
    with pytest.raises(TypeError, match=r"on_token.*AsyncOAuthClient"):
        client.refresh_token("r", on_token=store)
    grant = GenerateToken(grant_type="client_credentials")
    with pytest.raises(TypeError, match=r"send.*AsyncOAuthClient"):
        TokenProvider(connect("async", AsyncScript()).send, grant)


# --- many at once -------------------------------------------------------------------------------


def together(count: int, work: Callable[[], object]) -> list[object]:
    """Run the same in many threads at once; return what each returned or raised."""
    ready = threading.Barrier(count)
    found: list[object] = []

    def run() -> None:
        ready.wait()
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_many_threads_cause_one_fetch() -> None:
    issuer = Issuer()
    provider = make_provider("sync", Script(issuer))
    assert together(20, provider) == ["token1"] * 20
    assert len(issuer.grants) == 1


def test_many_threads_with_a_refused_token_cause_one_renewal() -> None:
    issuer = Issuer()
    script = Script(issuer)
    provider = make_provider("sync", script)
    client = connect("sync", script, provider)
    client.rooms.get_room(1)
    issuer.refused.add("token1")
    rooms = together(20, lambda: client.rooms.get_room(1).id)
    assert rooms == [7] * 20
    assert len(issuer.grants) == 2


def test_many_threads_that_wait_for_a_fetch_share_its_failure() -> None:
    """One after the other they would wait for the same time-out again, each behind the last."""
    waiting = threading.Semaphore(0)

    class Slow(Script):
        def send(
            self, request: Request, options: Options, sink: Sink | None = None
        ) -> RawResponse:
            for _ in range(19):
                assert waiting.acquire(timeout=10)
            return super().send(request, options, sink)

    class Lock:
        """A lock that tells when somebody is about to wait for it."""

        def __init__(self) -> None:
            self.lock = threading.Lock()

        def __enter__(self) -> None:
            if not self.lock.acquire(blocking=False):
                waiting.release()
                self.lock.acquire()

        def __exit__(self, *_: object) -> None:
            self.lock.release()

    script = Slow(*[failure("timeout")] * 20, issued("late"))
    provider = make_provider("sync", script)
    provider._lock = Lock()
    errors = together(20, provider)
    assert len(script.requests) == 1
    assert {type(error).__name__ for error in errors} == {"RequestTimeoutError"}


def test_many_tasks_cause_one_fetch() -> None:
    issuer = Issuer()
    provider = make_provider("async", AsyncScript(issuer))

    async def run() -> list[Any]:
        return list(await asyncio.gather(*(provider() for _ in range(20))))

    assert asyncio.run(run()) == ["token1"] * 20
    assert len(issuer.grants) == 1


def test_many_tasks_with_a_refused_token_cause_one_renewal() -> None:
    issuer = Issuer()
    issuer.refused.add("token1")
    script = AsyncScript(issuer)
    client = connect("async", script, make_provider("async", script))

    async def run() -> list[int]:
        rooms = await asyncio.gather(*(client.rooms.get_room(1) for _ in range(20)))
        return [room.id for room in rooms]

    assert asyncio.run(run()) == [7] * 20
    assert len(issuer.grants) == 2


def test_many_tasks_that_wait_for_a_fetch_share_its_failure() -> None:
    script = AsyncScript(failure("timeout"), issued("late"))
    provider = make_provider("async", script)

    async def run() -> list[object]:
        calls = (provider() for _ in range(20))
        first = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error).__name__ for error in first} == {"RequestTimeoutError"}
        return [await provider()]

    assert asyncio.run(run()) == ["late"]
    assert len(script.requests) == 2


def test_when_the_fetching_task_is_cancelled_another_takes_over() -> None:
    async def run() -> None:
        started = asyncio.Event()
        numbers = itertools.count(1)

        class Hanging(AsyncScript):
            async def send(
                self, request: Request, options: Options, sink: Sink | None = None
            ) -> RawResponse:
                number = next(numbers)
                if number == 1:
                    started.set()
                    await asyncio.Event().wait()
                return issued(f"token{number}")

        provider = make_provider("async", Hanging())
        first = asyncio.create_task(provider())
        await started.wait()
        others = [asyncio.create_task(provider()) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()
        assert await asyncio.gather(*others) == ["token2"] * 5
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(run())


def test_a_provider_serves_one_event_loop_after_another() -> None:
    issuer = Issuer()
    provider = make_provider("async", AsyncScript(issuer))

    async def run(rejected: str | None) -> list[Any]:
        return list(await asyncio.gather(*(provider(rejected) for _ in range(3))))

    assert asyncio.run(run(None)) == ["token1"] * 3
    assert asyncio.run(run("token1")) == ["token2"] * 3
