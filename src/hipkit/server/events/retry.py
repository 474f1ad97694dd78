"""Back-off, pause and what is set aside: when a subscription is tried next (pure).

Only the first waiting event is tried, and those behind it wait, so that an endpoint gets the
events in the order in which they happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionState,
)
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = [
    "ROUTE_RETRIES",
    "WEBHOOK_RETRIES",
    "RetryPolicy",
    "Verdict",
    "final_verdict",
    "judge",
    "next_state",
]

Verdict = Literal[
    "delivered", "refused", "skipped", "set_aside", "waiting", "misconfigured"
]
"""Accepted; rejected for good; never sent; set aside after many tries; to be tried again; to be
tried again once the endpoint or its token is another one, such as one that is gone. The last two
are not final."""

MOST_SLOW_EVENTS = 5
"""Events in a row that it takes too long to choose, before the subscription is paused."""

TEMPORARY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When subscriptions of a kind are tried again, in seconds."""

    waits: tuple[float, ...]
    """After the first failed try, after the second, and so on; the last one repeats."""
    spread: float
    """The fraction by which waits vary, so that what failed together is not retried together."""
    longest_asked: float
    """The longest wait that an endpoint can ask for with `Retry-After`."""
    pauses_if_asked_for_longer: bool = False
    """Whether a subscription whose endpoint asks for a longer wait is paused."""
    pause_after: float | None = None
    """How long a subscription fails before it is paused, that is tried rarely; `None` for ever."""
    probe: float
    """The wait between two tries of a paused subscription."""
    most_misconfigured: int | None = None
    """Tries after which a misconfigured endpoint pauses its subscription at once."""
    set_aside_after: float | None = None
    """How long an event is tried before it is set aside and the next goes on. As long as its
    subscription is paused no event is: that is the endpoint's fault, and not the event's."""
    refusals_are_failures: bool = True
    """Whether an endpoint that refuses events counts as failing. Otherwise it counts as working,
    and after an event that is skipped the next is tried at once even if it is paused."""

    @property
    def longest_wait(self) -> float:
        """The longest wait of a subscription that is not paused."""
        return max(self.longest_asked, max(self.waits) * (1 + self.spread))

    @property
    def longest_paused_wait(self) -> float:
        """The longest wait of a subscription that is paused."""
        return max(self.longest_asked, self.probe * (1 + self.spread))

    def wait(
        self,
        tries: int,
        chance: float,
        asked: float | None = None,
        *,
        is_paused: bool = False,
    ) -> float:
        """Return how long to wait after a number of failed tries, from 1 on.

        `chance`, 0 to 1, spreads simultaneous failures over a part of the wait; `asked` is what
        the endpoint asked for.
        """
        wait = self.waits[min(tries, len(self.waits)) - 1]
        spread = self.spread * (2 * chance - 1)
        wait = (self.probe if is_paused else wait) * (1 + spread)
        return max(wait, min(asked or 0.0, self.longest_asked))


WEBHOOK_RETRIES = RetryPolicy(
    waits=(5, 10, 20, 40, 80, 160, 320, 640, 15 * 60),
    spread=0.25,
    longest_asked=60 * 60,
    pause_after=24 * 60 * 60,
    probe=12 * 60 * 60,
)
ROUTE_RETRIES = RetryPolicy(
    waits=(1, 5, 30, 2 * 60, 10 * 60, 60 * 60),
    spread=0.2,
    longest_asked=24 * 60 * 60,
    pauses_if_asked_for_longer=True,
    probe=60 * 60,
    most_misconfigured=3,
    set_aside_after=24 * 60 * 60,
    refusals_are_failures=False,
)


def judge(status: int | None) -> Verdict:
    """Return what a response's status means; `None` is no response."""
    if status is not None and 200 <= status < 300:
        return "delivered"
    if status is None or status >= 500 or status in TEMPORARY:
        return "waiting"
    return "refused"


def final_verdict(
    policy: RetryPolicy,
    subscription: SubscriptionRecord,
    verdict: Verdict,
    *,
    now_us: int,
) -> Verdict:
    """Return a verdict, or `set_aside` where the event has been tried for long enough."""
    since_us, longest = subscription.failing_since_us, policy.set_aside_after
    if verdict != "waiting" or longest is None or since_us is None:
        return verdict
    is_endpoints_fault = subscription.paused_us is not None
    is_long = now_us - since_us >= longest * SECOND_US
    return "set_aside" if is_long and not is_endpoints_fault else verdict


def next_state(
    policy: RetryPolicy,
    subscription: SubscriptionRecord,
    event_id: int,
    verdict: Verdict,
    *,
    now_us: int,
    chance: float,
    problem: str | None = None,
    asked_seconds: float | None = None,
    pause_seconds: float = 0,
    is_slow: bool = False,
) -> SubscriptionState:
    """Return the state of a subscription after its first waiting event was tried.

    Args:
        policy: Its kind's.
        subscription: How it was before.
        event_id: The last event that the try was for.
        verdict: What became of it.
        now_us: The time.
        chance: From 0 to 1, to spread waits.
        problem: What went wrong.
        asked_seconds: How long the endpoint asked to wait.
        pause_seconds: The least time until the next event, where this one is done with.
        is_slow: Whether the event was skipped because choosing it took too long.
    """
    if _is_working(policy, verdict):
        # A delivered event may have a problem all the same: an answer that was not posted.
        pause_us = int(pause_seconds * SECOND_US)
        next_try_us = now_us + pause_us if pause_us > 0 else None
        return SubscriptionState(
            position=event_id, next_try_us=next_try_us, problem=problem
        )
    since_us = subscription.failing_since_us
    since_us = now_us if since_us is None else since_us
    goes_on = verdict == "skipped" or verdict == "refused"
    tries = subscription.tries + 1 if is_slow or not goes_on else 0
    asked = 0 if goes_on else asked_seconds or 0
    is_asked_for_longer = (
        policy.pauses_if_asked_for_longer and asked > policy.longest_asked
    )
    if is_asked_for_longer:
        problem = f"{problem or ''}; to wait for {asked / 3600:.0f} hours".lstrip("; ")
    is_paused = (
        subscription.paused_us is not None
        or is_asked_for_longer
        or _pauses(policy, verdict, tries, now_us - since_us, is_slow=is_slow)
    )
    wait: float | None = policy.wait(max(tries, 1), chance, asked, is_paused=is_paused)
    if goes_on and not (is_paused and (is_slow or policy.refusals_are_failures)):
        wait = None
    return SubscriptionState(
        position=event_id if goes_on else subscription.position,
        tries=tries,
        failing_since_us=since_us,
        next_try_us=None if wait is None else now_us + int(wait * SECOND_US),
        paused_us=(subscription.paused_us or now_us) if is_paused else None,
        problem=problem,
    )


def _pauses(
    policy: RetryPolicy, verdict: Verdict, tries: int, failing_us: int, *, is_slow: bool
) -> bool:
    if is_slow and tries >= MOST_SLOW_EVENTS:
        return True
    if policy.pause_after is not None and failing_us >= policy.pause_after * SECOND_US:
        return True
    most = policy.most_misconfigured
    return verdict == "misconfigured" and most is not None and tries >= most


def _is_working(policy: RetryPolicy, verdict: Verdict) -> bool:
    """Return whether an endpoint counts as working after a verdict.

    So it does after an event that is set aside: the next one is tried for as long.
    """
    if verdict == "refused":
        return not policy.refusals_are_failures
    return verdict in {"delivered", "set_aside"}
