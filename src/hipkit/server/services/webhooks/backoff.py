"""What becomes of a webhook's route after each try: on, later, or rarely (pure).

Only the first event that waits is tried; those behind it wait for their turn, so that a
receiver gets what happened in the order in which it happened.
"""

from __future__ import annotations

from typing import Literal

from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.stores.webhook_routes import RouteState
from hipkit.server.storage.stores.webhooks import WebhookRecord

__all__ = [
    "FIRST_WAIT_SECONDS",
    "LONGEST_ASKED_WAIT_SECONDS",
    "LONGEST_PROBE_SECONDS",
    "LONGEST_WAIT_SECONDS",
    "PAUSE_AFTER_SECONDS",
    "PROBE_SECONDS",
    "Verdict",
    "judge",
    "next_state",
    "wait_seconds",
]

Verdict = Literal["delivered", "refused", "waiting", "skipped"]
"""Done; done, as the receiver does not want it; to be tried again; not sent at all."""


FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 15 * 60.0
LONGEST_ASKED_WAIT_SECONDS = 60 * 60.0
"""A receiver that wants to be left alone for longer is tried after this all the same."""

PAUSE_AFTER_SECONDS = 24 * 60 * 60
PROBE_SECONDS = 12 * 60 * 60.0
SPREAD = 0.25
"""By which part a wait is shorter or longer: what failed together does not come together."""
LONGEST_PROBE_SECONDS = PROBE_SECONDS * (1 + SPREAD)
MOST_SLOW_PATTERNS = 5
"""Texts in a row that a pattern takes too long for, before its webhook is paused."""

MAY_PASS = frozenset({408, 425, 429})


def judge(status: int | None) -> Verdict:
    """Say what an answer means; `None` is none."""
    if status is not None and 200 <= status < 300:
        return "delivered"
    if status is None or status >= 500 or status in MAY_PASS:
        return "waiting"
    return "refused"


def wait_seconds(
    tries: int, chance: float, asked_seconds: float | None = None
) -> float:
    """Return how long to wait after so many tries, at least 1.

    `chance`, 0 to 1, spreads what failed together over half of the wait; `asked_seconds` is
    what the receiver asked for.
    """
    doubled = FIRST_WAIT_SECONDS * 2.0 ** min(tries - 1, 30)
    wait = _spread(min(doubled, LONGEST_WAIT_SECONDS), chance)
    asked = min(asked_seconds or 0.0, LONGEST_ASKED_WAIT_SECONDS)
    return max(wait, asked)


def next_state(
    webhook: WebhookRecord,
    event_id: int,
    verdict: Verdict,
    *,
    now_us: int,
    chance: float,
    problem: str | None = None,
    asked_seconds: float | None = None,
    is_slow: bool = False,
) -> RouteState:
    """Return the state of a route after its first waiting event was dealt with.

    `is_slow` says that it was skipped because its pattern took too long.
    """
    if verdict == "delivered":
        # There may be something to tell all the same: an answer that was not posted.
        return RouteState(position=event_id, problem=problem)
    since_us = webhook.failing_since_us
    since_us = now_us if since_us is None else since_us
    goes_on = verdict != "waiting"
    tries = webhook.tries + 1 if is_slow or not goes_on else 0
    is_paused = (
        webhook.paused_us is not None
        or now_us - since_us >= PAUSE_AFTER_SECONDS * SECOND_US
        or (is_slow and tries >= MOST_SLOW_PATTERNS)
    )
    wait: float | None = None if goes_on else wait_seconds(tries, chance, asked_seconds)
    if is_paused:
        wait = _spread(PROBE_SECONDS, chance)
    return RouteState(
        position=event_id if goes_on else webhook.position,
        tries=tries,
        failing_since_us=since_us,
        next_try_us=None if wait is None else now_us + int(wait * SECOND_US),
        paused_us=(webhook.paused_us or now_us) if is_paused else None,
        problem=problem,
    )


def _spread(seconds: float, chance: float) -> float:
    return seconds * (1 - SPREAD + 2 * SPREAD * chance)
