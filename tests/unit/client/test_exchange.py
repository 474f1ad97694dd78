"""The exchange, driven by hand: no network, no clock, no sleeping."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hipkit.api.calling import Hooks
from hipkit.api.errors import (
    ApiError,
    BadRequestError,
    ConnectError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    RequestError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    UnauthorizedError,
)
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.api.secret import Secret
from hipkit.client.exchange import Exchange
from hipkit.client.policy import Policy
from hipkit.client.settings import parse_site
from hipkit.client.setup import reveal
from hipkit.client.state import Clock, State
from hipkit.client.steps import GetToken, Outcome, Pause, Send, Steps
from hipkit.transports.protocol import (
    RawResponse,
    Request,
    TransportError,
    TransportErrorKind,
)

T = TypeVar("T")

TOKEN = "s3cretTokenOfFortyCharacters"
NOW = 1_500_000_000.0


class Thing(Model, frozen=True, omit_defaults=True):
    id: int
    name: str | None = None


class GetThing(Operation[Thing], frozen=True):
    operation_id = "get_thing"
    tag = "Things"
    method = "GET"
    path = "/thing/{thing_id}"
    scopes = ("view_things",)
    result = Thing

    thing_id: str | int


class PostThing(Operation[None], frozen=True):
    operation_id = "post_thing"
    tag = "Things"
    method = "POST"
    path = "/thing"
    members: ClassVar[dict[str, str]] = {"message": "message"}
    body_kind = "json"

    message: str


class OpenThing(Operation[object], frozen=True):
    operation_id = "open_thing"
    tag = "Things"
    method = "GET"
    path = "/open"
    auth = "none"
    result = object


class GetWithHeader(GetThing, frozen=True, kw_only=True):
    header: ClassVar[dict[str, str]] = {"thing_id": "X-Thing"}


class PutFile(Operation[None], frozen=True):
    operation_id = "put_file"
    tag = "Things"
    method = "PUT"
    path = "/file"
    members: ClassVar[dict[str, str]] = {"file": "file"}
    body_kind = "related"

    file: bytes


class FakeClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.passed = 0.0

    def as_clock(self, chance: float = 0.5) -> Clock:
        return Clock(
            monotonic=lambda: self.passed,
            now=lambda: NOW + self.passed,
            random=lambda: chance,
        )


class Driver:
    """Does what an exchange asks from a list of prepared outcomes, and writes it down."""

    def __init__(
        self,
        *outcomes: RawResponse | TransportError,
        tokens: tuple[str, ...] = (),
        provider: bool = False,
    ) -> None:
        self.clock = FakeClock()
        self.outcomes = list(outcomes)
        self.tokens = list(tokens)
        self.requests: list[Request] = []
        self.pauses: list[Pause] = []
        self.rejected: list[str | None] = []
        self.state = State(
            site=parse_site("https://chat.example.com/v2", allow_http=False),
            user_agent="hipkit/test",
            token_variable="HIPCHAT_TOKEN",
            authorization=None if provider or tokens else Secret(f"Bearer {TOKEN}"),
            has_provider=provider or bool(tokens),
            clock=self.clock.as_clock(),
        )

    def run(self, steps: Steps[T]) -> T:
        outcome: Secret | Outcome | None = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, Send):
                    self.requests.append(step.request)
                    outcome = self.outcomes.pop(0)
                elif isinstance(step, GetToken):
                    self.rejected.append(reveal(step.rejected))
                    outcome = Secret(self.tokens.pop(0))
                else:
                    self.pauses.append(step)
                    self.clock.passed += step.seconds
                    outcome = None
        except StopIteration as done:
            result: T = done.value
            return result


def json(status: int, body: str, **headers: str) -> RawResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawResponse(
        status, {"content-type": "application/json", **named}, body.encode()
    )


def refused(status: int, message: str, **headers: str) -> RawResponse:
    error = {"code": status, "type": "T", "message": message}
    return json(status, msgspec.json.encode({"error": error}).decode(), **headers)


def failure(kind: TransportErrorKind, *, arrived: bool) -> TransportError:
    return TransportError(kind, f"a {kind} failure", may_have_arrived=arrived)


OK = json(200, '{"id": 1}')
POLICY = Policy()


def call(driver: Driver, operation: Operation[T], policy: Policy = POLICY) -> T:
    state = replace(driver.state, policy=policy)
    return driver.run(Exchange(operation, state).steps())


def test_a_call_sends_token_and_reads_the_answer() -> None:
    driver = Driver(OK)
    assert call(driver, GetThing("a/b c")) == Thing(1)
    (request,) = driver.requests
    assert (request.method, request.target) == ("GET", "/v2/thing/a%2Fb%20c")
    assert dict(request.headers)["Authorization"] == f"Bearer {TOKEN}"


def test_an_operation_that_needs_no_token_never_sends_one() -> None:
    driver = Driver(json(200, "{}"))
    call(driver, OpenThing())
    assert "Authorization" not in dict(driver.requests[0].headers)


def test_without_a_token_the_error_says_what_is_missing_and_nothing_is_sent() -> None:
    driver = Driver()
    driver.state = replace(driver.state, authorization=None)
    with pytest.raises(ValueError, match="HIPCHAT_TOKEN"):
        call(driver, GetThing(1))
    assert driver.requests == []


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_segment_that_would_call_another_operation_is_refused_before_anything_is_sent(
    name: str,
) -> None:
    driver = Driver()
    with pytest.raises(ValueError, match="another operation"):
        call(driver, GetThing(name))
    assert driver.requests == []


@pytest.mark.parametrize("kind", ["timeout", "broken", "garbage"])
def test_a_post_that_may_have_arrived_is_not_sent_again(
    kind: TransportErrorKind,
) -> None:
    driver = Driver(failure(kind, arrived=True))
    with pytest.raises(RequestError) as caught:
        call(driver, PostThing("hello there, everyone"))
    assert caught.value.may_have_arrived
    assert len(driver.requests) == 1


def test_a_post_that_surely_did_not_arrive_is_sent_again() -> None:
    driver = Driver(failure("connect", arrived=False), json(200, ""))
    call(driver, PostThing("hello"))
    assert len(driver.requests) == 2


def test_a_get_is_sent_again_whatever_happened() -> None:
    driver = Driver(
        failure("broken", arrived=True), failure("garbage", arrived=True), OK
    )
    assert call(driver, GetThing(1)) == Thing(1)


def test_retries_are_bounded_and_the_last_failure_is_raised() -> None:
    driver = Driver(*[failure("connect", arrived=False)] * 4)
    with pytest.raises(ConnectError) as caught:
        call(driver, GetThing(1), Policy(retries=3))
    assert len(driver.requests) == 4
    assert not caught.value.may_have_arrived
    assert caught.value.operation == GetThing(1)


def test_retries_0_sends_once() -> None:
    for outcome in (
        failure("connect", arrived=False),
        refused(429, "slow", retry_after="1"),
        refused(503, "later"),
    ):
        driver = Driver(outcome)
        with pytest.raises((RequestError, ApiError)):
            call(driver, GetThing(1), Policy(retries=0))
        assert len(driver.requests) == 1


def test_a_timeout_has_its_own_class() -> None:
    with pytest.raises(RequestTimeoutError):
        call(Driver(failure("timeout", arrived=True)), PostThing("x"))


def test_an_answer_too_large_is_not_asked_for_again() -> None:
    driver = Driver(failure("too_large", arrived=True))
    with pytest.raises(ResponseError):
        call(driver, GetThing(1))
    assert len(driver.requests) == 1


def test_backing_off_has_full_jitter_and_grows() -> None:
    driver = Driver(*[failure("connect", arrived=False)] * 3, OK)
    call(driver, GetThing(1))
    assert [pause.seconds for pause in driver.pauses] == [0.25, 0.5, 1.0]


def test_a_429_waits_until_the_reset_and_goes_on_also_for_a_post() -> None:
    reset = str(NOW + 7)
    driver = Driver(
        refused(
            429,
            "Rate Limit exceeded",
            x_ratelimit_remaining="0",
            x_ratelimit_reset=reset,
        ),
        json(200, ""),
    )
    call(driver, PostThing("hello"))
    assert 7 <= driver.pauses[0].seconds <= 8


def test_a_small_reset_is_a_number_of_seconds() -> None:
    driver = Driver(
        refused(429, "slow", x_ratelimit_remaining="0", x_ratelimit_reset="60"), OK
    )
    call(driver, GetThing(1))
    assert 60 <= driver.pauses[0].seconds <= 61


def test_a_429_beyond_the_deadline_raises_at_once_with_retry_at() -> None:
    driver = Driver(
        refused(
            429,
            "Rate Limit exceeded",
            x_ratelimit_remaining="0",
            x_ratelimit_reset=str(NOW + 500),
        )
    )
    with pytest.raises(RateLimitError) as caught:
        call(driver, GetThing(1))
    assert driver.pauses == []
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == NOW + 500


@pytest.mark.parametrize("reset", ["nan", "inf", "-1", "1e308", "soon", ""])
def test_an_absurd_reset_does_no_harm(reset: str) -> None:
    driver = Driver(
        *[refused(429, "slow", x_ratelimit_remaining="0", x_ratelimit_reset=reset)] * 4
    )
    with pytest.raises(RateLimitError):
        call(driver, GetThing(1))
    assert driver.clock.passed < 120


def test_a_post_is_repeated_after_503_only_when_the_server_says_when() -> None:
    silent = Driver(refused(503, "down"))
    with pytest.raises(ServerError):
        call(silent, PostThing("hello"))
    telling = Driver(refused(503, "down", retry_after="2"), json(200, ""))
    call(telling, PostThing("hello"))
    assert (len(silent.requests), len(telling.requests)) == (1, 2)


def test_500_is_not_repeated() -> None:
    driver = Driver(refused(500, "oops"))
    with pytest.raises(ServerError):
        call(driver, GetThing(1))
    assert len(driver.requests) == 1


def test_pacing_waits_before_a_call_that_would_be_refused() -> None:
    spent = json(
        200,
        '{"id": 1}',
        x_ratelimit_limit="100",
        x_ratelimit_remaining="0",
        x_ratelimit_reset=str(NOW + 9),
    )
    driver = Driver(spent, OK)
    call(driver, GetThing(1), Policy(pace=True))
    assert driver.pauses == []
    call(driver, GetThing(1), Policy(pace=True))
    assert driver.pauses[0].seconds == 9
    rate = driver.state.limits.read().rate
    assert rate is not None
    assert rate.limit == 100


def test_limits_stay_when_an_answer_tells_none() -> None:
    shown = json(
        200,
        '{"id": 1}',
        x_ratelimit_limit="100",
        x_ratelimit_remaining="7",
        x_ratelimit_reset="1500000100.5",
    )
    driver = Driver(shown, OK)
    call(driver, GetThing(1))
    call(driver, GetThing(1))
    rate = driver.state.limits.read().rate
    assert rate is not None
    assert rate.remaining == 7


def test_a_refused_token_is_renewed_once_and_the_call_repeated() -> None:
    driver = Driver(
        refused(401, "Invalid OAuth session"), json(200, ""), tokens=("old", "new")
    )
    call(driver, PostThing("hello"))
    assert driver.rejected == [None, "old"]
    assert [dict(each.headers)["Authorization"] for each in driver.requests] == [
        "Bearer old",
        "Bearer new",
    ]


def test_a_function_that_gives_the_refused_token_again_ends_the_call() -> None:
    driver = Driver(refused(401, "Invalid OAuth session"), tokens=("old", "old"))
    with pytest.raises(UnauthorizedError):
        call(driver, GetThing(1))
    assert len(driver.requests) == 1


def test_a_second_refusal_is_final() -> None:
    driver = Driver(*[refused(401, "Invalid OAuth session")] * 2, tokens=("old", "new"))
    with pytest.raises(UnauthorizedError):
        call(driver, GetThing(1))


def test_raw_gives_any_status_with_the_token_hidden() -> None:
    driver = Driver(refused(404, "Room not found"))
    response = driver.run(Exchange(GetThing("ops"), driver.state).raw_steps())
    assert response.status == 404
    assert response.request.url == "https://chat.example.com/v2/thing/ops"
    assert response.request.headers["authorization"] == "***"
    assert TOKEN not in repr(response)


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(ResponseError, match="302"):
        call(
            Driver(RawResponse(302, {"location": "https://elsewhere.example"})),
            GetThing(1),
        )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, UnauthorizedError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (500, ServerError),
    ],
)
def test_every_status_has_its_error(status: int, kind: type[ApiError]) -> None:
    with pytest.raises(kind) as caught:
        call(Driver(refused(status, "no")), GetThing("ops"))
    assert caught.value.status == status
    assert caught.value.message == "no"
    assert str(caught.value).startswith(f"GET /thing/ops: {status}")


def test_hooks_see_every_attempt_and_every_wait_and_no_secret() -> None:
    seen: list[str] = []
    hooks = Hooks(
        before=lambda request: seen.append(f"before {request}"),
        after=lambda request, outcome, seconds: seen.append(f"after {outcome}"),
        wait=lambda seconds, reason: seen.append(f"wait {reason}"),
    )
    driver = Driver(failure("connect", arrived=False), json(200, ""))
    call(
        driver,
        PostThing("the plan for tomorrow"),
        Policy(hooks=hooks, headers={"X-Key": "hunter2hunter2"}),
    )
    assert [line.split()[0] for line in seen] == [
        "before",
        "after",
        "wait",
        "before",
        "after",
    ]
    for secret in (TOKEN, "the plan for tomorrow", "hunter2hunter2"):
        assert secret not in str(seen)


def test_a_header_with_a_line_end_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="X-A") as caught:
        Policy(headers={"X-A": "a\r\nEvil: b"})
    assert "Evil" not in str(caught.value)


FAULTS = st.builds(
    failure,
    st.sampled_from(["connect", "timeout", "broken", "garbage", "too_large"]),
    arrived=st.booleans(),
)
REPLIES = st.builds(
    lambda status, body, reset, remaining, after: RawResponse(
        status,
        {
            name: value
            for name, value in (
                ("x-ratelimit-reset", reset),
                ("x-ratelimit-remaining", remaining),
                ("retry-after", after),
            )
            if value is not None
        },
        body,
    ),
    st.sampled_from([200, 204, 302, 400, 401, 403, 429, 500, 502, 503]),
    st.one_of(st.binary(max_size=20), st.just(b'{"id": 1}')),
    st.one_of(st.none(), st.text(max_size=8), st.floats().map(str)),
    st.one_of(st.none(), st.text(max_size=3), st.integers().map(str)),
    st.one_of(st.none(), st.text(max_size=8), st.integers().map(str)),
)


@given(
    outcomes=st.lists(st.one_of(FAULTS, REPLIES), min_size=12, max_size=12),
    retries=st.integers(0, 5),
    deadline=st.one_of(st.none(), st.floats(0.1, 1000)),
    post=st.booleans(),
    pace=st.booleans(),
)
def test_an_exchange_always_ends_within_its_bounds(
    outcomes: list[RawResponse | TransportError],
    retries: int,
    deadline: float | None,
    post: bool,
    pace: bool,
) -> None:
    driver = Driver(*outcomes, tokens=("one", "two"))
    operation: Operation[object] = PostThing("hello") if post else GetThing(1)
    with suppress(RequestError, ApiError, ResponseError):
        call(driver, operation, Policy(retries=retries, deadline=deadline, pace=pace))
    assert len(driver.requests) <= retries + 2
    if deadline is not None:
        assert driver.clock.passed <= deadline
    if post:
        risky = [
            each
            for each in outcomes[: len(driver.requests) - 1]
            if isinstance(each, TransportError) and each.may_have_arrived
        ]
        assert risky == []


class Sink:
    def __init__(self, restartable: bool) -> None:
        self.restartable = restartable
        self.restarts = 0

    def __call__(self, piece: bytes) -> None:
        raise AssertionError

    def restart(self) -> bool:
        self.restarts += 1
        return self.restartable


@pytest.mark.parametrize("restartable", [True, False])
def test_a_download_is_repeated_only_if_its_target_can_start_over(
    restartable: bool,
) -> None:
    driver = Driver(failure("broken", arrived=True), OK)
    sink = Sink(restartable)
    if restartable:
        driver.run(Exchange(GetThing(1), driver.state, sink=sink).deliver())
    else:
        with pytest.raises(RequestError):
            driver.run(Exchange(GetThing(1), driver.state, sink=sink).deliver())
    assert sink.restarts == 1


def test_a_path_argument_has_to_be_given() -> None:
    driver = Driver()
    with pytest.raises(TypeError, match="thing_id is None"):
        call(driver, GetThing(None))  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(ValueError, match="thing_id has half of a surrogate pair"):
        call(driver, GetThing("\ud800"))
    assert driver.requests == []


# --- the first request without the generator ------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "plain"),
    [
        (Policy(), True),
        (Policy(retries=0, deadline=None, headers={"X-A": "b"}), True),
        (Policy(hooks=Hooks(wait=lambda *_: None)), True),
        (Policy(hooks=Hooks(before=lambda _: None)), False),
        (Policy(hooks=Hooks(after=lambda *_: None)), False),
        (Policy(pace=True), False),
    ],
)
def test_a_call_is_plain_if_nothing_precedes_its_request(
    policy: Policy, plain: bool
) -> None:
    state = replace(Driver().state, policy=policy)
    assert Exchange(GetThing(1), state).is_plain is plain
    assert not Exchange(GetThing(1), Driver(provider=True).state).is_plain


def test_a_call_that_is_logged_is_not_plain(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="hipkit"):
        assert not Exchange(GetThing(1), Driver().state).is_plain


def test_the_headers_of_a_client_are_made_once_for_each_kind_of_body() -> None:
    state = Driver().state
    first, again = (Exchange(GetThing(n), state).next_request() for n in (1, 2))
    post, post_again = (
        Exchange(PostThing(text), state).next_request() for text in "ab"
    )
    assert first.headers is again.headers
    assert post.headers is post_again.headers
    assert dict(post.headers) == {
        **dict(first.headers),
        "Content-Type": "application/json",
    }


def test_headers_are_not_taken_from_another_state() -> None:
    state = Driver().state
    Exchange(GetThing(1), state).next_request()
    for other in (
        replace(state, authorization=Secret("Bearer another")),
        state.with_options({"headers": {"X-A": "b"}}),
    ):
        assert other.headers == {}
    assert state.with_options({}) is state


def test_headers_that_vary_are_not_kept() -> None:
    state = Driver().state
    for each in range(3):
        Exchange(GetWithHeader(f"s3cret{each}"), state).next_request()
        Exchange(PutFile(b"content"), state).next_request()
        Exchange(OpenThing(), state).next_request()
    assert state.headers == {}


def test_headers_of_the_caller_are_read_for_every_request() -> None:
    headers = {"X-Trace": "1"}
    state = Driver().state.with_options({"headers": headers})
    sent = []
    for trace in "12":
        headers["X-Trace"] = trace
        sent.append(Exchange(GetThing(1), state).next_request())
    assert [dict(each.headers)["X-Trace"] for each in sent] == ["1", "2"]
    assert state.headers == {}


def test_the_token_of_a_provider_is_not_kept() -> None:
    driver = Driver(OK, OK, tokens=("one", "two"))
    for token in ("one", "two"):
        call(driver, GetThing(1))
        assert dict(driver.requests[-1].headers)["Authorization"] == f"Bearer {token}"
    assert driver.state.headers == {}
