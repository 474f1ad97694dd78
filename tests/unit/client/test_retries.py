"""The rules of retries; `test_exchange.py` shows how a call applies them."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest

from hipkit.api.bodies.files import File
from hipkit.api.bodies.multipart import RelatedBody
from hipkit.api.limits import Limit, Limits
from hipkit.api.operation import RequestParts
from hipkit.client.retries import (
    backoff_seconds,
    can_be_read_again,
    is_worth_repeating,
    may_repeat_after,
    pace_seconds,
)
from hipkit.transports.protocol import (
    RawResponse,
    TransportError,
    TransportErrorKind,
)

NOW = 1_500_000_000.0


class Once(BytesIO):
    def seekable(self) -> bool:
        return False


ONCE = RequestParts("PUT", "/", (), RelatedBody(File(Once(b"once"), name="f"), None))
GET, POST = RequestParts("GET", "/"), RequestParts("POST", "/", (), b"{}")


def spent(seconds: float) -> Limit:
    return Limit(100, 0, datetime.fromtimestamp(NOW + seconds, UTC))


def test_a_body_that_can_be_read_once_is_recognised() -> None:
    assert can_be_read_again(GET)
    assert can_be_read_again(POST)
    assert can_be_read_again(RequestParts("PUT", "/", (), RelatedBody(b"", None)))
    assert not can_be_read_again(ONCE)


@pytest.mark.parametrize(
    ("kind", "arrived", "parts", "expected"),
    [
        ("connect", False, POST, True),
        ("connect", False, ONCE, True),
        ("broken", False, POST, True),
        ("broken", True, POST, False),
        ("timeout", True, POST, False),
        ("timeout", True, GET, True),
        ("broken", False, ONCE, False),
        ("too_large", True, GET, False),
        ("settings", False, GET, False),
        ("untrusted", False, GET, False),
        ("certificate", False, GET, False),
        ("no_tls", False, GET, False),
    ],
)
def test_a_failed_request_is_repeated_only_if_it_had_no_effect_or_may_have_it_twice(
    kind: TransportErrorKind, arrived: bool, parts: RequestParts, expected: bool
) -> None:
    failure = TransportError(kind, "no", may_have_arrived=arrived)
    assert may_repeat_after(failure, parts) is expected


@pytest.mark.parametrize(
    ("status", "headers", "parts", "expected"),
    [
        (429, {}, POST, True),
        (429, {}, ONCE, False),
        (503, {"retry-after": "1"}, POST, True),
        (503, {}, POST, False),
        (503, {}, GET, True),
        (502, {}, GET, True),
        (504, {}, POST, False),
        (500, {}, GET, False),
        (401, {}, GET, False),
        (200, {}, GET, False),
    ],
)
def test_a_response_is_worth_another_attempt_only_if_the_call_had_no_effect(
    status: int, headers: dict[str, str], parts: RequestParts, expected: bool
) -> None:
    assert is_worth_repeating(RawResponse(status, headers), parts) is expected


def test_waits_double_up_to_a_bound_and_chance_shortens_them() -> None:
    assert [backoff_seconds(attempt, 1.0) for attempt in range(8)] == [
        *(0.5, 1, 2, 4, 8, 16),
        *(20, 20),
    ]
    assert backoff_seconds(2, 0.25) == 0.5


def test_a_call_waits_for_the_end_of_the_window_that_ends_last() -> None:
    both = Limits(rate=spent(3), flood=spent(5))
    assert pace_seconds(both, "POST", NOW) == 5
    assert pace_seconds(both, "GET", NOW) == 3
    assert pace_seconds(Limits(rate=spent(-3)), "GET", NOW) == 0
    assert pace_seconds(Limits(rate=spent(9_999)), "GET", NOW) == 3600
    assert pace_seconds(Limits(rate=Limit(100, 0, None)), "GET", NOW) == 0
    assert pace_seconds(Limits(rate=Limit(100, 1, spent(3).reset_at)), "GET", NOW) == 0
    assert pace_seconds(Limits(), "POST", NOW) == 0
