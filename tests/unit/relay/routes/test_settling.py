from __future__ import annotations

from typing import ClassVar

import pytest

from hipkit.relay.routes.posting import Posted
from hipkit.relay.routes.settling import outcome_of
from hipkit.relay.targets.protocol import Answer, Reply
from tests.unit.relay.fake_target import FakeTarget
from tests.unit.relay.routes.relaying import Relay, route

LATER = Posted(answer=Answer(verdict="later", problem="busy", wait_seconds=3))


class Blind(FakeTarget):
    most_tries: ClassVar[int | None] = 3
    pace_seconds: ClassVar[float] = 1.5


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("delivered", "delivered"),
        ("content", "refused"),
        ("route", "misconfigured"),
        ("later", "waiting"),
    ],
)
def test_answers_are_verdicts_of_the_event_log(verdict: str, expected: str) -> None:
    answer = Answer(verdict=verdict, problem="why", reference="there")  # type: ignore[arg-type]  # one of its four
    outcome = outcome_of(route(), Posted(answer=answer, status=202), tries=1)
    assert outcome.verdict == expected
    assert (outcome.status, outcome.problem) == (202, "why")
    assert outcome.reference == "there"


def test_wait_and_pace_are_the_targets() -> None:
    outcome = outcome_of(route(target=Blind()), LATER, tries=1)
    assert (outcome.asked_seconds, outcome.pause_seconds) == (3, 1.5)


@pytest.mark.parametrize(
    ("target", "tries", "expected"),
    [
        (Blind(), 2, "waiting"),
        (Blind(), 3, "set_aside"),
        (FakeTarget(), 3, "waiting"),
    ],
)
def test_a_message_is_set_aside_after_the_tries_that_its_target_allows(
    target: FakeTarget, tries: int, expected: str
) -> None:
    assert outcome_of(route(target=target), LATER, tries=tries).verdict == expected


@pytest.mark.parametrize("length", [500, 501])
def test_references_beyond_a_bound_are_not_kept(relay: Relay, length: int) -> None:
    relay.chat.answer = lambda call: Reply(status=200, body=b"x" * length)
    (sent,) = relay.post(1)
    relay.deliver()
    stores, key = relay.site.server.database.stores, relay.routes[0].key(sent)
    kept = relay.run(stores.routes.references(relay.record().id, [key]))
    assert bool(kept) == (length == 500)


def test_last_answer_is_kept_with_the_route(relay: Relay) -> None:
    relay.chat.answer = lambda call: Reply(status=503)
    relay.post(1)
    relay.deliver()
    record = relay.record()
    assert record.last_status == 503
    assert record.last_problem == "the target answered 503"
    assert record.last_us is not None
