"""What statuses, waits and bodies of answers mean."""

from __future__ import annotations

import pytest

from hipkit.relay.targets.answers import read_object, read_status, read_wait
from hipkit.relay.targets.protocol import Reply, Verdict

DATE = "Mon, 30 Nov 2026 10:00:00 GMT"
TEN_SECONDS_LATER = "Mon, 30 Nov 2026 10:00:10 GMT"


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((200, 201, 202, 204), "delivered"),
        ((400, 413, 422), "content"),
        ((301, 302, 401, 403, 404, 405, 410), "route"),
        ((408, 425, 429, 500, 502, 503, 504, 599), "later"),
    ],
)
def test_a_status_says_whether_message_route_or_time_is_to_blame(
    statuses: tuple[int, ...], verdict: Verdict
) -> None:
    assert {read_status(Reply(status=status)).verdict for status in statuses} == {
        verdict
    }


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "86400"}, 86400),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": TEN_SECONDS_LATER, "date": DATE}, 10),
        ({"retry-after": DATE, "date": TEN_SECONDS_LATER}, 0),
        ({"retry-after": TEN_SECONDS_LATER}, None),
        ({"retry-after": "soon", "date": DATE}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "3", "date": "yesterday"}, 3),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert read_wait(Reply(status=429, headers=headers)) == seconds


def test_a_wait_counts_only_where_it_is_worth_waiting() -> None:
    headers = {"retry-after": "3"}

    assert read_status(Reply(status=503, headers=headers)).wait_seconds == 3
    assert read_status(Reply(status=400, headers=headers)).wait_seconds is None


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("M_FORBIDDEN", "the target answered 403, M_FORBIDDEN"),
        (None, "the target answered 403"),
        ("no access for https://secret", "the target answered 403"),
        ("one\nline", "the target answered 403"),
        ("x" * 61, "the target answered 403"),
        (17, "the target answered 403"),
    ],
)
def test_a_problem_repeats_one_word_of_the_target_and_no_sentence(
    code: object, problem: str
) -> None:
    assert read_status(Reply(status=403), code=code).problem == problem


@pytest.mark.parametrize(
    "body",
    [b"", b"ok", b"[1]", b"<html>", b"\xff", b"[" * 5000, b'{"a": "' + b"x" * 70_000],
)
def test_a_body_that_is_no_object_is_an_empty_one(body: bytes) -> None:
    assert read_object(Reply(status=200, body=body)) == {}


def test_an_object_is_read() -> None:
    assert read_object(Reply(status=200, body=b'{"event_id": "$1"}')) == {
        "event_id": "$1"
    }


@pytest.mark.parametrize(
    ("stated", "per_second", "seconds"),
    [
        (3, 1, 3.0),
        (1.5, 1, 2.0),
        (2500, 1000, 2.5),
        (None, 1, 2.0),
        ("9", 1, 2.0),
        (-9, 1, 2.0),
        (10**9, 1, 2.0),
        (10**400, 1000, 2.0),
        (float("inf"), 1, 2.0),
        (float("nan"), 1, 2.0),
    ],
)
def test_the_longer_of_two_waits_counts_unless_it_is_absurd(
    stated: object, per_second: int, seconds: float
) -> None:
    reply = Reply(status=429, headers={"retry-after": "2"})
    assert read_wait(reply, stated, per_second=per_second) == seconds


def test_a_date_in_thousands_of_years_asks_for_nothing() -> None:
    headers = {
        "date": "Mon, 30 Nov 2026 22:35:23 GMT",
        "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT",
    }
    assert read_wait(Reply(status=429, headers=headers)) is None
