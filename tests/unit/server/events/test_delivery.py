"""The verdict of an outcome."""

from __future__ import annotations

from hipkit.server.events.delivery import Outcome


def test_the_verdict_follows_from_the_status_unless_it_is_given() -> None:
    assert Outcome(status=204).verdict == "delivered"
    assert Outcome().verdict == "waiting"
    assert Outcome(status=204, verdict_is="refused").verdict == "refused"


def test_bodies_and_answers_are_left_out_of_the_representation() -> None:
    outcome = Outcome(status=200, body=b"secret", answer="secret")

    assert "secret" not in repr(outcome)
